/* Gentle signs that a number has just changed. One at a time: in a busy hour they breathe, and do not flicker. */

const DURATION_MS = 1600;
const stillness = window.matchMedia('(prefers-reduced-motion: reduce)');

function play(element, steps) {
  if (stillness.matches || element.getAnimations().length > 0) return;
  element.animate(steps, { duration: DURATION_MS, easing: 'ease-out' });
}

export function flash(element) {
  play(element, [{ backgroundColor: 'var(--flash)' }, { backgroundColor: 'transparent' }]);
}

export function glow(element) {
  play(element, [{ color: 'var(--glow)' }, { color: 'var(--blue)' }]);
}
