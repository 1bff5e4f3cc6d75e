/* The dashboard's first page: one unit, live, and the units below it. */

import { begin, FILTERS, href, keep, state } from './address.js';
import { Asked } from './asked.js';
import { Board } from './board.js';
import { boards } from './boards.js';
import { saveCsv } from './csv.js';
import { locate } from './directory.js';
import { at, make, say } from './dom.js';
import { countDown, forecast } from './forecast.js';
import { clearFeed, drawFeed, tellFeed } from './feed.js';
import { askOptions, beginFilters, drawFilters } from './filters.js';
import { count, named, percent } from './format.js';
import { drawFunnel } from './funnel.js';
import { help } from './help.js';
import { dayText, drawHero, drawMoney, moment } from './hero.js';
import { Live } from './live.js';
import { model, NOWHERE } from './model.js';
import { Panels } from './panels.js';
import { beginPart, holdPart } from './part.js';
import { beginPicker, DAYS_BACK } from './picker.js';
import { beginRecords, drawRecords } from './records.js';
import { series } from './series.js';
import { sessions } from './sessions.js';
import { filters, isOffice, isStreamed } from './slice.js';
import { Table } from './table.js';
import { beginTarget, countedLabel, follow, hasTargets, held, heldChildren, isAwaited, openToday, openValue, target } from './target.js';
import { TEXT, words } from './text.js';
import { drawTiles } from './tiles.js';
import { beginTools } from './tools.js';
import { drawWall } from './wall.js';

const COUNTRY = 'VN';
const UNIT_CODE = /^(VN|\d{2}|\d{5}|SI:[\w.-]+)$/;
// A screen reader shall hear where the number stands, not every payment.
const SPOKEN_PAUSE_MS = 20000;
const COUNT_DOWN_MS = 10000;

const page = {
  view: '', // unit, moment and filters
  choices: new Map(),
  live: null,
  link: { state: 'connecting', since: 0 },
  isDrawing: false,
  isNew: false, // nothing of this view is drawn yet
  isFollowing: false, // a link was followed: the reader's focus goes to the new unit once it is there
  spokenAt: 0,
};

// What each panel's numbers depend on: when it changes, the panel asks anew.
const CHOICES = new Map([
  [forecast, ['plan']],
  [help, ['plan', 'help']],
  [series, ['chart']],
  [boards, ['plan', 'by', 'order', 'tier', 'span', 'rows']],
  [sessions, ['touch']],
]);

const panels = new Panels([help, forecast, series, boards, sessions], () => {
  drawWall();
  holdPart();
});
const table = new Table(
  { head: at('table').tHead, body: at('rows'), search: at('search'), noMatch: at('no-match') },
  {
    href: (code) => href({ unit: code }),
    open: ({ code, day }, key) => (key === 'today' ? openToday(code, day) : openValue(code)),
    onSort: (sort) => keep({ sort }),
    onSearch: (q) => keep({ q }),
  },
);

/* Takes the page to the unit and moment of the address; the words and choices may change too. */
function arrive() {
  translate();
  drawWall();
  drawRecords();
  const view = `${state.unit} ${state.at} ${state.still} ${JSON.stringify(filters())}`;
  if (view === page.view && page.live) {
    follow(false);
    askOptions();
    draw();
    panels.redraw();
    askChosen();
    return;
  }
  page.isFollowing = page.view !== '' && page.view.split(' ')[0] !== state.unit;
  if (page.isFollowing) window.scrollTo(0, 0);
  leave();
  page.view = view;
  follow(true);
  askChosen();
  if (!UNIT_CODE.test(state.unit)) refuse();
  else watch(state.unit);
  if (UNIT_CODE.test(state.unit) && state.unit !== COUNTRY && !isOffice()) findPlace(state.unit);
}

function leave() {
  page.live?.end();
  page.live = null;
  model.place = NOWHERE;
  model.board = new Board();
  at('notice').hidden = true;
  panels.reset();
  clearFeed();
  setLink('connecting');
}

