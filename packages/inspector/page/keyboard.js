// Keys. One that is a letter acts only where it could not be meant as text.

/**
 * Listens for keys.
 *
 * @param {object} on
 * @param {Readonly<Record<string, () => void>>} on.anywhere keys that act wherever one does not type
 * @param {Readonly<Record<string, () => void>>} on.amongCalls keys that act while the calls have the keyboard, or nothing has
 * @param {() => void} on.escape acts anywhere
 * @param {Element} on.calls
 */
export function listenForKeys({ anywhere, amongCalls, escape, calls }) {
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (!(target instanceof Element) || target.closest("dialog") !== null) return;
    if (key === "Escape") {
      // A search field would be emptied, and the filter be gone.
      event.preventDefault();
      return escape();
    }
    const types = target.matches("input, select, textarea");
    const free = target === document.body || calls.contains(target);
    const act = types
      ? undefined
      : (anywhere[key] ?? (free && !target.matches("button") ? amongCalls[key] : undefined));
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
}
