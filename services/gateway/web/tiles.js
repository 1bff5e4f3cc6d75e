/* Every unit below as a tile, coloured by its percent of plan: the provinces as a map, communes by name, each where it always is. */

import { href, state } from './address.js';
import { at, make, settle } from './dom.js';
import { count, named, percent, wholePercent } from './format.js';
import { COLUMNS, PLACES } from './provinces.js';
import { legend, step } from './scale.js';
import { countedLabel, target } from './target.js';
import { words } from './text.js';

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const ASIDE = 3; // a tile that far off the way costs as much as three ahead

const tiles = new Map();
const drawn = new Map(); // code → the unit that its tile shows
let shown = '';
let stamp = '';

const isMap = (children) => children.size > 0 && [...children.keys()].every((code) => PLACES.has(code));

function build(children) {
  const onMap = isMap(children);
  const order = [...children.values()];
  if (onMap) order.sort((a, b) => rank(a) - rank(b));
  else order.sort((a, b) => a.name.localeCompare(b.name, 'vi'));
  tiles.clear();
  for (const { code } of order) {
    const tile = make('a', { class: 'tile', tabindex: '-1' }, make('b'), make('span'));
    if (onMap) {
      const [column, row] = PLACES.get(code);
      tile.style.gridColumn = column;
      tile.style.gridRow = row;
    }
    tiles.set(code, tile);
  }
  at('tiles').classList.toggle('map', onMap);
  at('tiles').style.setProperty('--columns', COLUMNS);
  at('tiles').replaceChildren(...tiles.values());
  at('tiles').firstElementChild?.setAttribute('tabindex', '0');
}

function rank({ code }) {
  const [column, row] = PLACES.get(code);
  return row * COLUMNS + column;
}

export function drawTiles(children, title) {
  at('map').hidden = children.size === 0;
  const key = [...children.keys()].join();
  if (key !== shown) build(children);
  at('map-title').textContent = title;
  if (href({}) !== stamp || key !== shown) drawn.clear();
  stamp = href({});
  shown = key;
  settle(at('legend'), [legend(words().legend)]);
  for (const [code, unit] of children) {
    if (drawn.get(code) === unit) continue;
    drawn.set(code, unit);
    const tile = tiles.get(code);
    const [number, name] = tile.children;
    tile.href = href({ unit: code });
    tile.dataset.step = step(unit.percent);
    const called = named(unit, state.lang);
    number.textContent = wholePercent(unit.percent, state.lang);
    name.textContent = called;
    const label = words().tile(called, percent(unit.percent, state.lang), count(unit.participants, state.lang), target() ? countedLabel() : undefined);
    tile.setAttribute('aria-label', label);
    tile.title = label;
  }
}

/* One stop of the Tab key for all tiles; the arrows lead to the next one in their direction. */
function move(event) {
  const direction = STEPS[event.key];
  const from = event.target.closest('.tile');
  if (!direction || !from) return;
  const start = from.getBoundingClientRect();
  let best = null;
  let least = Infinity;
  for (const tile of tiles.values()) {
    const box = tile.getBoundingClientRect();
    const [dx, dy] = [box.left - start.left, box.top - start.top];
    const ahead = dx * direction[0] + dy * direction[1];
    const cost = ahead + ASIDE * Math.abs(dx * direction[1] + dy * direction[0]);
    if (ahead > 1 && cost < least) [best, least] = [tile, cost];
  }
  event.preventDefault();
  if (!best) return;
  from.setAttribute('tabindex', '-1');
  best.setAttribute('tabindex', '0');
  best.focus();
}

at('tiles').addEventListener('keydown', move);
