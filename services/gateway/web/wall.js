/* On a wall: no controls, large type, and one part after the other beside the number. */

import { go, state } from './address.js';
import { at } from './dom.js';

const SCENE_MS = 12000;
const SCENES = ['map', 'help', 'series', 'boards', 'units'];

let timer = 0;
let now = -1;

function next() {
  const there = SCENES.filter((id) => !at(id).hidden && (id !== 'units' || at('boards').hidden));
  if (there.length === 0) return;
  now = (now + 1) % there.length;
  document.body.dataset.scene = there[now];
}

/* Called whenever the address or what there is to show changes. */
export function drawWall() {
  at('changed').disabled = state.wall !== '';
  if (!state.wall) {
    clearInterval(timer);
    timer = 0;
    delete document.documentElement.dataset.wall;
    delete document.body.dataset.scene;
    return;
  }
  document.documentElement.dataset.wall = state.wall;
  if (timer === 0) timer = setInterval(next, SCENE_MS);
  if (!document.body.dataset.scene && !at('board').hidden) next();
}

document.addEventListener('keydown', (event) => {
  if (!state.wall) return;
  if (event.key === 'Escape') go({ wall: '' });
  if (event.key === 'ArrowRight') next();
});
