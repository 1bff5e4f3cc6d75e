/* Who is how far, side by side: communes, organisations and collectors, within their tier of difficulty. */

import { go, href, state } from './address.js';
import { call, Refused } from './api.js';
import { saveCsv } from './csv.js';
import { at, make, say, settle } from './dom.js';
import { businessDay, count, named, percent } from './format.js';
import { chosenPlan, drawPlans, loadPlans, planCode } from './plans.js';
import { asOf, filters, lastDay, openHref, slice } from './slice.js';
import { planFilters, target } from './target.js';
import { words } from './text.js';

const REFRESH_MS = 20000;
const ROWS = 10;
const ROWS_MAX = 500;
const NOBODY = '-';
const COMMUNE = /^\d{5}$/;
const DAY_MS = 24 * 3600 * 1000;
const BEGINNING = '2000-01-01';
const TIERS = ['0', '1', '2', '3', '4'];
const ORDERS = ['percent', 'pace', 'improvement', 'need', 'short'];
const SPANS = { year: null, week: 6, today: 0 };
const KINDS = { communes: '', organisations: 'organisation', points: 'point', collectors: 'collector' };

const isLeaf = () => COMMUNE.test(state.unit);

/* A campaign's plan of how many there are says nothing of organisations, points and collectors: of them the campaign's own count. */
const goesByPlan = () => KINDS[chosen()] === '' || state.plan !== '' || target()?.isOfCampaign !== false;
const heldBy = () => (goesByPlan() ? planCode() : {});

/* Side by side stand those of a kind, not the one that the page is narrowed to. */
function others() {
  const { [KINDS[chosen()]]: _, ...rest } = goesByPlan() ? planFilters() : filters();
  return rest;
}

const kinds = () => Object.keys(KINDS).filter((kind) => kind !== 'communes' || !isLeaf());
const chosen = () => (kinds().includes(state.by) ? state.by : isLeaf() ? 'collectors' : 'communes');
const order = () => (ORDERS.includes(state.order) ? state.order : ORDERS[0]);

export const boards = { root: at('boards'), everyMs: REFRESH_MS, load, draw };
let rows = [];

async function load(signal) {
  await loadPlans(signal);
  const fields = {
    slice: slice(state.unit, others()),
    by: `BOARD_BY_${chosen().toUpperCase()}`,
    order: `BOARD_ORDER_${order().toUpperCase()}`,
    tier: Number(state.tier) || 0,
    limit: state.rows ? ROWS_MAX : ROWS,
    ...span(),
    ...asOf(),
  };
  const answer = await ask(fields, signal);
  return { ...answer, kind: chosen() };
}

/* A plan may be that of a part of this unit alone: then it says nothing of organisations, points and collectors. */
async function ask(fields, signal) {
  try {
    return await call('Analytics/GetBoard', { ...fields, ...heldBy() }, signal);
  } catch (error) {
    if (!(error instanceof Refused) || KINDS[chosen()] === '' || !heldBy().planCode) throw error;
    return call('Analytics/GetBoard', fields, signal);
  }
}

/* A plan and a campaign have days of their own. */
function span() {
  const days = SPANS[state.span] ?? null;
  if (days === null || state.plan || state.campaign) return {};
  const until = lastDay(businessDay(Date.now()));
  return { from: new Date(Date.parse(until) - days * DAY_MS).toISOString().slice(0, 10), until };
}

function choice(id, values, value, name, set) {
  const options = values.map((one) => make('option', { value: one }, words()[`${name}_${one}`]));
  settle(at(id), options);
  at(id).value = value;
  at(id).onchange = () => go(set(at(id).value));
}

function draw(answer) {
  const ranked = answer.rows ?? [];
  rows = [...ranked, ...restOf(answer)];
  const hasPlan = rows.some((row) => BigInt(row.plan ?? 0) > 0n);
  choice('board-by', kinds(), chosen(), 'by', (by) => ({ by, rows: '' }));
  choice('board-order', ORDERS, order(), 'order', (value) => ({ order: value }));
  drawPlans('board-plan');
  at('board-span').parentElement.hidden = state.plan !== '' || state.campaign !== '';
  choice('board-span', Object.keys(SPANS), state.span, 'span', (span) => ({ span }));
  choice('board-tier', TIERS, state.tier, 'tier', (tier) => ({ tier }));
  say('board-lead', words().board_lead(words()[`by_${chosen()}`], words()[`order_${order()}`]));
  at('board-tier-box').hidden = state.tier === '0' && !rows.some((row) => row.tier);
  const columns = columnsOf(hasPlan, answer);
  settle(at('board-head'), columns.map(({ key }) => make('th', { scope: 'col', class: `b-${key}` }, words()[`board_${key}`])));
  settle(at('board-rows'), rows.map((row) => drawRow(row, columns)));
  const inAll = answer.rowsInAll ?? ranked.length;
  at('board-more').hidden = inAll <= ranked.length || ranked.length >= ROWS_MAX;
  at('board-more').href = href({ rows: 'all' });
  say('board-more', words().board_more(count(inAll, state.lang)));
  at('board-empty').hidden = rows.length > 0;
}

