/* The board as it was: any second of the last 35 days. */

import { go, state } from './address.js';
import { at, say } from './dom.js';
import { words } from './text.js';

export const DAYS_BACK = 35;
const OFFSET_MS = 7 * 3600 * 1000; // +07:00 all year
const DAY_MS = 24 * 3600 * 1000;

/* "2026-11-21T17:30:00", the wall clock of Viet Nam, as the input field has it. */
const local = (ms) => new Date(ms + OFFSET_MS).toISOString().slice(0, 19);

function open() {
  const now = Date.now();
  at('moment').min = local(now - DAYS_BACK * DAY_MS);
  at('moment').max = local(now);
  at('moment').value = state.at || local(now);
  at('picker').showModal();
}

function choose(event) {
  event.preventDefault();
  const { value } = at('moment');
  if (!value || !at('moment').checkValidity()) {
    say('picker-note', words().pick_range(DAYS_BACK));
    return;
  }
  at('picker').close();
  go({ at: value.length === 16 ? `${value}:00` : value });
}

export function beginPicker() {
  at('changed').addEventListener('click', open);
  at('picker-form').addEventListener('submit', choose);
  at('picker-live').addEventListener('click', () => {
    at('picker').close();
    if (state.at) go({ at: '' });
  });
  at('picker-close').addEventListener('click', () => at('picker').close());
}
