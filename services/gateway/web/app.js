/* The dashboard's first page: one unit, live, and the units below it. */

import { Board } from './board.js';
import { locate } from './directory.js';
import { glow } from './flash.js';
import { businessDay, clock, count, date, dong, gain, percent } from './format.js';
import { Live } from './live.js';
import { Table } from './table.js';
import { TEXT } from './text.js';

const COUNTRY = 'VN';
const UNIT_DEFAULT = '15';
const UNIT_CODE = /^(VN|\d{2}|\d{5})$/;
// A screen reader shall hear where the number stands, not every payment.
const SPOKEN_PAUSE_MS = 20000;

const at = (id) => document.getElementById(id);
const say = (id, text) => {
  if (at(id).textContent !== text) at(id).textContent = text;
};

const NOWHERE = { self: null, province: null };

const page = {
  unit: UNIT_DEFAULT,
  lang: 'vi',
  board: new Board(),
  live: null,
  link: { state: 'connecting', since: 0 },
  place: NOWHERE,
  isDrawing: false,
  isFollowing: false, // a link was followed: the reader's focus goes to the new unit once it is there
  spokenAt: 0,
  shown: { unit: '', participants: null },
};

const words = () => TEXT[page.lang];
const number = (value) => count(value, page.lang);

function href(unit, lang = page.lang) {
  return `?unit=${encodeURIComponent(unit)}&lang=${lang}`;
}

const table = new Table(
  { head: at('table').tHead, body: at('rows'), search: at('search'), noMatch: at('no-match') },
  href,
);

function readAddress() {
  const query = new URLSearchParams(window.location.search);
  page.lang = query.get('lang') === 'en' ? 'en' : 'vi';
  return query.get('unit') || UNIT_DEFAULT;
}

/* Takes the page to the unit of the address; the words may change too. */
function arrive() {
  const unit = readAddress();
  translate();
  if (unit === page.unit && page.live) {
    draw();
    return;
  }
  page.live?.end();
  page.unit = unit;
  page.place = NOWHERE;
  page.board = new Board();
  at('search').value = '';
  at('notice').hidden = true;
  setLink('connecting');
  if (!UNIT_CODE.test(unit)) {
    refuse();
    return;
  }
  if (unit !== COUNTRY) findPlace(unit);
  page.live = new Live(unit, {
    snapshot: (json) => {
      page.board.snapshot(json);
      setLink('live');
      drawSoon();
    },
    progress: (json) => {
      page.board.progress(json);
      setLink('live');
      drawSoon();
    },
    stale: (sinceMs) => setLink('stale', sinceMs),
    lost: () => setLink('lost'),
    refused: refuse,
  });
}

function refuse() {
  page.live?.end();
  page.live = null;
  at('board').hidden = true;
  const link = document.createElement('a');
  link.href = href(COUNTRY);
  link.textContent = words().to_country;
  at('notice').replaceChildren(`${words().unknown_unit(page.unit)} `, link);
  at('notice').hidden = false;
  setLink('refused');
}

async function findPlace(unit) {
  const place = await locate(unit);
  if (page.unit !== unit) return;
  page.place = place;
  drawSoon();
}

function setLink(state, sinceMs) {
  const { link } = page;
  const isOutage = state === 'stale' || state === 'lost';
  if (link.state === state) return;
  // From late to lost is one outage: what counts is since when the figures stand still.
  const wasOutage = link.state === 'stale' || link.state === 'lost';
  page.link = { state, since: isOutage && wasOutage ? link.since : sinceMs || Date.now() };
  drawLink();
}

function drawLink() {
  const { state, since } = page.link;
  document.body.dataset.link = state;
  const text = words()[state] ?? '';
  say('link-text', typeof text === 'function' ? text(clock(since)) : text);
}