/* What came through nobody of them closes the board, so that its rows add up. */
function restOf({ rest }) {
  return BigInt(rest?.value ?? 0) > 0n ? [{ ...rest, code: NOBODY, name: words().board_rest }] : [];
}

const number = (value) => count(BigInt(value ?? 0), state.lang);
const signed = (text) => (Number(text) > 0 ? `+${decimal(text)}` : decimal(text));

/* "-1077.16" in the marks of the language, nothing as a dash. */
function decimal(text) {
  if (!text) return '–';
  const isBelow = text.startsWith('-');
  return (isBelow ? '\u2212' : '') + percent(isBelow ? text.slice(1) : text, state.lang).replace(/\u00a0?%$/, '');
}

function columnsOf(hasPlan, answer) {
  const columns = [
    { key: 'rank', text: (row) => (row.rank ? number(row.rank) : ''), raw: (row) => row.rank ?? 0 },
    { key: 'name', text: (row) => named(row, state.lang) || row.code, raw: (row) => named(row, state.lang) || row.code },
    { key: 'value', text: (row) => number(row.value), raw: (row) => BigInt(row.value ?? 0), open: (row) => openRow(row, answer) },
    { key: 'percent', isOfPlan: true, text: (row) => percent(row.percent, state.lang), raw: (row) => row.percent ?? '' },
    { key: 'pace', text: (row) => decimal(row.pacePerDay), raw: (row) => row.pacePerDay ?? '' },
    { key: 'needed', isOfPlan: true, text: (row) => decimal(row.neededPerDay), raw: (row) => row.neededPerDay ?? '' },
    { key: 'short', isOfPlan: true, isIn: ['short'], text: (row) => decimal(row.shortPerDay), raw: (row) => row.shortPerDay ?? '' },
    { key: 'improvement', isOfPlan: true, text: (row) => signed(row.improvement), raw: (row) => row.improvement ?? '' },
    { key: 'reversed', text: (row) => number(row.reversed), raw: (row) => BigInt(row.reversed ?? 0) },
  ];
  return columns.filter(({ isOfPlan, isIn }) => (hasPlan || !isOfPlan) && (!isIn || isIn.includes(order())));
}

/* The records of a row's value: of its unit, or of what came by that organisation, point or collector. */
function openRow(row, { kind, valueFrom, until = '', counts = 'METRIC_PAID' }) {
  const chosen = chosenPlan()?.product === 'PRODUCT_HEALTH_HOUSEHOLD' ? { ...others(), product: 'health' } : others();
  const what = { metric: counts, from: valueFrom || BEGINNING, until, chosen };
  return openHref(KINDS[kind] === '' ? { ...what, unit: row.code } : { ...what, chosen: { ...chosen, [KINDS[kind]]: row.code } });
}

function drawRow(row, columns) {
  const element = make('tr', { class: row.isBehind ? 'behind' : null });
  for (const { key, text, open } of columns) {
    const content = key === 'name' ? nameOf(row) : open ? make('a', { href: open(row) }, text(row)) : text(row);
    element.append(make('td', { class: `b-${key}` }, content));
  }
  return element;
}

function nameOf(row) {
  if (KINDS[chosen()] !== '') return make('a', { href: href({ [KINDS[chosen()]]: row.code }) }, named(row, state.lang) || row.code);
  const tier = row.tier ? make('small', {}, words()[`tier_${row.tier}`]) : null;
  return make('span', {}, make('a', { href: href({ unit: row.code }) }, named(row, state.lang) || row.code), tier);
}

at('board-csv').addEventListener('click', () => {
  const columns = columnsOf(rows.some((row) => BigInt(row.plan ?? 0) > 0n), {});
  const heads = ['code', ...columns.map(({ key }) => words()[`board_${key}`])];
  saveCsv(`ansinh-${state.unit}-${chosen()}`, [heads, ...rows.map((row) => [row.code, ...columns.map(({ raw }) => raw(row))])]);
});
