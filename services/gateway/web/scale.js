/* The one scale of the page: percent of plan in nine steps, orange to blue, told apart by every kind of colour sight. */

import { make } from './dom.js';

const BOUNDS = [30, 40, 50, 60, 70, 80, 90, 100];

/* "0" to "8"; "none" without a plan. */
export function step(percent) {
  if (!percent) return 'none';
  const value = Number(percent);
  return String(BOUNDS.filter((bound) => value >= bound).length);
}

export function legend(label) {
  const steps = [0, ...BOUNDS].map((from, at) => make('li', { 'data-step': at }, at === 0 ? `< ${BOUNDS[0]}` : `${from}`));
  return make('ol', { class: 'legend', 'aria-label': label }, ...steps);
}
