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

/* Makes these the children of parent. What is there already and the same stays, so that the reader's focus and an open
 * list stay where they are; a changed one hands its focus on. */
export function settle(parent, children) {
  children.forEach((child, at) => {
    const old = parent.children[at];
    if (!old) parent.append(child);
    else if (!old.isEqualNode(child)) {
      const hadFocus = old.contains(document.activeElement);
      old.replaceWith(child);
      if (hadFocus) (child.matches('a') ? child : child.querySelector('a'))?.focus({ preventScroll: true });
    }
  });
  while (parent.children.length > children.length) parent.lastElementChild.remove();
}
