// Elements. Text is only ever set as text, so that markup from the wire stays text.

/**
 * An element with attributes and children; a child that is a string becomes text.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Readonly<Record<string, string | number | boolean | undefined>>} [attributes] false and undefined leave one out
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/**
 * A button that does something.
 *
 * @param {string} label
 * @param {() => void} act
 * @param {Readonly<Record<string, string | number | boolean | undefined>>} [attributes]
 */
export function button(label, act, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, label);
  made.addEventListener("click", (event) => {
    event.stopPropagation();
    act();
  });
  return made;
}

/**
 * An element of index.html.
 *
 * @template {Element} E
 * @param {string} id
 * @param {{ new (): E, readonly name: string }} kind
 * @returns {E}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} "${id}"`);
  return found;
}

/**
 * Sets text where it is another; assistive technology is not told of what did not change.
 *
 * @param {Element} place
 * @param {string} text
 */
export function setText(place, text) {
  if (place.textContent !== text) place.textContent = text;
}