function askChosen() {
  for (const [panel, names] of CHOICES) {
    const chosen = names.map((name) => (name === 'plan' ? `${state.plan} ${target()?.planCode}` : state[name])).join();
    const isNew = page.choices.has(panel) && page.choices.get(panel) !== chosen;
    page.choices.set(panel, chosen);
    if (isNew && model.board.unit && !page.isNew) panels.ask(panel);
  }
}

function take(json, kind) {
  page.isNew ||= model.board.unit === null;
  model.board[kind](json, (before, after) => tellFeed(before, after, Number(json.asOfMs ?? 0)));
  drawSoon();
}

function watch(unit) {
  const takeLive = (kind) => (json) => {
    take(json, kind);
    setLink('live');
  };
  const on = {
    snapshot: takeLive('snapshot'),
    progress: takeLive('progress'),
    resumed: () => setLink('live'),
    past: (ms) => setLink('past', ms),
    stale: (sinceMs) => setLink('stale', sinceMs),
    lost: () => setLink('lost'),
    refused: refuse,
  };
  page.live = isStreamed() ? new Live(unit, on) : new Asked(on);
}

/* field: of the request, which the server does not take; that of the unit when nothing is said. */
function refuse(field = 'unit_code') {
  page.live?.end();
  page.live = null;
  at('board').hidden = true;
  at('filters').hidden = true;
  const { text, change, next } = refusal(field);
  at('notice').replaceChildren(`${text} `, make('a', { href: href(change) }, next));
  at('notice').hidden = false;
  setLink('refused');
}

/* What is wrong with the address, and the way to the page without it. */
function refusal(field) {
  const kind = FILTERS.find((one) => state[one] && field.endsWith(one === 'product' ? one : `${one}_code`));
  if (kind) return { text: words().unknown_filter(words()[`filter_${kind}`], state[kind]), change: { [kind]: '' }, next: words().filter_none };
  if (state.plan && field === 'plan_code') return { text: words().unknown_plan(state.plan), change: { plan: '' }, next: words().plan_in_force_next };
  if (state.at && field !== 'unit_code')
    return { text: words().unknown_moment(state.at, DAYS_BACK), change: { at: '' }, next: words().pick_live };
  return { text: words().unknown_unit(state.unit), change: { unit: COUNTRY }, next: words().to_country };
}

async function findPlace(unit) {
  const place = await locate(unit);
  if (state.unit !== unit) return;
  model.place = place;
  drawSoon();
}

function setLink(name, sinceMs) {
  const { link } = page;
  const isOutage = name === 'stale' || name === 'lost';
  if (link.state === name) return;
  // From late to lost is one outage: what counts is since when the figures stand still.
  const wasOutage = link.state === 'stale' || link.state === 'lost';
  page.link = { state: name, since: isOutage && wasOutage ? link.since : sinceMs || Date.now() };
  drawLink();
}

function drawLink() {
  const { link } = page;
  document.body.dataset.link = link.state;
  const text = words()[link.state] ?? '';
  say('link-text', typeof text === 'function' ? text(moment(link.since)) : text);
}

