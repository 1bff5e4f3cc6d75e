/* The part of the page that a link leads to: what its address chose something in, or names behind '#'. */

import { at } from './dom.js';

const PARTS = {
  boards: ['by', 'order', 'tier', 'span', 'rows'],
  units: ['q', 'sort'],
  sessions: ['touch'],
  help: ['help'],
  series: ['chart'],
};
// Parts above it come and push it down: so long it is held where it belongs, unless the reader moves the page.
const SETTLE_MS = 5000;
const MOVES = ['wheel', 'touchstart', 'keydown', 'pointerdown'];

let wanted = '';

function partOf({ hash, search }) {
  const named = hash.slice(1);
  if (named) return at(named) ? named : '';
  const query = new URLSearchParams(search);
  return Object.keys(PARTS).find((part) => PARTS[part].some((name) => query.has(name))) ?? '';
}

function end() {
  wanted = '';
}

/* Called once; a page that is loaded again or gone back to stands where it stood. */
export function beginPart() {
  const [navigation] = performance.getEntriesByType('navigation');
  if (navigation?.type !== 'navigate') return;
  wanted = partOf(window.location);
  for (const move of MOVES) window.addEventListener(move, end, { once: true, passive: true });
  setTimeout(end, SETTLE_MS);
}

/* Called whenever something new was drawn. */
export function holdPart() {
  const element = wanted && at(wanted);
  if (element && element.getClientRects().length > 0) element.scrollIntoView();
}

/* The id of the part at the top of the window; empty: the page's beginning. */
export function partInSight() {
  const parts = [...document.querySelectorAll('section[id]')].filter((element) => element.getClientRects().length > 0);
  const top = parts.filter((element) => element.getBoundingClientRect().top < window.innerHeight / 3).at(-1);
  return window.scrollY > 0 && top ? top.id : '';
}
