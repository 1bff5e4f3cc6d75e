/* What is to come: pace against need, the forecast in one sentence, the days left, whom to meet, where the next session pays most. */

import { href, state } from './address.js';
import { Absent, call } from './api.js';
import { at, make, say, settle } from './dom.js';
import { businessDay, count, date, named, pace, percent } from './format.js';
import { CONTACTS_MAX, observe } from './help.js';
import { model } from './model.js';
import { campaignInView, chosenPlan, drawPlans, loadPlans, planCode } from './plans.js';
import { asOf, filters, isOffice, momentMs, openHref } from './slice.js';
import { hasTargets } from './target.js';
import { words } from './text.js';

const REFRESH_MS = 15000;
const MINUTE_MS = 60000;
const HOUR_MS = 3600000;
const DAY_MS = 24 * HOUR_MS;
const PACE_DAYS = 7;
const CAMPAIGN_MAX_MS = 400 * DAY_MS; // how far a forecast looks

const whole = (value) => BigInt(value ?? 0);
const number = (value) => count(whole(value), state.lang);
const dayAfter = (day, days) => new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);

/* "856.21" → 85621 */
const hundredths = (text) => BigInt((text || '0.00').replace('.', ''));

export const forecast = { root: at('forecast'), everyMs: REFRESH_MS, load, draw };

/* Until the end of the plan that was chosen, or of the campaign that runs here; else of the year. The campaign in view has its own plan.
 * A forecast is a unit's: there is none of one source of many. */
async function load(signal) {
  if (!hasTargets()) return null;
  const isRunning = !state.plan && !state.campaign && !isOffice();
  const [campaign] = await Promise.all([isRunning ? running(signal) : ownCampaign(), loadPlans(signal)]);
  const until = isRunning && campaign ? { until: businessDay(Number(campaign.untilMs) - 1) } : {};
  const fields = { unitCode: state.unit, withoutSentences: true, ...planCode(), ...until, ...asOf() };
  const answer = await call('Analytics/GetForecast', fields, signal);
  return { ...answer, campaign };
}

/* The one in view, by whose plan it goes. */
function ownCampaign() {
  const campaign = campaignInView();
  return campaign?.planCode && campaign.planCode === planCode().planCode ? campaign : null;
}

/* A sprint before another campaign; null when there is none, or the server knows of none. */
async function running(signal) {
  try {
    const { campaigns = [] } = await call('Campaigns/ListCampaigns', { unitCode: state.unit, atMs: String(momentMs()) }, signal);
    const open = campaigns.filter(({ untilMs }) => Number(untilMs) - momentMs() < CAMPAIGN_MAX_MS);
    return open.find(({ sprint }) => sprint) ?? open[0] ?? null;
  } catch (error) {
    if (error instanceof Absent) return null;
    throw error;
  }
}

function draw(json) {
  const { unit } = json;
  at('forecast').hidden = whole(unit.plan) === 0n;
  drawPlans('forecast-plan');
  drawPace(json);
  at('verdict').dataset.reach = unit.reach ?? '';
  say('sentence', state.lang === 'vi' ? unit.sentenceVi : unit.sentence);
  drawEnd(json);
  drawPast(json);
  drawContacts(unit);
  drawNext(unit);
}

function drawPace({ unit, today, counts }) {
  const [needed, reached] = [hundredths(unit.neededPerDay), hundredths(unit.pacePerDay)];
  say('needed', pace(unit.neededPerDay, state.lang));
  say('pace', pace(unit.pacePerDay, state.lang));
  at('pace').href = openDays(counts, dayAfter(today, -PACE_DAYS), dayAfter(today, -1));
  at('needed-box').hidden = !unit.neededPerDay;
  at('meter').hidden = !unit.neededPerDay;
  at('meter').style.setProperty('--done', needed > 0n ? Math.min(100, Number((reached * 100n) / needed)) : 100);
}

/* The records of some days, of what the plan counts: all of the unit, in a campaign or not. */
function openDays(counts, from, until) {
  const { campaign: _, ...chosen } = filters();
  const isHealth = chosenPlan()?.product === 'PRODUCT_HEALTH_HOUSEHOLD';
  return openHref({ metric: counts ?? 'METRIC_PAID', from, until, chosen: { ...chosen, ...(isHealth ? { product: 'health' } : {}) } });
}

