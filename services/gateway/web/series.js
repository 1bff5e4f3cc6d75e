/* New participants over time: by day of the last weeks beside the year before, by hour of a day, by minute of the last hour. */

import { go, href, state } from './address.js';
import { call } from './api.js';
import { Chart } from './chart.js';
import { at, make, say, settle } from './dom.js';
import { businessDay, clock, count, date, percent } from './format.js';
import { saveCsv } from './csv.js';
import { asOf, lastDay, momentMs, opening, slice } from './slice.js';
import { words } from './text.js';

const REFRESH_MS = 10000;
const METRIC = 'METRIC_PAID';
const DAYS = 30;
const MINUTES = 60;
const GROWTH_FROM = 50; // of fewer people a percentage says nothing,
const GROWTH_MAX = 1000; // nor does one that large
const DAY_MS = 24 * 3600 * 1000;
const MINUTE_MS = 60000;
const SEEN_LEAST = 0.05; // of the highest bar: what is lower lies on the axis
const KINDS = { day: 'BUCKET_DAY', hour: 'BUCKET_HOUR', minute: 'BUCKET_MINUTE' };

const dayBefore = (day, days) => new Date(Date.parse(day) - days * DAY_MS).toISOString().slice(0, 10);
const pad = (value) => String(value).padStart(2, '0');
const kind = () => (state.chart in KINDS ? state.chart : 'day');

export const series = { root: at('series'), everyMs: REFRESH_MS, load, draw };

const chart = new Chart(at('chart'), {
  tell: (bar) => say('readout', readout(bar)),
  open: (bar) => go(barChange(bar)),
});
let bars = [];

async function load(signal) {
  const chosen = kind();
  const today = lastDay(businessDay(Date.now()));
  const from = chosen === 'day' ? dayBefore(today, DAYS - 1) : chosen === 'hour' ? today : dayOf(momentMs() - (MINUTES - 1) * MINUTE_MS);
  const fields = { slice: slice(), bucket: KINDS[chosen], from, until: today, metrics: [METRIC], ...asOf() };
  const answer = await call('Analytics/GetSeries', { ...fields, withLastYear: chosen !== 'minute' }, signal);
  return { ...answer, chosen, from, today, nowMs: momentMs() };
}

const dayOf = (ms) => businessDay(ms);
const key = (day, hour, minute) => [day, hour, minute].join('~');

/* Every bucket has a bar, those in which nothing happened too. */
function read({ points = [], chosen, today, nowMs }) {
  const found = new Map(points.map((one) => [bucketKey(one, chosen), one]));
  const value = (text) => Number(text ?? 0);
  return slots(chosen, today, nowMs).map((slot) => {
    const point = found.get(slot.key);
    const last = chosen === 'minute' ? null : value(point?.lastYear?.[0]);
    return { ...slot, value: value(point?.values?.[0]), last };
  });
}

function bucketKey({ day, hour = 0, minute = 0 }, chosen) {
  if (chosen === 'day') return key(day, '', '');
  return chosen === 'hour' ? key(day, hour, '') : key(day, hour, minute);
}

function slots(chosen, today, nowMs) {
  if (chosen === 'day')
    return Array.from({ length: DAYS }, (_, index) => {
      const day = dayBefore(today, DAYS - 1 - index);
      return { key: key(day, '', ''), label: shortDay(day), name: date(day, state.lang) };
    });
  if (chosen === 'hour')
    return Array.from({ length: 24 }, (_, hour) => {
      return { key: key(today, hour, ''), label: `${hour}`, name: words().hour(hour) };
    });
  return Array.from({ length: MINUTES }, (_, index) => {
    const ms = nowMs - (MINUTES - 1 - index) * MINUTE_MS;
    const [hour, minute] = clock(ms).split(':').map(Number);
    const name = `${pad(hour)}:${pad(minute)}`;
    return { key: key(dayOf(ms), hour, minute), label: name, name };
  });
}

const shortDay = (day) => (state.lang === 'vi' ? `${day.slice(8)}/${day.slice(5, 7)}` : day.slice(5));

function draw(data) {
  bars = read(data);
  settle(
    at('kinds'),
    Object.keys(KINDS).map((one) =>
      make('a', { href: href({ chart: one }), 'aria-current': one === kind() ? 'true' : null }, words()[`chart_${one}`]),
    ),
  );
  const isSeen = highest('last') > highest('value') * SEEN_LEAST;
  at('last-year-key').hidden = !isSeen;
  chart.draw(bars, (value) => count(value, state.lang), isSeen);
  if (!chart.isInUse) say('readout', readout(null));
}

const highest = (name) => Math.max(0, ...bars.map((one) => one[name] ?? 0));
const sum = (name) => bars.reduce((total, one) => total + (one[name] ?? 0), 0);

function readout(bar) {
  if (!bar) return total();
  const value = count(bar.value, state.lang);
  return bar.last === null
    ? words().chart_value(bar.name, value)
    : words().chart_values(bar.name, value, count(bar.last, state.lang));
}

function total() {
  const [value, last] = [sum('value'), sum('last')];
  const text = count(value, state.lang);
  // In tenths of a percent, cut: -99.96 is not yet -100.
  const growth = Math.trunc(((value - last) * 1000) / last);
  if (last < GROWTH_FROM || growth > GROWTH_MAX * 10) return words().chart_sum(text);
  const sign = growth > 0 ? '+' : growth < 0 ? '\u2212' : '';
  return words().chart_growth(text, count(last, state.lang), `${sign}${percent((Math.abs(growth) / 10).toFixed(1), state.lang)}`);
}

at('series-csv').addEventListener('click', () => {
  const heads = [words().col_time, words().col_new, words().last_year];
  const lines = bars.map((bar) => [bar.key.replaceAll('~', ' ').trim(), bar.value, bar.last ?? '']);
  saveCsv(`ansinh-${state.unit}-${kind()}`, [heads, ...lines]);
});

/* What the reader points at opens into its records. */
function barChange(bar) {
  const [from, hour, minute] = bar.key.split('~');
  return opening({ metric: METRIC, from, hour, minute });
}
