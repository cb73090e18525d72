/** The plugin broke the rule of a case. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** A case that cannot be judged here; `message` says why. */
export class Skip extends Error {
  override readonly name = "Skip";
}
