/* Draws a leaflet from the API's answer. Nothing is computed here but the texts: every sum is the API's. */

import { count, date } from './format.js';
import { TEXT, citation } from './leaflet_text.js';

const COUNTRY = 'VN';
const MS_PER_DAY = 24 * 3600 * 1000;
const MONTHS_PER_YEAR = 12;
// Pensions are shown for the lowest income, and for the next ones from these on.
const PENSION_INCOMES = [0n, 3000000n, 5000000n];

const at = (id) => document.getElementById(id);

/* make('td', { className: 'due', scope: 'row' }, 'text', element, ...) */
function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function dayBefore(day) {
  return new Date(Date.parse(day) - MS_PER_DAY).toISOString().slice(0, 10);
}

/* Groups that pay the same everywhere share a column: [{ at: [0, 3], name }] */
function columnsOf(steps, groups) {
  const columns = new Map();
  steps[0].shares.forEach((share, i) => {
    const sums = steps.map(({ shares }) => [shares[i].centralVnd, shares[i].localVnd, shares[i].donorVnd].join()).join(';');
    columns.set(sums, [...(columns.get(sums) ?? []), i]);
  });
  const nameOf = (i) => {
    const { specialZone, supportGroup } = steps[0].shares[i];
    const isZoneOfMany = specialZone && !steps[0].shares.every((share) => share.specialZone);
    return isZoneOfMany ? groups.zone : groups[supportGroup];
  };
  return [...columns.values()].map((at) => ({
    at,
    name: columns.size === 1 ? groups.everyone : at.map(nameOf).join(' / '),
  }));
}

const helpOf = (share) => BigInt(share.centralVnd) + BigInt(share.localVnd) + BigInt(share.donorVnd);

export class LeafletView {
  #lang;
  #words;
  #columns = [];

  constructor(lang) {
    this.#lang = lang;
    this.#words = TEXT[lang];
  }

  #number(value) {
    return count(BigInt(value), this.#lang);
  }

  #date(day) {
    if (this.#lang === 'vi') return date(day, 'vi');
    return new Date(day).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
  }

  draw(json, placeName, address) {
    const monthly = json.steps.filter(({ method }) => method === 'METHOD_MONTHLY');
    const cheapest = json.steps.filter(({ incomeVnd }) => incomeVnd === monthly[0].incomeVnd);
    this.#columns = columnsOf(json.steps, this.#words.groups);
    at('place').textContent = placeName;
    at('lead').textContent = this.#words.lead(json.pensionYears);
    this.#drawValidity(json);
    this.#drawExample(json, monthly[0]);
    this.#drawPay(json, monthly, cheapest);
    this.#drawPensions(json);
    this.#drawMore(json);
    this.#drawHealth(json.households);
    this.#drawEnrolment(json);
    this.#drawLaw(json, address);
    this.#drawPicker();
  }

