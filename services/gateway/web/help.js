/* Who needs help today: the units that fall behind their plan, those first to whom most people a day are missing. */

import { href, state } from './address.js';
import { call } from './api.js';
import { saveCsv } from './csv.js';
import { at, make, say, settle } from './dom.js';
import { count, date, named, pace, percent, wholePercent } from './format.js';
import { model } from './model.js';
import { planCode } from './plans.js';
import { step } from './scale.js';
import { asOf, slice } from './slice.js';
import { hasTargets, heldChildren, planFilters } from './target.js';
import { words } from './text.js';

const REFRESH_MS = 15000;
const ROWS = 14;
const FILE_ROWS = 500;
const COUNTRY = 'VN';
const KINDS = { communes: 'BOARD_BY_COMMUNES', units: 'BOARD_BY_UNITS' };

export const help = { root: at('help'), everyMs: REFRESH_MS, load, draw, clear };

const whole = (value) => BigInt(value ?? 0);
const number = (value) => count(value, state.lang);
const kind = () => (state.unit === COUNTRY && state.help in KINDS ? state.help : 'communes');

export const CONTACTS_MAX = 100n; // for each that lacks, by a conversion that was observed elsewhere

let shown = null;
let observed = null; // { contacts, joined, name }: how many join of those who are reached, and where that was seen

/* Another view begins. */
function clear() {
  shown = null;
  observed = null;
}

const fields = (limit) => ({
  slice: slice(state.unit, planFilters()),
  by: KINDS[kind()],
  order: 'BOARD_ORDER_SHORT',
  limit,
  ...planCode(),
  ...asOf(),
});

/* A plan is a unit's, or a campaign's: nobody is behind it through other filters. */
async function load(signal) {
  if (!hasTargets() || model.board.children.size === 0) return null;
  const answer = await call('Analytics/GetBoard', fields(ROWS), signal);
  return (answer.rows ?? []).some((row) => whole(row.plan) > 0n) ? answer : null;
}

/* What the forecast has observed, by which contacts are reckoned; null: nothing. */
export function observe(observation) {
  observed = observation;
  if (shown && !at('help').hidden) draw(shown);
}

function draw(answer) {
  shown = answer;
  const behind = (answer.rows ?? []).filter((row) => row.isBehind);
  at('help-kinds').hidden = state.unit !== COUNTRY;
  settle(at('help-kinds'), Object.keys(KINDS).map(kindLink));
  say('help-all', lead(answer));
  say('help-order', words().help_order(answer.planUntil ? date(answer.planUntil, state.lang) : ''));
  at('help-order').hidden = behind.length === 0;
  const most = behind.length > 0 ? Number(behind[0].shortPerDay) : 1;
  settle(at('help-list'), behind.map((row) => drawRow(row, most)));
  const contacts = observed && behind.length > 0 ? words().help_contacts(percent(observed.conversion, state.lang), observed.name) : '';
  say('help-note', contacts);
  at('help-note').hidden = contacts === '';
  at('help-csv').hidden = behind.length === 0;
}

function kindLink(one) {
  return make('a', { href: href({ help: one === 'communes' ? '' : one }), 'aria-current': one === kind() ? 'true' : null }, words()[`help_${one}`]);
}

function lead({ behindInAll = 0, planYear = 0, until = '' }) {
  const planless = [...heldChildren().values()].filter(({ plan }) => plan === 0n).length;
  const parts = [behindInAll === 0 ? words().nobody_late : words().help_all(number(behindInAll))];
  if (planless > 0) parts.push(words().planless(number(planless)));
  if (!planCode().planCode && planYear > 0 && planYear < Number(until.slice(0, 4))) parts.push(words().plan_over(planYear));
  return parts.join('; ');
}

/* So many have to be met for the gap, if they join as those did who were observed, elsewhere mostly; null: more than there are left,
 * or so many that what was observed says nothing here. */
function contactsFor(row) {
  const { contacts, joined } = observed;
  const gap = whole(row.gap);
  const needed = (gap * contacts + joined - 1n) / joined;
  const { prospects = 0n, participants = 0n } = model.board.children.get(row.code) ?? {};
  const isBeyond = prospects > 0n && needed > prospects - participants;
  return isBeyond || needed > gap * CONTACTS_MAX ? null : needed;
}

function meet(row) {
  const needed = contactsFor(row);
  return needed === null ? words().help_beyond : words().help_meet(number(needed));
}

function nameOf(row) {
  const above = kind() === 'communes' && state.unit === COUNTRY ? model.board.children.get(row.parentCode) : null;
  const name = named(row, state.lang) || row.code;
  return make('span', { class: 'who' }, name, above && make('small', {}, named(above, state.lang)));
}

function drawRow(row, most) {
  const bar = make('i', { class: 'short', 'aria-hidden': 'true' });
  bar.style.setProperty('--share', Math.max(Number(row.shortPerDay) / most, 0));
  const facts = [words().help_pace(pace(row.neededPerDay, state.lang), pace(row.pacePerDay, state.lang))];
  if (observed) facts.push(meet(row));
  return make(
    'li',
    {},
    make(
      'a',
      { href: href({ unit: row.code }), 'data-unit': row.code },
      make('span', { class: 'chip', 'data-step': step(row.percent) }, wholePercent(row.percent, state.lang)),
      nameOf(row),
      make('b', {}, `\u2212${pace(row.shortPerDay, state.lang)}`, make('small', {}, words().a_day)),
      bar,
      make('small', { class: 'paces-of' }, facts.join('; ')),
    ),
  );
}

async function save() {
  const { rows = [] } = await call('Analytics/GetBoard', fields(FILE_ROWS), AbortSignal.any([]));
  const keys = ['code', 'name', 'percent', 'gap', 'needed', 'pace', 'short', 'contacts'];
  const lines = rows
    .filter((row) => row.isBehind)
    .map((row) => [
      row.code,
      named(row, state.lang) || row.code,
      row.percent ?? '',
      whole(row.gap),
      row.neededPerDay ?? '',
      row.pacePerDay ?? '',
      row.shortPerDay ?? '',
      observed ? contactsFor(row) ?? '' : '',
    ]);
  saveCsv(`ansinh-${state.unit}-help`, [keys.map((key) => words()[`help_col_${key}`]), ...lines]);
}

at('help-csv').addEventListener('click', () => save().catch(() => say('help-all', words().not_now)));
