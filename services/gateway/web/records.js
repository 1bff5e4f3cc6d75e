/* The records behind a number: as many as it says, page by page, without anybody's name. */

import { go, state } from './address.js';
import { Absent, call } from './api.js';
import { saveCsv } from './csv.js';
import { at, make, say } from './dom.js';
import { businessDay, clock, count, date, dong, named } from './format.js';
import { model } from './model.js';
import { opened } from './slice.js';
import { words } from './text.js';

const PAGE_ROWS = 50;
const FILE_PAGE_ROWS = 500;
const FILE_PAGES_MAX = 100;
const POCKETS = ['participantVnd', 'centralVnd', 'localVnd', 'donorVnd'];
const COLUMNS = ['when', 'day', 'kind', 'counts', 'sum', 'unit', 'by', 'person', 'position'];

let stop = new AbortController();
let shown = '';
let pages = [''];
let isAbsent = false;

const ask = (fields) => call('Analytics/ListRecords', { ...opened(), ...fields }, stop.signal);

/* Called whenever the address changes. */
export function drawRecords() {
  const key = `${state.open} ${state.at} ${state.lang}`;
  if (!state.open || isAbsent) {
    if (at('records').open) at('records').close();
    shown = '';
    return;
  }
  if (key === shown) return;
  shown = key;
  pages = [''];
  show();
}

async function show() {
  stop.abort();
  stop = new AbortController();
  const { signal } = stop;
  const token = pages.at(-1);
  try {
    const answer = await ask({ pageSize: PAGE_ROWS, ...(token ? { pageToken: token } : {}) });
    if (signal.aborted) return;
    draw(answer);
  } catch (error) {
    if (signal.aborted) return;
    isAbsent = error instanceof Absent;
    if (!isAbsent) say('records-note', words().not_now);
  }
}

function draw(answer) {
  const { metric } = opened();
  const isMoney = metric.endsWith('_VND');
  const total = BigInt(answer.total ?? 0);
  say('records-title', words()[metric.toLowerCase()] ?? metric);
  say('records-total', isMoney ? dong(total, state.lang) : count(total, state.lang));
  const all = count(BigInt(answer.recordsInAll ?? 0), state.lang);
  const moment = answer.asOfMs ? whenOf(answer.asOfMs) : '';
  say('records-note', words().records_note(all, moment));
  at('records-head').replaceChildren(...COLUMNS.map((key) => make('th', { scope: 'col', class: `b-${key}` }, words()[`record_${key}`])));
  at('records-rows').replaceChildren(...(answer.records ?? []).map(row));
  at('records-back').disabled = pages.length === 1;
  at('records-next').disabled = !answer.nextPageToken;
  at('records-next').dataset.token = answer.nextPageToken ?? '';
  const first = (pages.length - 1) * PAGE_ROWS;
  const last = first + (answer.records ?? []).length;
  say('records-page', last === 0 ? '' : `${count(first + 1, state.lang)}–${count(last, state.lang)}`);
  if (!at('records').open) at('records').showModal();
}

const whenOf = (ms) => `${clock(Number(ms))} ${date(businessDay(Number(ms)), state.lang)}`;

const sumOf = ({ pockets = {} }) => POCKETS.reduce((sum, name) => sum + BigInt(pockets[name] ?? 0), 0n);

/* The cells in the order of COLUMNS. */
function cells(record) {
  const by = [record.organisationCode, record.pointCode, record.collectorCode].filter(Boolean).join(' · ');
  const kind = words()[(record.kind ?? '').toLowerCase()] ?? record.kind ?? '';
  return [
    whenOf(record.atMs ?? 0),
    record.day ? date(record.day, state.lang) : '',
    kind,
    record.counts ?? 0,
    sumOf(record),
    record.unitCode ?? '',
    by,
    record.participant ?? '',
    record.position ?? '',
  ];
}

function nameOf(code) {
  const { unit, children } = model.board;
  const found = code === unit?.code ? unit : children.get(code);
  return found ? named(found, state.lang) : code;
}

function row(record) {
  const texts = cells(record).map((value, at) => {
    if (COLUMNS[at] === 'sum') return value === 0n ? '' : dong(value, state.lang);
    if (COLUMNS[at] === 'counts') return `${value > 0 ? '+' : ''}${count(value, state.lang)}`;
    return COLUMNS[at] === 'unit' ? nameOf(value) : String(value);
  });
  return make('tr', {}, ...texts.map((text, at) => make('td', { class: `b-${COLUMNS[at]}` }, text)));
}

async function save() {
  const lines = [COLUMNS.map((key) => words()[`record_${key}`])];
  let token = '';
  for (let page = 0; page < FILE_PAGES_MAX; page++) {
    const answer = await ask({ pageSize: FILE_PAGE_ROWS, ...(token ? { pageToken: token } : {}) });
    lines.push(...(answer.records ?? []).map(cells));
    token = answer.nextPageToken ?? '';
    if (!token) break;
  }
  saveCsv(`ansinh-records-${state.unit}`, lines);
}

export function beginRecords() {
  at('records-next').addEventListener('click', () => {
    pages.push(at('records-next').dataset.token);
    show();
  });
  at('records-back').addEventListener('click', () => {
    pages.pop();
    show();
  });
  at('records-csv').addEventListener('click', () => save().catch(() => say('records-note', words().not_now)));
  at('records-close').addEventListener('click', () => at('records').close());
  at('records').addEventListener('close', () => {
    if (state.open) go({ open: '' });
  });
}
