/* What is to come: pace against need, the forecast in one sentence, the days left, and who needs help today. */

import { href, state } from './address.js';
import { call } from './api.js';
import { at, make, say } from './dom.js';
import { count, date } from './format.js';
import { model } from './model.js';
import { step } from './scale.js';
import { words } from './text.js';

const REFRESH_MS = 15000;
const HELP_MAX = 8;
const MINUTE_MS = 60000;
const HOUR_MS = 3600000;
const DAY_MS = 24 * HOUR_MS;

const whole = (value) => BigInt(value ?? 0);
const number = (value) => count(value, state.lang);

/* "856.21" as whole people, half up as in the sentence. */
const rounded = (text) => {
  const [units, fraction = ''] = (text || '0').split('.');
  return BigInt(units) + (fraction >= '5' ? 1n : 0n);
};

export const forecast = {
  root: at('ahead'),
  everyMs: REFRESH_MS,
  load: (signal) => call('Analytics/GetForecast', { unitCode: state.unit, withChildren: true }, signal),
  draw,
};

function draw(json) {
  drawForecast(json);
  drawHelp(json);
}

function drawForecast(json) {
  const { unit } = json;
  at('forecast').hidden = whole(unit.plan) === 0n;
  const needed = rounded(unit.neededPerDay);
  const pace = rounded(unit.pacePerDay);
  say('needed', number(needed));
  say('pace', number(pace));
  at('needed-box').hidden = !unit.neededPerDay;
  at('meter').hidden = !unit.neededPerDay;
  at('meter').style.setProperty('--done', needed > 0n ? Math.min(100, Number((pace * 100n) / needed)) : 100);
  at('verdict').dataset.reach = unit.reach ?? '';
  say('sentence', state.lang === 'vi' ? unit.sentenceVi : unit.sentence);
  untilMs = Date.parse(`${json.until}T23:59:59+07:00`);
  say('until', words().until(date(json.until, state.lang)));
  countDown();
}

let untilMs = 0;

/* Days while there are many of them, then hours and minutes. */
export function countDown() {
  const leftMs = Math.max(untilMs - Date.now(), 0);
  if (leftMs >= 2 * DAY_MS) say('left', words().days_left(number(Math.floor(leftMs / DAY_MS))));
  else say('left', words().hours_left(Math.floor(leftMs / HOUR_MS), Math.floor((leftMs % HOUR_MS) / MINUTE_MS)));
}

const shortfall = (unit) => whole(unit.plan) - whole(unit.projected);

function drawHelp(json) {
  const late = (json.children ?? []).filter((unit) => whole(unit.plan) > 0n && shortfall(unit) > 0n);
  at('help').hidden = !(json.children ?? []).some((unit) => whole(unit.plan) > 0n);
  say('help-all', late.length === 0 ? words().nobody_late : words().help_all(number(late.length)));
  const most = late.length > 0 ? shortfall(late[0]) : 1n;
  at('help-list').replaceChildren(...late.slice(0, HELP_MAX).map((unit) => helpRow(unit, most)));
}

function helpRow(unit, most) {
  const short = shortfall(unit);
  const percent = model.board.children.get(unit.unitCode)?.percent ?? '';
  const bar = make('i', { class: 'short', 'aria-hidden': 'true' });
  bar.style.setProperty('--share', Number((short * 1000n) / most) / 1000);
  const paces = words().help_pace(
    number(rounded(unit.neededPerDay)),
    number(rounded(unit.pacePerDay)),
  );
  return make(
    'li',
    {},
    make(
      'a',
      { href: href({ unit: unit.unitCode }), 'data-unit': unit.unitCode },
      make('span', { class: 'chip', 'data-step': step(percent) }, `${percent.split('.')[0]}%`),
      make('span', { class: 'who' }, unit.name),
      make('b', {}, `\u2212${number(short)}`),
      bar,
      make('small', {}, paces),
    ),
  );
}
