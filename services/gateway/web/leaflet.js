/* The leaflet of a place and a day: what is paid, what the state adds, what it leads to. */

import { locate } from './directory.js';
import { businessDay, date } from './format.js';
import { TEXT } from './leaflet_text.js';
import { LeafletView } from './leaflet_view.js';

const COUNTRY = 'VN';
const UNIT_DEFAULT = '15';
const METHODS = ['METHOD_MONTHLY', 'METHOD_QUARTERLY', 'METHOD_HALF_YEARLY', 'METHOD_YEARLY'];
const TIMEOUT_MS = 15000;

const at = (id) => document.getElementById(id);
const query = new URLSearchParams(window.location.search);
const page = {
  unit: query.get('unit') || UNIT_DEFAULT,
  on: query.get('on') || '',
  lang: query.get('lang') === 'en' ? 'en' : 'vi',
  place: { self: null, province: null },
};
const words = TEXT[page.lang];

function href({ unit = page.unit, on = page.on, lang = page.lang }) {
  const fields = { unit, ...(on && { on }), lang };
  return `?${new URLSearchParams(fields)}`;
}

/* A read of the API. An error is thrown with the field to blame, "" when none is. */
async function read(method, message) {
  const fields = { connect: 'v1', encoding: 'json', message: JSON.stringify(message) };
  const response = await fetch(`/ansinh.v1.${method}?${new URLSearchParams(fields)}`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const json = await response.json();
  if (!response.ok) throw Object.assign(new Error(json.message), { field: json.details?.[0]?.debug?.field ?? '' });
  return json;
}

function translate() {
  document.documentElement.lang = page.lang;
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = words[element.dataset.t];
  for (const lang of Object.keys(TEXT)) {
    at(`lang-${lang}`).href = href({ lang });
    if (lang === page.lang) at(`lang-${lang}`).setAttribute('aria-current', 'true');
  }
  at('back').href = `./?${new URLSearchParams({ unit: page.unit, lang: page.lang })}`;
  document.title = words.campaign;
}

function placeName() {
  const { self } = page.place;
  if (page.unit === COUNTRY || !self) return page.unit === COUNTRY ? words.country : page.unit;
  return page.lang === 'en' ? self.nameEn : self.fullName;
}

function placeLine() {
  const { province } = page.place;
  if (!province) return placeName();
  return `${placeName()}, ${page.lang === 'en' ? province.nameEn : province.fullName}`;
}

/* What went wrong, and a way on. */
function refuse({ field }) {
  const ways = {
    unit_code: [words.unknown_unit(page.unit), words.to_country, href({ unit: COUNTRY })],
    on: [words.unknown_day(Date.parse(page.on) ? date(page.on, page.lang) : page.on), words.to_today, href({ on: '' })],
  };
  const [text, label, address] = ways[field] ?? [words.unanswered, words.again, href({})];
  const link = document.createElement('a');
  link.href = address;
  link.textContent = label;
  at('notice').replaceChildren(`${text} `, link);
  at('notice').hidden = false;
  at('print').hidden = true;
  document.body.dataset.state = 'refused';
}

async function show() {
  const place = locate(page.unit);
  const wanted = { unitCode: page.unit, methods: METHODS, ...(page.on && { on: page.on }) };
  try {
    const json = await read('Payments/GetLeaflet', wanted);
    page.place = await place;
    new LeafletView(page.lang).draw(json, placeLine(), window.location.host + window.location.pathname + href({ on: '' }));
    at('on').value = json.on;
    document.title = `${words.campaign} · ${placeName()}`;
    at('leaflet').hidden = false;
    document.body.dataset.state = 'shown';
  } catch (error) {
    console.info(`no leaflet: ${error.message}`);
    page.place = await place;
    refuse(error);
  }
  at('waiting').hidden = true;
}

/* --- another place or day --- */

const collator = new Intl.Collator('vi');

async function unitsBelow(code) {
  const json = await read('Analytics/GetProgress', { unitCode: code, withChildren: true });
  return json.children.map(({ unitCode, name }) => ({ code: unitCode, name })).sort((a, b) => collator.compare(a.name, b.name));
}

function fill(select, first, units, chosen) {
  const options = [{ code: '', name: first }, ...units].map(({ code, name }) => new Option(name, code, false, code === chosen));
  select.replaceChildren(...options);
  select.disabled = units.length === 0;
}

function choose() {
  at('unit').value = at('commune').value || at('province').value || COUNTRY;
}

async function fillCommunes(province, chosen) {
  fill(at('commune'), words.whole_province, [], '');
  choose();
  if (!province) return;
  const units = await unitsBelow(province);
  if (at('province').value !== province) return; // another one was chosen meanwhile
  fill(at('commune'), words.whole_province, units, chosen);
  choose();
}

/* The lists are fetched when somebody opens the chooser, until they are there. */
async function openChooser() {
  if (!at('province').disabled || !at('chooser').open) return;
  const { self, province } = page.place;
  const isCommune = self?.level === 'UNIT_LEVEL_COMMUNE';
  const chosen = isCommune ? province?.code : self?.level === 'UNIT_LEVEL_PROVINCE' ? self.code : '';
  at('unit').value = page.unit;
  try {
    fill(at('province'), words.whole_country, await unitsBelow(COUNTRY), chosen);
    await fillCommunes(chosen, isCommune ? self.code : '');
  } catch (error) {
    console.info(`no list of places: ${error.message}`);
    at('unit').value = page.unit;
    fill(at('province'), words.no_places, [], '');
  }
}

at('lang').value = page.lang;
at('unit').value = page.unit;
at('on').value = page.on || businessDay(Date.now());
at('print').addEventListener('click', () => window.print());
at('chooser').addEventListener('toggle', openChooser);
at('province').addEventListener('change', () => fillCommunes(at('province').value, ''));
at('commune').addEventListener('change', choose);
translate();
show();
