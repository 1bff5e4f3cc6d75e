/* What the page is narrowed to: a chip for each filter, and the fields in which they are chosen. */

import { FILTERS, go, href, state } from './address.js';
import { call } from './api.js';
import { at, make, say, settle } from './dom.js';
import { named } from './format.js';
import { model } from './model.js';
import { asOf, filters, isOffice, slice } from './slice.js';
import { hasTargets, target } from './target.js';
import { words } from './text.js';

const COUNTRY = 'VN';
const OFFICE = 'SI:';
const BEGINNING = '2000-01-01';
const OPTIONS_MAX = 500;
const PRODUCTS = ['health'];
const SOURCES = { organisation: 'BOARD_BY_ORGANISATIONS', point: 'BOARD_BY_POINTS', collector: 'BOARD_BY_COLLECTORS' };
const WITHIN = { organisation: [], point: ['organisation'], collector: ['organisation', 'point'] };
const CODE = /^[\w.-]+$/;

let stop = new AbortController();
let askedFor = '';
let answers = 0; // sets of names that have come
let drawn = '';
let offices = [];
const options = new Map(FILTERS.map((kind) => [kind, []])); // kind → [{ code, name, nameEn }]
options.set('product', PRODUCTS.map((code) => ({ code })));

/* Those who have done something here: points of the organisation, collectors of the point. */
async function askSources(kind, signal) {
  const above = Object.fromEntries(WITHIN[kind].filter((one) => state[one]).map((one) => [one, state[one]]));
  const fields = { slice: slice(state.unit, above), by: SOURCES[kind], from: BEGINNING, limit: OPTIONS_MAX, ...asOf() };
  options.set(kind, (await call('Analytics/GetBoard', fields, signal)).rows ?? []);
}

/* All of them: a campaign of one commune is a part of its province's numbers. */
async function askCampaigns(signal) {
  options.set('campaign', (await call('Campaigns/ListCampaigns', {}, signal)).campaigns ?? []);
}

async function askOffices(signal) {
  offices = (await call('Directory/GetUnit', { code: isOffice() ? COUNTRY : state.unit }, signal)).siUnits ?? [];
}

/* Names are asked for when they are to be seen: of what is chosen, and of all once the fields are open. */
export async function askOptions() {
  const isOpen = at('filter-fields').open;
  const key = `${state.unit} ${state.at} ${JSON.stringify(filters())} ${isOpen}`;
  const wanted = FILTERS.filter((kind) => kind !== 'product' && (isOpen || state[kind]));
  if (key === askedFor || wanted.length === 0 || !model.board.unit) return;
  askedFor = key;
  stop.abort();
  stop = new AbortController();
  const { signal } = stop;
  const asking = wanted.map((kind) => (kind === 'campaign' ? askCampaigns(signal) : askSources(kind, signal)));
  if (isOpen) asking.push(askOffices(signal));
  for (const { reason } of await Promise.allSettled(asking)) if (reason && !signal.aborted) console.info(reason.message);
  if (signal.aborted) return;
  answers++;
  drawFilters();
}

function nameOf(kind, code) {
  if (kind === 'product') return words()[`product_${code}`] ?? code;
  const found = options.get(kind).find((one) => one.code === code);
  return (found && named(found, state.lang)) || code;
}

/* Called with every frame: drawn when something is new. */
export function drawFilters() {
  const stamp = [href({}), answers, model.board.unit?.name, target()?.planCode, target()?.name, hasTargets()].join();
  at('filters').hidden = false;
  if (stamp === drawn) return;
  drawn = stamp;
  const chips = Object.entries(filters()).map(([kind, code]) => chip(words()[`filter_${kind}`], nameOf(kind, code), { [kind]: '' }));
  if (isOffice()) chips.unshift(chip(words().filter_office, model.board.unit?.name || state.unit.slice(OFFICE.length), { unit: COUNTRY }));
  if (state.plan) chips.push(chip(words().filter_plan, target()?.name ?? state.plan, { plan: '' }));
  const none = Object.fromEntries([...FILTERS, 'plan'].map((kind) => [kind, '']));
  if (chips.length > 1) chips.push(make('li', {}, make('a', { href: href({ ...none, ...(isOffice() ? { unit: COUNTRY } : {}) }) }, words().filter_none)));
  settle(at('chips'), chips);
  say('filter-note', notes().join(' '));
  at('filter-note').hidden = notes().length === 0;
  drawFields();
}

function chip(kind, name, change) {
  const label = words().filter_drop(`${kind} ${name}`);
  return make(
    'li',
    {},
    make('a', { class: 'drop', href: href(change), 'aria-label': label, title: label }, make('span', {}, `${kind}: `), make('b', {}, name), make('i', { 'aria-hidden': 'true' }, '×')),
  );
}

/* What does not follow says so here. */
function notes() {
  const found = [];
  if (!hasTargets()) found.push(words().note_filter);
  if (state.campaign && target() && !target().isOfCampaign) found.push(words().note_beyond);
  if (state.point || state.collector || state.product) found.push(words().note_sessions);
  if (state.at) found.push(words().note_past);
  return found;
}

function drawFields() {
  for (const kind of ['product', 'campaign', 'organisation']) {
    const rows = options.get(kind).map(({ code }) => ({ code, label: nameOf(kind, code) }));
    if (state[kind] && !rows.some(({ code }) => code === state[kind])) rows.push({ code: state[kind], label: state[kind] });
    rows.unshift({ code: '', label: words()[`any_${kind}`] });
    settle(at(`filter-${kind}`), rows.map(({ code, label }) => make('option', { value: code }, label)));
    at(`filter-${kind}`).value = state[kind];
  }
  for (const kind of ['point', 'collector']) {
    settle(at(`list-${kind}`), options.get(kind).map((one) => make('option', { value: one.code }, named(one, state.lang) || null)));
    if (document.activeElement !== at(`filter-${kind}`)) at(`filter-${kind}`).value = state[kind];
  }
  settle(at('list-office'), offices.map(({ code, name }) => make('option', { value: code }, name)));
  const office = isOffice() ? state.unit.slice(OFFICE.length) : '';
  if (document.activeElement !== at('filter-office')) at('filter-office').value = office;
}

/* A typed code; what cannot be one is left in its field, for the reader to see. */
function type(kind, change) {
  at(`filter-${kind}`).addEventListener('change', ({ target }) => {
    const code = target.value.trim();
    target.setAttribute('aria-invalid', String(code !== '' && !CODE.test(code)));
    if (code === '' || CODE.test(code)) go(change(code));
  });
}

export function beginFilters() {
  at('filter-fields').addEventListener('toggle', askOptions);
  for (const kind of ['product', 'campaign', 'organisation'])
    at(`filter-${kind}`).addEventListener('change', ({ target }) => go({ [kind]: target.value }));
  for (const kind of ['point', 'collector']) type(kind, (code) => ({ [kind]: code }));
  type('office', (code) => ({ unit: code ? OFFICE + code : COUNTRY }));
}