function drawEnd(json) {
  overPlan = json.unit.planExpired && !json.campaign ? json.planName || model.board.planYear : '';
  fromMs = Number(json.campaign?.fromMs ?? 0);
  untilMs = Number(json.campaign?.untilMs ?? Date.parse(`${json.until}T24:00:00+07:00`));
  isCampaign = Boolean(json.campaign);
  const last = json.campaign ? businessDay(untilMs - 1) : json.until;
  const name = named(json.campaign ?? { name: state.plan && (json.planName || json.planCode) }, state.lang);
  say('until', overPlan ? '' : words().until(date(last, state.lang)) + (name ? ` · ${name}` : ''));
  countDown();
}

let fromMs = 0;
let untilMs = 0;
let isCampaign = false;
let overPlan = ''; // whose last day is behind us: there is nothing to count down to

/* Days while there are many of them, then hours and minutes. */
export function countDown() {
  const leftMs = Math.max(untilMs - momentMs(), 0);
  if (overPlan) say('left', words().plan_over(overPlan));
  else if (fromMs > momentMs()) say('left', words().begins(date(businessDay(fromMs), state.lang)));
  else if (isCampaign && leftMs === 0) say('left', words().campaign_over);
  else if (leftMs >= 2 * DAY_MS) say('left', words().days_left(count(Math.floor(leftMs / DAY_MS), state.lang)));
  else say('left', words().hours_left(Math.floor(leftMs / HOUR_MS), Math.floor((leftMs % HOUR_MS) / MINUTE_MS)));
}

/* A year earlier; 29 February counts as the 28th. */
function yearBefore(day) {
  const before = `${Number(day.slice(0, 4)) - 1}${day.slice(4)}`;
  return before.endsWith('-02-29') ? before.replace(/29$/, '28') : before;
}

function drawPast({ unit, today, until, planFrom, counts }) {
  const rows = [];
  const from = planFrom || `${today.slice(0, 4)}-01-01`;
  if (unit.hasSoFarLastYear)
    rows.push([words().so_far(date(from, state.lang)), unit.soFar, openDays(counts, from, today)],
      [words().so_far_last_year, unit.soFarLastYear, openDays(counts, yearBefore(from), yearBefore(today))]);
  if (unit.hasLastYear)
    rows.push([words().rest_last_year, unit.lastYear, openDays(counts, yearBefore(dayAfter(today, 1)), yearBefore(until))]);
  settle(
    at('past'),
    rows.map(([label, value, link]) => make('div', {}, make('dt', {}, label), make('dd', {}, make('a', { href: link }, number(value))))),
  );
}

function nameOf(code) {
  const { self, province } = model.place;
  if (code === 'VN') return words().country;
  const unit = code === state.unit ? self ?? model.board.unit : code === province?.code ? province : model.board.children.get(code);
  return unit ? named(unit, state.lang) : code;
}

/* How many have to be met, by how many joined of those who were: there, since then. */
function drawContacts(unit) {
  const [contacts, joined] = [whole(unit.observedContacts), whole(unit.observedJoined)];
  const isKnown = contacts > 0n && joined > 0n;
  const name = isKnown ? nameOf(unit.observedUnitCode) : '';
  const { conversion } = unit;
  observe(isKnown ? { contacts, joined, conversion, name } : null);
  at('contacts').hidden = !isKnown || whole(unit.contactsNeeded) === 0n;
  if (at('contacts').hidden) return;
  say('contacts-needed', isBeyond(unit) ? words().contacts_beyond : words().contacts_needed(number(unit.contactsNeeded)));
  const since = date(unit.observedSince, state.lang);
  say('contacts-why', words().contacts_why(number(joined), number(contacts), percent(conversion, state.lang), name, since));
}

/* More than there are left, or by what was observed elsewhere more than can be meant. */
function isBeyond({ contactsBeyondProspects, contactsNeeded, gap, observedUnitCode }) {
  const { prospects, participants } = model.board.unit;
  const isMore = prospects > 0n && whole(contactsNeeded) > prospects - participants;
  return contactsBeyondProspects || isMore || (observedUnitCode !== state.unit && whole(contactsNeeded) > whole(gap) * CONTACTS_MAX);
}

function drawNext({ nextSessions = [] }) {
  at('next').hidden = nextSessions.length === 0;
  settle(
    at('next-sessions'),
    nextSessions.map((one) => {
      const kind = words()[(one.kind ?? '').toLowerCase()] ?? '';
      const gain = one.expectedNew ? make('b', {}, words().next_gain(pace(one.expectedNew, state.lang))) : null;
      const why = make('small', {}, state.lang === 'vi' ? one.whyVi : one.why);
      const name = named(one, state.lang) || one.unitCode;
      const place = one.unitCode === state.unit ? name : make('a', { href: href({ unit: one.unitCode }) }, name);
      return make('li', {}, make('span', {}, place, kind && ` · ${kind}`), gain, why);
    }),
  );
}