function translate() {
  const { lang } = page;
  document.documentElement.lang = lang;
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = words()[element.dataset.t];
  for (const element of document.querySelectorAll('[data-t-label]'))
    element.setAttribute('aria-label', words()[element.dataset.tLabel]);
  at('search').placeholder = words().search;
  for (const other of Object.keys(TEXT)) {
    const link = at(`lang-${other}`);
    link.href = href(readAddress(), other);
    if (other === lang) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
  at('home').href = href(COUNTRY);
  at('leaflet').href = `leaflet${href(readAddress())}`;
  drawLink();
}

/* Frames may come faster than the screen: what is drawn is the last. */
function drawSoon() {
  if (page.isDrawing) return;
  page.isDrawing = true;
  window.requestAnimationFrame(() => {
    page.isDrawing = false;
    draw();
  });
}

function draw() {
  const { unit } = page.board;
  if (!unit) return;
  at('board').hidden = false;
  drawHero(unit);
  drawPeople(unit);
  drawMoney(unit);
  drawUnits();
  drawTrail(unit);
  drawChange();
  document.title = `${number(unit.participants)} · ${unitName(unit)} · ansinh`;
  speak(unit);
  if (page.isFollowing) at('unit-name').focus({ preventScroll: true });
  page.isFollowing = false;
}

function unitName(unit) {
  if (unit.code === COUNTRY) return words().country;
  const { self } = page.place;
  return (page.lang === 'en' ? self?.nameEn : self?.fullName) || unit.name;
}

/* The day is told when it is not this one. */
function drawChange() {
  const { changedMs, hasChanged } = page.board;
  const day = businessDay(changedMs);
  const time = day === businessDay(Date.now()) ? clock(changedMs) : `${clock(changedMs)} ${date(day, page.lang)}`;
  say('changed', hasChanged ? words().changed(time) : words().unchanged(time));
}

function drawHero(unit) {
  const hasPlan = unit.plan !== 0n;
  say('unit-name', unitName(unit));
  const participants = number(unit.participants);
  say('participants', participants);
  at('participants').style.setProperty('--length', participants.length);
  say('percent', percent(unit.percent, page.lang));
  at('ring').hidden = !hasPlan;
  at('ring').style.setProperty('--done', Math.min(Number(unit.percent || 0), 100));
  say('plan-label', words().plan_label(page.board.planYear));
  say('plan', hasPlan ? number(unit.plan) : words().no_plan);
  at('plan-box').classList.toggle('planless', !hasPlan);
  at('gap-box').hidden = !hasPlan;
  at('gap-box').classList.toggle('reached', unit.gap <= 0n);
  say('gap-label', unit.gap < 0n ? words().over_label : words().gap_label);
  say('gap', number(unit.gap < 0n ? -unit.gap : unit.gap));
  say('today-label', words().new_on(dayText(unit)));
  say('today', gain(unit.today, page.lang));
  const pace = page.board.pace();
  at('pace-box').hidden = !pace;
  if (pace) {
    say('pace-label', words().pace_label(pace.days));
    say('pace', number(pace.perDay));
  }
  const { shown } = page;
  const hasMoved = shown.unit === unit.code && shown.participants !== unit.participants;
  if (hasMoved) glow(at('participants'));
  page.shown = { unit: unit.code, participants: unit.participants };
}

/* "Today" only while it is that day: a page may be left open over midnight. */
function dayText(unit) {
  const isToday = !unit.day || unit.day === businessDay(Date.now());
  return isToday ? words().today : words().on_day(date(unit.day, page.lang));
}

function drawPeople(unit) {
  const waiting = unit.declared - unit.participants;
  say('declared', number(unit.declared));
  say('paid', number(unit.participants));
  say('waiting', number(waiting > 0n ? waiting : 0n));
  say('declared-today', `${gain(unit.declaredToday, page.lang)} ${dayText(unit)}`);
  say('paid-today', `${gain(unit.today, page.lang)} ${dayText(unit)}`);
}

function drawMoney(unit) {
  const pockets = Object.entries(unit.pockets);
  const total = pockets.reduce((sum, [, amount]) => sum + amount, 0n);
  say('payments', words().payments(number(unit.payments)));
  say('total', dong(total, page.lang));
  for (const [name, amount] of pockets) {
    say(`pocket-${name}`, dong(amount, page.lang));
    const perMille = total > 0n ? Number((amount * 1000n) / total) : 0;
    at('shares').style.setProperty(`--${name}-share`, perMille);
  }
}

function drawUnits() {
  const { children } = page.board;
  at('units').hidden = children.size === 0;
  at('board').classList.toggle('leaf', children.size === 0);
  const title = page.unit === COUNTRY ? words().units_of_country : words().units_of_province;
  say('units-title', title(number(children.size)));
  say('col-today', words().new_on(dayText(page.board.unit)));
  if (table.holds(children)) table.update(children, page.lang);
  else table.reset(children, page.lang);
}

function drawTrail(unit) {
  const above = [];
  if (unit.code !== COUNTRY) above.push({ code: COUNTRY, name: words().country });
  const { province } = page.place;
  if (province) above.push({ code: province.code, name: page.lang === 'en' ? province.nameEn : province.name });
  const key = above.map(({ code, name }) => href(code) + name).join();
  if (at('trail').dataset.key === key) return;
  at('trail').dataset.key = key;
  const links = above.map(({ code, name }) => {
    const link = document.createElement('a');
    link.href = href(code);
    link.textContent = name;
    return link;
  });
  at('trail').replaceChildren(...links);
}

function speak(unit) {
  if (Date.now() - page.spokenAt < SPOKEN_PAUSE_MS) return;
  page.spokenAt = Date.now();
  say('spoken', words().spoken(number(unit.participants), percent(unit.percent, page.lang)));
}

/* Links within the page change the address without loading it anew. */
document.addEventListener('click', (event) => {
  const link = event.target.closest('a[href^="?"]');
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  page.isFollowing = new URLSearchParams(link.search).get('unit') !== page.unit;
  if (page.isFollowing) window.scrollTo(0, 0);
  window.history.pushState(null, '', link.href);
  arrive();
});
window.addEventListener('popstate', arrive);
arrive();
