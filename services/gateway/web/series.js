/* New participants over time: by day of the last weeks beside the year before, by hour of today. */

import { href, state } from './address.js';
import { call } from './api.js';
import { Chart } from './chart.js';
import { at, make, say } from './dom.js';
import { count, date } from './format.js';
import { saveCsv } from './csv.js';
import { words } from './text.js';

const REFRESH_MS = 10000;
const DAYS = 30;
const DAY_MS = 24 * 3600 * 1000;
const KINDS = ['day', 'hour'];

const dayBefore = (day, days) => new Date(Date.parse(day) - days * DAY_MS).toISOString().slice(0, 10);
const yearBefore = (day) => `${Number(day.slice(0, 4)) - 1}${day.slice(4)}`;

export const series = {
  root: at('series'),
  everyMs: REFRESH_MS,
  load: (signal) => call('Analytics/GetProgress', { unitCode: state.unit }, signal),
  draw,
};

const chart = new Chart(at('chart'), (bar) => say('readout', readout(bar)));
let bars = [];

function days(json) {
  const numbers = new Map((json.days ?? []).map((one) => [one.day, one]));
  return Array.from({ length: DAYS }, (_, at) => {
    const day = dayBefore(json.today, DAYS - 1 - at);
    const value = Number(numbers.get(day)?.participants ?? 0);
    const last = Number(numbers.get(yearBefore(day))?.participants ?? 0);
    return { key: day, label: shortDay(day), name: date(day, state.lang), value, last };
  });
}

function hours(json) {
  const numbers = new Map((json.hours ?? []).map((one) => [one.hour ?? 0, one]));
  return Array.from({ length: 24 }, (_, hour) => {
    const value = Number(numbers.get(hour)?.participants ?? 0);
    return { key: String(hour), label: `${hour}`, name: words().hour(hour), value, last: null };
  });
}

const shortDay = (day) => (state.lang === 'vi' ? `${day.slice(8)}/${day.slice(5, 7)}` : day.slice(5));

function draw(json) {
  const kind = KINDS.includes(state.chart) ? state.chart : KINDS[0];
  bars = kind === 'day' ? days(json) : hours(json);
  at('kinds').replaceChildren(
    ...KINDS.map((one) =>
      make('a', { href: href({ chart: one }), 'aria-current': one === kind ? 'true' : null }, words()[`chart_${one}`]),
    ),
  );
  at('last-year-key').hidden = !bars.some(({ last }) => last);
  chart.draw(bars, (value) => count(value, state.lang));
  if (!chart.isInUse) say('readout', words().chart_sum(count(sum(bars, 'value'), state.lang)));
}

const sum = (list, key) => list.reduce((total, one) => total + (one[key] ?? 0), 0);

function readout(bar) {
  if (!bar) return words().chart_sum(count(sum(bars, 'value'), state.lang));
  const value = count(bar.value, state.lang);
  return bar.last === null
    ? words().chart_value(bar.name, value)
    : words().chart_values(bar.name, value, count(bar.last, state.lang));
}

at('series-csv').addEventListener('click', () => {
  const heads = [words().col_time, words().col_new, words().last_year];
  saveCsv(`ansinh-${state.unit}-${state.chart}`, [heads, ...bars.map((bar) => [bar.key, bar.value, bar.last ?? ''])]);
});
