// Makes and changes elements. Text is always text: nothing that comes from a server is HTML.

type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | null | undefined>;

/** The element with this id; it is in index.html, so its absence is a fault of ours. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element #${id}`);
  return found as E;
}

/** Makes an element: `make("p", { class: "fine" }, "text", child)`. */
export function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/** Changes a text only if it is another one, so that a screen reader is left in peace. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export type State = "good" | "warn" | "bad" | "idle";

export function pill(element: HTMLElement, state: State, text: string): void {
  setAttribute(element, "data-state", state);
  setText(element, text);
}

/** Replaces what is inside only when `key` has changed since the last time. */
export function replace(element: HTMLElement, key: unknown, children: () => Child[]): void {
  const text = JSON.stringify(key);
  if (seen.get(element) === text) return;
  seen.set(element, text);
  element.replaceChildren(...children().filter((child): child is Node | string => !!child));
}

const seen = new WeakMap<Element, string>();
