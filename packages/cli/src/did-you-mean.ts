import { nearest } from "@outrigger/plugin";

/** `; did you mean x? choice`, or `; choice` where no candidate is near, or nothing where there is no choice either. */
export function didYouMean(word: string, candidates: readonly string[], choice = ""): string {
  const found = nearest(word, candidates);
  const parts = [found === undefined ? "" : `did you mean ${found}?`, choice].filter((part) => part !== "");
  return parts.length === 0 ? "" : `; ${parts.join(" ")}`;
}