  #drawValidity({ on, changesOn }) {
    const until = changesOn && this.#date(dayBefore(changesOn));
    const text = this.#words.valid(this.#date(on), until);
    at('valid').textContent = until ? text + this.#words.then_new : text;
  }

  #drawExample({ example }, step) {
    const words = this.#words;
    const explanation = (line) => (this.#lang === 'vi' ? line.explanationVi : line.explanation).replaceAll(' x ', ' × ');
    const row = (kind, title, sign, amount, how) =>
      make('div', { className: kind }, make('dt', {}, title),
        make('dd', {}, make('i', { 'aria-hidden': true }, sign), make('b', {}, this.#number(amount)), ` ${words.dong('').trim()}`),
        make('dd', { className: 'how' }, how));
    const lines = example.map((line) => {
      const title = words[line.key] ?? (this.#lang === 'vi' ? line.titleVi : line.title);
      const amount = BigInt(line.amountVnd);
      const kind = line.key === 'contribution' ? 'gross' : 'help';
      return row(kind, title, amount < 0n ? '−' : '', amount < 0n ? -amount : amount, explanation(line));
    });
    at('example-chosen').textContent = words.example_chosen(this.#number(step.incomeVnd),
      this.#columns.length > 1 ? this.#columns.at(-1).name : '');
    at('example').replaceChildren(...lines, row('due', words.due, '=', step.shares.at(-1).dueVnd, words.a_month));
  }

  /* What the groups pay. What others pay for them is told once where it is the same for all incomes. */
  #drawPay(json, monthly, cheapest) {
    const words = this.#words;
    const sums = this.#columns.map(({ at: [i] }) => new Set(monthly.map(({ shares }) => helpOf(shares[i]))));
    const isHelpSame = sums.every(({ size }) => size === 1);
    const heads = [words.col_income, words.col_gross].map((head) => make('th', { scope: 'col' }, head));
    const names = this.#cells('th', (i, { name }) => [name, make('small', {}, words.col_due)]);
    for (const cell of names) cell.scope = 'col';
    // Two lines a row, and a box more in the example: smaller type keeps it on the sheet.
    at('front').classList.toggle('dense', !isHelpSame || json.example.length > 2);
    const others = make('th', { scope: 'colgroup', colSpan: heads.length + names.length }, words.at_once(this.#number(cheapest[0].incomeVnd)));
    at('pay').replaceChildren(
      make('thead', {}, make('tr', {}, ...heads, ...names)),
      make('tbody', {}, ...(isHelpSame ? [this.#helpRow(monthly)] : []),
        ...monthly.map((step) => this.#payRow(this.#number(step.incomeVnd), step, !isHelpSame))),
      make('tbody', { className: 'others' }, make('tr', {}, others),
        ...cheapest.filter(({ months }) => months > 1).map((step) => this.#payRow(words.every(step.months), step, false))),
    );
    const notes = [words.pay_choice(this.#number(json.incomeMinVnd), this.#number(json.incomeMaxVnd))];
    if (this.#columns.length > 1) notes.push(words.pay_groups);
    if (!isHelpSame) notes.push(words.pay_small);
    if (json.supportMonths > 0) notes.push(words.pay_years(Math.floor(json.supportMonths / MONTHS_PER_YEAR)));
    if (json.unitCode === COUNTRY) notes.push(words.pay_places);
    at('pay-note').textContent = notes.join(' ');
  }

  /* A cell for each group; content(i, column) is about the shares at i. */
  #cells(tag, content) {
    return this.#columns.map((column, n) =>
      make(tag, { className: 'group', 'data-group': n }, ...[content(column.at[0], column)].flat()));
  }

  #helpRow(steps) {
    const shares = steps.flatMap((step) => step.shares);
    const has = (pocket) => shares.some((share) => share[pocket] !== '0');
    return make('tr', { className: 'help' },
      make('th', { scope: 'row', colSpan: 2 }, this.#words.helped(has('localVnd'), has('donorVnd'))),
      ...this.#cells('td', (i) => `−${this.#number(helpOf(steps[0].shares[i]))}`));
  }

  #payRow(head, step, isHelpTold) {
    const due = ({ dueVnd }) => this.#number(dueVnd);
    const help = (share) => make('small', {}, `−${this.#number(helpOf(share))}`);
    const cells = this.#cells('td', (i) => [due(step.shares[i]), ...(isHelpTold ? [help(step.shares[i])] : [])]);
    for (const cell of cells) cell.classList.add('due');
    return make('tr', {}, make('th', { scope: 'row' }, head), make('td', {}, this.#number(step.grossVnd)), ...cells);
  }

  /* A table whose rows have a line of their own on a phone. */
  #wideTable(table, heads, rows) {
    const row = (cells) => make('tr', { role: 'row' }, ...cells);
    const head = row(heads.map((text) => make('th', { scope: 'col', role: 'columnheader' }, text)));
    const body = rows.map(({ title, note, cells }) => row([
      make('th', { scope: 'row', role: 'rowheader' }, title, ' ', make('small', {}, note)),
      ...cells.map((text) => make('td', { role: 'cell' }, text)),
    ]));
    table.replaceChildren(make('thead', { role: 'rowgroup' }, head), make('tbody', { role: 'rowgroup' }, ...body));
  }

  #drawPensions({ on, pensions }) {
    const words = this.#words;
    at('pension-box').hidden = pensions.length === 0;
    if (pensions.length === 0) return;
    const incomes = pensions[0].sums.map(({ incomeVnd }) => BigInt(incomeVnd));
    const chosen = PENSION_INCOMES.map((least) => incomes.findIndex((income) => income >= least));
    const columns = [...new Set(chosen)].filter((i) => i >= 0);
    const time = (months) => words.time(Math.floor(months / MONTHS_PER_YEAR), months % MONTHS_PER_YEAR);
    this.#wideTable(at('pension'), [words.col_joins, ...columns.map((i) => this.#number(incomes[i]))],
      pensions.map((pension) => ({
        title: words.joins(words.sexes[pension.sex], pension.joiningAge),
        note: words.retires(time(pension.monthsPaid), pension.pensionAge),
        cells: columns.map((i) => this.#number(pension.sums[i].monthlyPensionVnd)),
      })));
    at('caveat').textContent = words.caveat(this.#date(on));
  }

  #drawMore(json) {
    const words = this.#words;
    const parts = [];
    if (json.maternityVnd !== '0')
      parts.push(words.maternity(this.#number(json.maternityVnd), json.maternityMonths, json.maternityWindow));
    if (json.funeralVnd !== '0') parts.push(words.funeral(this.#number(json.funeralVnd), json.funeralMonths));
    at('more').hidden = parts.length === 0;
    at('more').textContent = `${words.more}: ${parts.join('; ')}.`;
  }

  #drawHealth(households) {
    const words = this.#words;
    at('health-box').hidden = households.length === 0;
    if (households.length === 0) return;
    const longest = households[0].periods.length - 1;
    this.#wideTable(at('health'), [words.col_members, ...households[0].periods.map(({ months }) => words.period(months))],
      households.map(({ members, periods }) => ({
        title: words.members(members),
        note: members > 1 ? words.last_member(members, this.#number(periods[longest].lastMemberVnd), periods[longest].months) : '',
        cells: periods.map(({ totalVnd }) => this.#number(totalVnd)),
      })));
  }

  #drawEnrolment({ minimumAge }) {
    at('steps').replaceChildren(...this.#words.steps.map((step) => make('li', {}, step)));
    at('who').textContent = this.#words.who(minimumAge);
  }

  /* "Law ..., article 1, article 2 (pension), article 3 (contribution); Decree ... (poverty line)" */
  #rulesText(rules) {
    const documents = new Map();
    for (const { table, citation: text, unconfirmed } of rules) {
      const subject = (this.#words.subjects[table] ?? table) + (unconfirmed ? `, ${this.#words.unconfirmed(unconfirmed)}` : '');
      for (const piece of citation(text, this.#lang).split('; ')) {
        const [title, ...article] = piece.split(', ');
        const subjects = documents.get(title) ?? new Map();
        documents.set(title, subjects.set(subject, (subjects.get(subject) ?? new Set()).add(article.join(', '))));
      }
    }
    const said = ([subject, articles]) => `${[...articles].map((article) => article && `, ${article}`).join('')} (${subject})`;
    return [...documents].map(([title, subjects]) => title + [...subjects].map(said).join('')).join('; ');
  }

  #drawLaw({ rules, changesOn, nextRules }, address) {
    const texts = [`${this.#rulesText(rules)}.`];
    if (changesOn && nextRules.length > 0)
      texts.push(this.#words.next_rules(this.#date(changesOn), this.#rulesText(nextRules)));
    at('law').textContent = texts.join(' ');
    at('source').textContent = this.#words.source(address);
  }

  /* On a phone one group is in sight; the last one is that of most people. */
  #drawPicker() {
    const last = this.#columns.length - 1;
    at('picker').hidden = last === 0;
    const choices = this.#columns.map(({ name }, i) => {
      const input = make('input', { type: 'radio', name: 'group', value: i, checked: i === last });
      input.addEventListener('change', () => this.#choose(i));
      return make('label', {}, input, make('span', {}, name));
    });
    at('groups').replaceChildren(...choices);
    this.#choose(last);
  }

  #choose(group) {
    for (const cell of document.querySelectorAll('[data-group]'))
      cell.classList.toggle('chosen', Number(cell.dataset.group) === group);
  }
}
