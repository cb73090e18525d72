import { button } from "./dom.js";

/**
 * A button that copies a command, and says that it did; one that says why there is none.
 *
 * @param {string} label
 * @param {{ command: string } | { reason: string }} what
 */
export function copyButton(label, what) {
  if ("reason" in what) {
    const made = button(label, () => {}, { disabled: true, title: what.reason });
    made.setAttribute("aria-label", `${label}: not possible, ${what.reason}`);
    return made;
  }
  const made = button(label, () => void copy(), { "data-command": what.command });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(what.command);
      made.textContent = "Copied";
    } catch {
      made.textContent = "Not allowed to copy";
    }
    setTimeout(() => (made.textContent = label), 1500);
  };
  return made;
}
