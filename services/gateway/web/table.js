/* The units below, one row each: sorted, searched, and changed in place as frames arrive. */

import { count, fold, gain, named, percent } from './format.js';
import { flash } from './flash.js';
import { TEXT } from './text.js';

// Rows that overtake one another change places at this pace, and not under the reader's hand.
const RESORT_MS = 4000;

const CELLS = ['name', 'participants', 'plan', 'percent', 'gap', 'today'];
const OPENING = ['participants', 'today']; // numbers that open into their records
const collator = new Intl.Collator('vi', { numeric: true });
const byName = (a, b) => collator.compare(a.name, b.name);
const byWhole = (key) => (a, b) => (a[key] < b[key] ? -1 : Number(a[key] > b[key]));

const ORDERS = {
  name: byName,
  participants: byWhole('participants'),
  plan: byWhole('plan'),
  percent: (a, b) => Number(a.percent) - Number(b.percent),
  gap: byWhole('gap'),
  today: byWhole('today'),
};

export class Table {
  #head;
  #body;
  #noMatch;
  #href;
  #open;
  #rows = new Map();
  #key = 'name';
  #isDescending = false;
  #lang = 'vi';
  #onSort;
  #needle = '';
  #sortedAt = 0;

  /* href(code) makes the address of a unit's page, open(unit, key) that of the records behind a number; onSort("gap.down") and onSearch(text) hear what the reader chose. */
  constructor(elements, { href, open, onSort, onSearch }) {
    this.#head = elements.head;
    this.#body = elements.body;
    this.#noMatch = elements.noMatch;
    this.#href = href;
    this.#open = open;
    this.#onSort = onSort;
    for (const button of this.#head.querySelectorAll('button'))
      button.addEventListener('click', () => this.#sortBy(button.closest('th').dataset.key));
    elements.search.addEventListener('input', () => {
      this.search(elements.search.value);
      onSearch(elements.search.value.trim());
    });
  }

  search(text) {
    this.#needle = fold(text.trim());
    this.#filter();
  }

  /* "gap.down": the column, and whether its largest stands first. */
  order(text) {
    const [key, direction] = text.split('.');
    if (!(key in ORDERS) || (key === this.#key && this.#isDescending === (direction === 'down'))) return;
    this.#key = key;
    this.#isDescending = direction === 'down';
    this.#sort();
  }

  /* The rows in their order on the page, as text and numbers for a file; columns have these names. */
  lines(called) {
    const cells = CELLS.filter((key) => key !== 'name');
    const heads = ['code', 'name', ...cells].map((key) => called[key] ?? TEXT[this.#lang][`col_${key}`] ?? key);
    const rows = [...this.#rows.values()].filter(({ element }) => !element.hidden);
    rows.sort((a, b) => this.#compare(a.unit, b.unit));
    return [heads, ...rows.map(({ unit }) => [unit.code, named(unit, this.#lang), ...cells.map((key) => unit[key])])];
  }

  /* Another unit is in view: new rows. */
  reset(units, lang) {
    this.#rows = new Map([...units].map(([code, unit]) => [code, newRow(unit)]));
    this.#body.replaceChildren();
    this.update(units, lang);
    this.#sort();
    this.#filter();
  }

  update(units, lang) {
    this.#lang = lang;
    // The rows' links carry what the reader has chosen elsewhere on the page.
    const stamp = this.#href('');
    for (const [code, unit] of units) {
      const row = this.#rows.get(code);
      if (row.stamp === stamp && row.unit === unit) continue;
      const hasMoved = row.lang === lang && row.unit.participants !== unit.participants;
      row.stamp = stamp;
      this.#fill(row, unit, lang);
      if (hasMoved) flash(row.element);
    }
    const isInUse = this.#body.matches(':hover, :focus-within');
    if (!isInUse && Date.now() - this.#sortedAt >= RESORT_MS) this.#sort();
  }

  /* True when the rows on the page are exactly these units. */
  holds(units) {
    return units.size === this.#rows.size && [...units.keys()].every((code) => this.#rows.has(code));
  }

  #fill(row, unit, lang) {
    row.unit = unit;
    row.lang = lang;
    const { cells } = row;
    const hasPlan = unit.plan !== 0n;
    cells.name.textContent = named(unit, lang);
    cells.name.href = this.#href(unit.code);
    for (const key of OPENING) cells[key].href = this.#open(unit, key);
    cells.participants.textContent = count(unit.participants, lang);
    cells.plan.textContent = hasPlan ? count(unit.plan, lang) : '–';
    cells.percent.textContent = percent(unit.percent, lang);
    cells.gap.textContent = hasPlan ? count(unit.gap, lang) : '–';
    cells.today.textContent = gain(unit.today, lang);
    for (const key of ['plan', 'gap']) cells[key].parentElement.dataset.label = TEXT[lang][`col_${key}`];
    row.element.classList.toggle('idle', unit.today === 0n);
    row.element.classList.toggle('planless', !hasPlan);
    row.element.classList.toggle('reached', hasPlan && unit.gap <= 0n);
    row.element.style.setProperty('--share', Math.min(Number(unit.percent || 0) / 100, 1));
  }

  #sortBy(key) {
    this.#isDescending = key === this.#key ? !this.#isDescending : key !== 'name';
    this.#key = key;
    this.#sort();
    this.#onSort(`${key}.${this.#isDescending ? 'down' : 'up'}`);
  }

  /* Units without a plan have no percent and no gap: they stand last in either direction. */
  #compare(a, b) {
    if ((this.#key === 'percent' || this.#key === 'gap') && (a.plan === 0n) !== (b.plan === 0n))
      return a.plan === 0n ? 1 : -1;
    const order = ORDERS[this.#key](a, b);
    return (this.#isDescending ? -order : order) || byName(a, b);
  }

  #sort() {
    this.#sortedAt = Date.now();
    for (const cell of this.#head.querySelectorAll('th')) {
      const direction = this.#isDescending ? 'descending' : 'ascending';
      if (cell.dataset.key === this.#key) cell.setAttribute('aria-sort', direction);
      else cell.removeAttribute('aria-sort');
    }
    const rows = [...this.#rows.values()].sort((a, b) => this.#compare(a.unit, b.unit));
    rows.forEach(({ element }, at) => {
      const present = this.#body.children[at];
      if (present !== element) this.#body.insertBefore(element, present ?? null);
    });
  }

  #filter() {
    let shown = 0;
    for (const { element, unit } of this.#rows.values()) {
      const names = `${fold(unit.name)}\n${fold(unit.nameEn)}`;
      element.hidden = !names.includes(this.#needle) && !unit.code.startsWith(this.#needle);
      shown += Number(!element.hidden);
    }
    this.#noMatch.hidden = shown > 0;
  }
}

function newRow(unit) {
  const element = document.createElement('tr');
  element.setAttribute('role', 'row');
  element.dataset.unit = unit.code;
  const cells = {};
  for (const key of CELLS) {
    const cell = element.insertCell();
    cell.setAttribute('role', 'cell');
    cell.className = key;
    const content = document.createElement(key === 'name' || OPENING.includes(key) ? 'a' : 'span');
    cell.append(content);
    cells[key] = content;
  }
  const bar = document.createElement('i');
  bar.setAttribute('aria-hidden', 'true');
  cells.percent.parentElement.append(bar);
  return { element, cells, unit, lang: '' };
}
