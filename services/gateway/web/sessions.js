/* What came of the sessions of this year: who was there, who was reached, who declared and paid, and who came without one. */

import { go, href, state } from './address.js';
import { call } from './api.js';
import { saveCsv } from './csv.js';
import { at, make, say, settle } from './dom.js';
import { businessDay, count, date, named, percent } from './format.js';
import { model } from './model.js';
import { asOf, filters, lastDay, openHref, slice } from './slice.js';
import { words } from './text.js';

const REFRESH_MS = 30000;
const ROWS = 8;
const METHODS = ['last_touch', 'first_touch', 'same_day'];
const COLUMNS = ['day', 'what', 'name', 'attendance', 'contacts', 'declared', 'paid', 'conversion'];

// Sessions are an organisation's and a campaign's, and nobody else's.
const UNKNOWN = ['point', 'collector', 'product'];
const NO_SESSION = '-';

const whole = (value) => BigInt(value ?? 0);
const number = (value) => count(whole(value), state.lang);
const method = () => (METHODS.includes(state.touch) ? state.touch : METHODS[0]);
let rows = [];

export const sessions = { root: at('sessions'), everyMs: REFRESH_MS, load, draw };

async function load(signal) {
  if (UNKNOWN.some((kind) => state[kind])) return null;
  const until = lastDay(businessDay(Date.now()));
  const attribution = `ATTRIBUTION_METHOD_${method().toUpperCase()}`;
  const days = state.campaign ? {} : { from: `${until.slice(0, 4)}-01-01`, until };
  const fields = { slice: slice(), ...days, attribution, pageSize: ROWS, ...asOf() };
  const answer = await call('Analytics/ListSessions', fields, signal);
  return answer.rowsInAll ? answer : null;
}

function draw(answer) {
  const { total = {}, from, until } = answer;
  rows = answer.rows ?? [];
  const options = METHODS.map((one) => make('option', { value: one }, words()[`touch_${one}`]));
  settle(at('touch'), options);
  at('touch').value = method();
  const facts = [total.conversion && words().sessions_conversion(percent(total.conversion, state.lang))];
  if (total.declaredPerSession) facts.push(words().sessions_yield(percent(total.declaredPerSession, state.lang).replace(/\u00a0?%$/, '')));
  const days = from === until ? date(until, state.lang) : `${date(from, state.lang)} – ${date(until, state.lang)}`;
  say('sessions-lead', [days, words().sessions_held(number(total.sessions)), ...facts.filter(Boolean)].join(' · '));
  drawSteps(answer, total);
  settle(at('session-head'), COLUMNS.map((key) => make('th', { scope: 'col', class: `b-${key}` }, words()[`session_${key}`])));
  settle(at('session-rows'), rows.map((row) => drawRow(row, { from, until })));
}

/* Attributed to no session is a step of its own: totals are not explained by sessions alone. */
function drawSteps(answer, total) {
  const steps = [
    ['session_attendance', total.attendance],
    ['session_contacts', answer.reach],
    ['session_declared', total.declared],
    ['session_paid', total.paid],
    ['session_alone', answer.declaredUnattributed, openOf(NO_SESSION, 'METRIC_DECLARED', answer)],
    ['session_alone_paid', answer.paidUnattributed, openOf(NO_SESSION, 'METRIC_PAID', answer)],
  ];
  const widest = steps.reduce((most, [, value]) => (whole(value) > most ? whole(value) : most), 1n);
  settle(
    at('session-steps'),
    steps.map(([key, value, link]) => {
      const bar = make('i', { 'aria-hidden': 'true' });
      bar.style.setProperty('--share', Number((whole(value) * 1000n) / widest) / 1000);
      return make('div', { class: key }, make('dt', {}, words()[key]), make('dd', {}, opens(value, link)), bar);
    }),
  );
}

function nameOf(code) {
  const { unit, children } = model.board;
  const found = code === unit?.code ? unit : children.get(code);
  return found ? named(found, state.lang) : code;
}
const kindOf = ({ kind = '' }) => words()[kind.toLowerCase()] ?? '';

/* The records that are attributed to a session, or to none, in these days. */
function openOf(session, metric, { from, until }) {
  return openHref({ metric, from, until, chosen: { ...filters(), session, touch: method() } });
}

const opens = (value, link) => (link ? make('a', { href: link }, number(value)) : number(value));

function drawRow({ session = {}, yield: came = {} }, days) {
  const unit = session.unitCode ?? '';
  const cells = {
    day: date(businessDay(Number(session.startMs ?? 0)), state.lang),
    what: kindOf(session),
    name: make('a', { href: href({ unit }) }, nameOf(unit)),
    attendance: number(came.attendance),
    contacts: number(came.contacts),
    declared: opens(came.declared, openOf(session.code, 'METRIC_DECLARED', days)),
    paid: opens(came.paid, openOf(session.code, 'METRIC_PAID', days)),
    conversion: percent(came.conversion, state.lang),
  };
  return make('tr', {}, ...COLUMNS.map((key) => make('td', { class: `b-${key}` }, cells[key])));
}

at('touch').addEventListener('change', () => go({ touch: at('touch').value }));
at('sessions-csv').addEventListener('click', () => {
  const heads = ['code', ...COLUMNS.map((key) => words()[`session_${key}`])];
  const lines = rows.map(({ session = {}, yield: came = {} }) => [
    session.code ?? '',
    businessDay(Number(session.startMs ?? 0)),
    kindOf(session),
    session.unitCode ?? '',
    ...['attendance', 'contacts', 'declared', 'paid'].map((key) => whole(came[key])),
    came.conversion ?? '',
  ]);
  saveCsv(`ansinh-${state.unit}-sessions`, [heads, ...lines]);
});
