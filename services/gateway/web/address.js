/* The state of the page is its address: whoever gets the link sees the same. */

/* Each narrows what is counted. */
export const FILTERS = ['organisation', 'point', 'collector', 'product', 'campaign'];

const DEFAULTS = {
  unit: '15', // or "SI:<code>", an office of social insurance
  lang: 'vi',
  at: '', // "2026-11-21T17:30:00" in +07:00; empty: now
  still: '', // asked for once, without a stream: for pictures
  wall: '',
  chart: 'day',
  sort: 'name.up',
  q: '',
  organisation: '',
  point: '',
  collector: '',
  product: '', // "health"; empty: voluntary social insurance
  campaign: '',
  plan: '', // the plan that boards and forecast are held against; empty: the one in force
  help: '', // "units": who needs help of those right below, not of all communes
  by: '', // the boards: of whom, in which order, of which tier, since when
  order: 'percent',
  tier: '0',
  span: 'year',
  rows: '',
  touch: 'last_touch', // how who came is attributed to sessions
  open: '', // the records behind a number: "METRIC_PAID.15.day.2026-11-21"
};
const SEARCH_PAUSE_MS = 300;

export const state = { ...DEFAULTS };
let onArrival = () => {};
let replaceTimer = 0;

function read() {
  const query = new URLSearchParams(window.location.search);
  for (const [name, value] of Object.entries(DEFAULTS)) state[name] = query.get(name) || value;
  state.lang = state.lang === 'en' ? 'en' : 'vi';
  for (const name of ['wall', 'still']) if (query.has(name)) state[name] = query.get(name) || 'on';
  readWho(query.get('who') ?? '');
}

/* "collector:NV0001", as links of earlier versions have it. */
function readWho(text) {
  const [kind, ...code] = text.split(':');
  if (FILTERS.includes(kind)) state[kind] = code.join(':');
}

/* The address of this view with some of it changed; another unit is seen from its beginning, through the same filters. */
export function href(change) {
  const isElsewhere = change.unit !== undefined && change.unit !== state.unit;
  const next = { ...state, ...(isElsewhere ? { q: '', by: '', rows: '', open: '' } : {}), ...change };
  const query = new URLSearchParams({ unit: next.unit, lang: next.lang });
  for (const [name, value] of Object.entries(DEFAULTS))
    if (name !== 'unit' && name !== 'lang' && next[name] !== value) query.set(name, next[name]);
  return `?${query}`;
}

export function go(change) {
  window.history.pushState(null, '', href(change));
  read();
  onArrival();
}

/* Keeps what the reader has set in the address without a step of its own in the history. */
export function keep(change) {
  Object.assign(state, change);
  clearTimeout(replaceTimer);
  replaceTimer = setTimeout(() => window.history.replaceState(null, '', href({})), SEARCH_PAUSE_MS);
}

function follow(event) {
  const link = event.target.closest('a[href^="?"]');
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  window.history.pushState(null, '', link.getAttribute('href'));
  read();
  onArrival();
}

/* Links within the page change the address without loading it anew; arrive() is told of every change. */
export function begin(arrive) {
  onArrival = () => {
    clearTimeout(replaceTimer);
    arrive();
  };
  document.addEventListener('click', follow);
  window.addEventListener('popstate', () => {
    read();
    onArrival();
  });
  read();
  arrive();
}
