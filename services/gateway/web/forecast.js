/* What is to come: pace against need, the forecast in one sentence, the days left, and who needs help today. */

import { href, state } from './address.js';
import { Absent, call } from './api.js';
import { at, make, say, settle } from './dom.js';
import { businessDay, count, date, named, pace, wholePercent } from './format.js';
import { model } from './model.js';
import { step } from './scale.js';
import { who } from './slice.js';
import { words } from './text.js';

const REFRESH_MS = 15000;
const HELP_MAX = 14;
const MINUTE_MS = 60000;
const HOUR_MS = 3600000;
const DAY_MS = 24 * HOUR_MS;
const CAMPAIGN_MAX_MS = 400 * DAY_MS; // how far a forecast looks

const whole = (value) => BigInt(value ?? 0);
const number = (value) => count(value, state.lang);

/* "856.21" → 85621 */
const hundredths = (text) => BigInt((text || '0.00').replace('.', ''));

export const forecast = {
  root: at('forecast'),
  everyMs: REFRESH_MS,
  load,
  draw,
  clear: () => {
    at('help').hidden = true;
  },
};

/* Until the end of the campaign that runs here; without one, of the year. What lies behind has no forecast, nor has one source
 * of many. */
async function load(signal) {
  if (state.at || who()) return null;
  const campaign = await running(signal);
  const until = campaign ? { until: businessDay(Number(campaign.untilMs) - 1) } : {};
  const answer = await call('Analytics/GetForecast', { unitCode: state.unit, withChildren: true, ...until }, signal);
  return { ...answer, campaign };
}

/* A sprint before another campaign; null when there is none, or the server knows of none. */
async function running(signal) {
  try {
    const { campaigns = [] } = await call('Campaigns/ListCampaigns', { unitCode: state.unit, atMs: String(Date.now()) }, signal);
    const open = campaigns.filter(({ untilMs }) => Number(untilMs) - Date.now() < CAMPAIGN_MAX_MS);
    return open.find(({ sprint }) => sprint) ?? open[0] ?? null;
  } catch (error) {
    if (error instanceof Absent) return null;
    throw error;
  }
}

function draw(json) {
  drawForecast(json);
  drawHelp(json);
}

function drawForecast(json) {
  const { unit } = json;
  at('forecast').hidden = whole(unit.plan) === 0n;
  const [needed, reached] = [hundredths(unit.neededPerDay), hundredths(unit.pacePerDay)];
  say('needed', pace(unit.neededPerDay, state.lang));
  say('pace', pace(unit.pacePerDay, state.lang));
  at('needed-box').hidden = !unit.neededPerDay;
  at('meter').hidden = !unit.neededPerDay;
  at('meter').style.setProperty('--done', needed > 0n ? Math.min(100, Number((reached * 100n) / needed)) : 100);
  at('verdict').dataset.reach = unit.reach ?? '';
  say('sentence', state.lang === 'vi' ? unit.sentenceVi : unit.sentence);
  const { planYear } = model.board;
  overYear = !json.campaign && planYear < Number(json.today.slice(0, 4)) ? planYear : 0;
  untilMs = Number(json.campaign?.untilMs ?? Date.parse(`${json.until}T24:00:00+07:00`));
  const name = named(json.campaign ?? {}, state.lang);
  say('until', overYear ? '' : words().until(date(json.until, state.lang)) + (name ? ` · ${name}` : ''));
  countDown();
}

let untilMs = 0;
let overYear = 0; // of a plan whose year has ended: there is nothing to count down to

/* Days while there are many of them, then hours and minutes. */
export function countDown() {
  const leftMs = Math.max(untilMs - Date.now(), 0);
  if (overYear) say('left', words().plan_over(overYear));
  else if (leftMs >= 2 * DAY_MS) say('left', words().days_left(number(Math.floor(leftMs / DAY_MS))));
  else say('left', words().hours_left(Math.floor(leftMs / HOUR_MS), Math.floor((leftMs % HOUR_MS) / MINUTE_MS)));
}

const shortfall = (unit) => whole(unit.plan) - whole(unit.projected);

function drawHelp(json) {
  const { children = [] } = json;
  const planned = children.filter((unit) => whole(unit.plan) > 0n);
  const late = planned.filter((unit) => shortfall(unit) > 0n);
  const planless = children.length - planned.length;
  at('help').hidden = planned.length === 0;
  const lead = late.length === 0 ? words().nobody_late : words().help_all(number(late.length));
  say('help-all', planless === 0 ? lead : `${lead}; ${words().planless(number(planless))}`);
  at('help-note').hidden = late.length === 0;
  const most = late.length > 0 ? shortfall(late[0]) : 1n;
  settle(at('help-list'), late.slice(0, HELP_MAX).map((unit) => helpRow(unit, most)));
}

function helpRow(unit, most) {
  const short = shortfall(unit);
  const percent = model.board.children.get(unit.unitCode)?.percent ?? '';
  const bar = make('i', { class: 'short', 'aria-hidden': 'true' });
  bar.style.setProperty('--share', Number((short * 1000n) / most) / 1000);
  const paces = words().help_pace(pace(unit.neededPerDay, state.lang), pace(unit.pacePerDay, state.lang));
  return make(
    'li',
    {},
    make(
      'a',
      { href: href({ unit: unit.unitCode }), 'data-unit': unit.unitCode },
      make('span', { class: 'chip', 'data-step': step(percent) }, wholePercent(percent, state.lang)),
      make('span', { class: 'who' }, named(unit, state.lang)),
      make('b', {}, `\u2212${number(short)}`),
      bar,
      make('small', {}, paces),
    ),
  );
}