function translate() {
  document.documentElement.lang = state.lang;
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = words()[element.dataset.t];
  for (const element of document.querySelectorAll('[data-t-label]'))
    element.setAttribute('aria-label', words()[element.dataset.tLabel]);
  at('search').placeholder = words().search;
  at('filter-office').placeholder = words().office_hint;
  if (at('search').value.trim() !== state.q) at('search').value = state.q;
  for (const other of Object.keys(TEXT)) {
    const link = at(`lang-${other}`);
    link.href = href({ lang: other });
    if (other === state.lang) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
  at('home').href = href({ unit: COUNTRY });
  at('leaflet').hidden = isOffice();
  at('leaflet').href = `leaflet?unit=${encodeURIComponent(state.unit)}&lang=${state.lang}`;
  at('to-wall').href = href({ wall: 'on' });
  drawLink();
}

/* Frames may come faster than the screen: what is drawn is the last. A picture is taken of what comes once. */
function drawSoon() {
  if (state.still) {
    draw();
    return;
  }
  if (page.isDrawing) return;
  page.isDrawing = true;
  window.requestAnimationFrame(() => {
    page.isDrawing = false;
    draw();
  });
}

function draw() {
  const { unit, planYear } = model.board;
  // The year's plan is not shown before the one that was asked for, nor anything of what was refused.
  if (!unit || !page.live || (page.isNew && isAwaited())) return;
  const counted = held(unit);
  if (page.isNew) loadRest();
  if (at('board').hidden) performance.mark('ready');
  at('board').hidden = false;
  drawHero(counted, unitName(unit), planYear);
  drawFunnel(unit);
  drawMoney(unit);
  drawUnits();
  drawTrail(unit);
  drawChange();
  drawFeed();
  drawFilters();
  drawWall();
  holdPart();
  document.title = `${count(counted.participants, state.lang)} · ${unitName(unit)} · ansinh`;
  speak(counted);
  if (page.isFollowing) at('unit-name').focus({ preventScroll: true });
  page.isFollowing = false;
}

/* What the number is not made of is asked for once the number is painted. */
function loadRest() {
  page.isNew = false;
  if (state.still) panels.load();
  else window.requestAnimationFrame(() => setTimeout(() => model.board.unit && panels.load()));
  askOptions();
}

function unitName(unit) {
  if (unit.code === COUNTRY) return words().country;
  const { self } = model.place;
  return (state.lang === 'en' ? self?.nameEn : self?.fullName) || named(unit, state.lang);
}

function drawChange() {
  const { changedMs } = model.board;
  if (state.at) say('changed', words().pick_other);
  else say('changed', changedMs ? words().changed(moment(changedMs)) : words().unchanged);
}

function drawUnits() {
  const { unit } = model.board;
  const children = heldChildren();
  const isCountry = unit.code === COUNTRY;
  at('units').hidden = children.size === 0;
  at('board').classList.toggle('leaf', children.size === 0 || !hasTargets());
  drawTiles(hasTargets() ? children : new Map(), isCountry ? words().map_of_country : words().map_of_province);
  const title = isCountry ? words().units_of_country : words().units_of_province;
  say('units-title', title(count(children.size, state.lang)));
  say('col-participants', countHead());
  say('col-today', words().new_on(dayText(unit)));
  if (table.holds(children)) table.update(children, state.lang);
  else table.reset(children, state.lang);
  table.order(state.sort);
  table.search(at('search').value);
}

function countHead() {
  const label = countedLabel();
  return target() ? label[0].toUpperCase() + label.slice(1) : words().col_participants;
}

function drawTrail(unit) {
  const above = [];
  if (unit.code !== COUNTRY) above.push({ code: COUNTRY, name: words().country });
  const { province } = model.place;
  if (province) above.push({ code: province.code, name: named(province, state.lang) });
  const key = above.map(({ code, name }) => href({ unit: code }) + name).join();
  if (at('trail').dataset.key === key) return;
  at('trail').dataset.key = key;
  at('trail').replaceChildren(...above.map(({ code, name }) => make('a', { href: href({ unit: code }) }, name)));
}

function speak(unit) {
  if (Date.now() - page.spokenAt < SPOKEN_PAUSE_MS) return;
  page.spokenAt = Date.now();
  say('spoken', words().spoken(`${count(unit.participants, state.lang)} ${countedLabel()}`, percent(unit.percent, state.lang)));
}

at('units-csv').addEventListener('click', () => saveCsv(`ansinh-${state.unit}`, table.lines({ participants: countHead() })));
setInterval(countDown, COUNT_DOWN_MS);
beginTarget({
  changed: () => {
    askChosen();
    drawSoon();
  },
  refused: refuse,
});
beginFilters();
beginPart();
beginTools();
beginPicker();
beginRecords();
begin(arrive);
