// Just enough to build a page: elements made from values, never from text that is read as HTML.

type Child = Node | string | null | false;
type Attributes = Record<string, string | number | boolean | null | undefined | EventListener>;

/** An element. A function is a listener of that event, `true` an attribute without a value; null is left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (typeof value === 'boolean') element.toggleAttribute(name, value);
    else if (value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== false));
  return element;
}

/** The element of index.html with this id. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  return document.getElementById(id) as E;
}

/** Shows a step in place of the one before it. The focus moves to its heading, so that it is read out. */
export function showStep(title: string, ...children: Child[]): void {
  const heading = h('h1', { tabindex: -1 }, title);
  byId('step').replaceChildren(heading, ...children.filter((child) => child !== null && child !== false));
  document.title = title;
  heading.focus({ preventScroll: true });
  window.scrollTo({ top: 0 });
}

/** Says something to those who cannot see that it has changed. */
export function say(text: string): void {
  byId('said').textContent = text;
}

/** A list of names and values; those without a value are left out. */
export function facts(...rows: [name: string, value: Child][]): HTMLElement {
  const shown = rows.filter(([, value]) => value !== null && value !== false && value !== '');
  return h('dl', { class: 'facts' }, ...shown.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

/** Something went wrong: read out at once. */
export function alertBox(...children: Child[]): HTMLElement {
  return h('div', { class: 'alert', role: 'alert', tabindex: -1 }, ...children);
}
