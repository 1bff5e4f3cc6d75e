/* On a wall: no controls, large type, and one part after the other beside the number. */

import { go, state } from './address.js';
import { at } from './dom.js';

const SCENE_MS = 12000;
const SCENES = ['help', 'map', 'series', 'boards', 'units', 'flow'];
const TILES = 40; // of communes: more cannot be read from afar

const STILL = matchMedia('(prefers-reduced-motion: reduce)');

let timer = 0;
let isPaused = STILL.matches; // until somebody wants it to turn
let now = ''; // "map.0": the part that is shown, and its page

/* What there is to be shown: "help.0", and a map of many communes by page, "map.0", "map.1". */
function scenes() {
  const isEmpty = (id) => at(id).hidden || (id === 'help' && at('help-list').children.length === 0) || (id === 'units' && !at('boards').hidden);
  const there = SCENES.filter((id) => !isEmpty(id));
  return there.flatMap((id) => Array.from({ length: id === 'map' ? mapPages() : 1 }, (_, page) => `${id}.${page}`));
}

const isCut = () => !at('tiles').classList.contains('map') && at('tiles').children.length > TILES;
const mapPages = () => (isCut() ? Math.ceil(at('tiles').children.length / TILES) : 1);

function turnTiles(page) {
  const isOff = (index) => isCut() && Math.floor(index / TILES) !== page;
  [...at('tiles').children].forEach((tile, index) => tile.classList.toggle('off', isOff(index)));
}

function next() {
  const there = scenes();
  if (there.length === 0) return;
  now = there[(there.indexOf(now) + 1) % there.length];
  const [id, page] = now.split('.');
  if (id === 'map') turnTiles(Number(page));
  document.body.dataset.scene = id;
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
  if (timer === 0) timer = setInterval(() => isPaused || next(), SCENE_MS);
  if (!document.body.dataset.scene && !at('board').hidden) next();
}

document.addEventListener('keydown', (event) => {
  if (!state.wall) return;
  if (event.key === 'Escape') go({ wall: '' });
  if (event.key === 'ArrowRight') next();
  if (event.key === ' ') {
    event.preventDefault();
    isPaused = !isPaused;
  }
});
