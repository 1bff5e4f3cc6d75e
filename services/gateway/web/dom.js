/* Small things that every part of the page does to its elements. */

export const at = (id) => document.getElementById(id);

export function say(id, text) {
  if (at(id).textContent !== text) at(id).textContent = text;
}

/* make('a', { class: 'tile', href: '?…' }, 'text', child): attributes by name; null and false leave one out. */
export function make(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function makeSvg(name, attributes = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes))
    if (value !== null && value !== false) element.setAttribute(name, value === true ? '' : value);
  element.append(...children.filter((child) => child !== null && child !== false));
  return element;
}
