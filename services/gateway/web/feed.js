/* The last that happened, by unit and time: told by the live frames, so nobody's name is in it. */

import { href, state } from './address.js';
import { at, make, settle } from './dom.js';
import { clock, count, named } from './format.js';
import { words } from './text.js';

const LINES_MAX = 6;
const TOGETHER_MS = 4000; // what one unit does within this long is one line

let lines = [];

/* Another unit is in view. */
export function clearFeed() {
  lines = [];
  drawFeed();
}

/* before and after: a unit's values around a frame of that time. */
export function tellFeed(before, after, atMs) {
  const paid = after.participants - before.participants;
  const declared = after.declared - before.declared;
  if (paid === 0n && declared === 0n) return;
  const same = lines.find(({ unit, ms }) => unit.code === after.code && atMs - ms < TOGETHER_MS);
  if (same) {
    same.paid += paid;
    same.declared += declared;
    return;
  }
  lines.unshift({ unit: after, paid, declared, ms: atMs });
  lines.length = Math.min(lines.length, LINES_MAX);
}

export function drawFeed() {
  at('feed').hidden = lines.length === 0;
  settle(
    at('feed-list'),
    lines.map(({ unit, paid, declared, ms }) => {
      const parts = [];
      if (paid !== 0n) parts.push(words().feed_paid(signed(paid)));
      if (declared !== 0n) parts.push(words().feed_declared(signed(declared)));
      return make(
        'li',
        {},
        make('time', {}, clock(ms)),
        make('a', { href: href({ unit: unit.code }) }, named(unit, state.lang)),
        make('span', {}, parts.join(', ')),
      );
    }),
  );
}

const signed = (value) => `${value > 0n ? '+' : ''}${count(value, state.lang)}`;
