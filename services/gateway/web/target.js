/* The plan that the page is held against instead of the one in force: of the reader's choice, or the campaign's own. What it
 * counts, its targets and percents stand wherever the page tells them, so that all of it is of one plan. */

import { state } from './address.js';
import { call, Refused } from './api.js';
import { model } from './model.js';
import { campaignInView, chosenPlan, loadCampaign, loadPlans, planCode } from './plans.js';
import { asOf, filters, isFiltered, isNarrowed, openHref, slice } from './slice.js';
import { words } from './text.js';

const TICK_MS = 500;
const MOVED_MS = 2000; // so soon again after the board has moved,
const SETTLED_MS = 1500; // until so long after it: the records behind a number come a little later,
const REFRESH_MS = 30000; // and so soon when it has not
const ROWS = 500;
const BEGINNING = '2000-01-01';
const YEAR = /^\d{4}$/;
const CAMPAIGN_FIELD = 'slice.campaign_code';

const whole = (value) => BigInt(value ?? 0);

let on = null;
let stop = new AbortController();
let view = '';
let answer = null; // of GetBoard; null: nothing but the plan in force
let isAsking = false;
let isOver = true; // there is nothing to ask again
let takesCampaign = true; // the plan counts the campaign alone
let askedMs = 0;
let seen = ''; // the stream's figures, and since when
let movedMs = 0;
const made = new Map(); // code → { unit, row, held }

export const target = () => answer;
export const isAwaited = () => isAsking && answer === null;

/* Whether the page tells targets: through a filter there are none, but those of the campaign's plan. */
export const hasTargets = () => !isFiltered() || answer !== null;

/* changed() is called when there are other numbers, refused(field) when there is no such plan. */
export function beginTarget(listener) {
  on = listener;
  setInterval(tick, TICK_MS);
}

/* What is known without asking: a year's plan, of how many there are, is more than the campaign's, and so is another plan than its own. */
function isOfCampaign() {
  const code = planCode().planCode;
  return code === campaignInView()?.planCode && !YEAR.test(code) && chosenPlan()?.measure !== 'PLAN_MEASURE_STOCK';
}

/* Takes the plan of the address; that of another unit is not shown meanwhile. */
export function follow(isElsewhere) {
  const wanted = JSON.stringify([state.unit, state.at, state.still, filters(), state.plan]);
  if (wanted === view && !isElsewhere) return;
  view = wanted;
  if (isElsewhere) {
    answer = null;
    made.clear();
  }
  stop.abort();
  stop = new AbortController();
  takesCampaign = true;
  isOver = !state.plan && !state.campaign;
  isAsking = false;
  if (isOver) answer = null;
  else ask();
}

/* What the stream says has changed when this has. */
function figures() {
  const { unit } = model.board;
  return unit ? [unit.declared, unit.participants, unit.accepted, unit.day].join() : '';
}

function tick() {
  if (document.hidden || isAsking || isOver) return;
  const now = Date.now();
  if (figures() !== seen) [seen, movedMs] = [figures(), now];
  const age = now - askedMs;
  if (age >= REFRESH_MS || (age >= MOVED_MS && askedMs < movedMs + SETTLED_MS)) ask();
}

async function ask() {
  const { signal } = stop;
  isAsking = true;
  askedMs = Date.now();
  try {
    const next = await load(signal);
    if (signal.aborted) return;
    answer = next;
    isOver = next === null || state.at !== '' || state.still !== '';
  } catch (error) {
    if (signal.aborted) return;
    console.info(error.message);
    if (error instanceof Refused && error.field === 'plan_code' && state.plan) {
      isOver = true;
      on.refused(error.field);
      return;
    }
  }
  isAsking = false;
  on.changed();
}

async function load(signal) {
  await Promise.all([loadPlans(signal), loadCampaign(signal)]);
  if (!planCode().planCode) return null;
  takesCampaign &&= isOfCampaign();
  const common = { by: 'BOARD_BY_UNITS', limit: ROWS, ...planCode(), ...asOf() };
  const board = (chosen) => call('Analytics/GetBoard', { slice: slice(state.unit, chosen), ...common }, signal);
  // Through other filters the plan is not shown, but shall be one.
  if (isNarrowed()) return board({}).then(() => null);
  try {
    return read(await board(planFilters()));
  } catch (error) {
    if (!takesCampaign || !(error instanceof Refused) || error.field !== CAMPAIGN_FIELD) throw error;
    takesCampaign = false;
    return read(await board(planFilters()));
  }
}

const isSame = (a, b) => ['value', 'plan', 'percent'].every((key) => a[key] === b[key]);

/* Rows that are as before stay the same, so that nothing is drawn anew for them. */
function read(json) {
  const rows = new Map((json.rows ?? []).map((row) => [row.code, row]));
  rows.set(state.unit, json.whole);
  for (const [code, row] of rows) {
    const before = answer?.rows.get(code);
    if (before && isSame(before, row)) rows.set(code, before);
  }
  const name = json.planName || json.planCode;
  return { ...json, rows, name, counts: json.counts ?? 'METRIC_PAID', isStock: !json.valueFrom, isOfCampaign: takesCampaign };
}

/* The filters by which the plan counts: how many there are at its end are not the campaign's alone. */
export function planFilters(chosen = filters()) {
  const { campaign, ...rest } = chosen;
  return campaign && takesCampaign ? { campaign, ...rest } : rest;
}

const isHealth = () => chosenPlan()?.product === 'PRODUCT_HEALTH_HOUSEHOLD';

/* What came today is told of the page's product alone. */
export const hasToday = () => !answer || !isHealth() || state.product === 'health';

const TODAY = { METRIC_DECLARED: 'declaredToday', METRIC_ACCEPTED: 'acceptedToday' };

/* The unit with what the plan counts of it, its target and percent. */
export function held(unit) {
  if (!answer) return unit;
  const row = answer.rows.get(unit.code);
  const last = made.get(unit.code);
  if (last?.unit === unit && last.row === row) return last.held;
  const { value, plan, gap, percent = '' } = row ?? {};
  const today = unit[TODAY[answer.counts] ?? 'today'];
  const one = { ...unit, participants: whole(value), plan: whole(plan), gap: whole(gap), percent, today };
  made.set(unit.code, { unit, row, held: one });
  return one;
}

export function heldChildren() {
  const { children } = model.board;
  return answer ? new Map([...children].map(([code, unit]) => [code, held(unit)])) : children;
}

/* "participants", "newly declared": what the number on top is. */
export function countedLabel() {
  if (!answer) return words().participants_label;
  const metric = answer.counts.replace('METRIC_', '').toLowerCase();
  return words()[`counted_${metric}${answer.isStock ? '' : '_new'}`] ?? words().participants_label;
}

/* The records behind what counts of a unit, and of what came on a day. */
export function openValue(unit = state.unit) {
  if (!answer) return openHref({ metric: 'METRIC_PAID', unit });
  const chosen = { ...planFilters(), ...(isHealth() ? { product: 'health' } : {}) };
  return openHref({ metric: answer.counts, unit, from: answer.valueFrom || BEGINNING, until: answer.until, chosen });
}

export const openToday = (unit, day) => openHref({ metric: answer?.counts ?? 'METRIC_PAID', unit, from: day });
