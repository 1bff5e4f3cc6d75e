/* Which facts the parts of the page ask for, and the link that opens a number into the records behind it. */

import { FILTERS, href, state } from './address.js';

const FIELDS = {
  organisation: 'organisationCode',
  point: 'pointCode',
  collector: 'collectorCode',
  campaign: 'campaignCode',
  session: 'sessionCode',
};
const PRODUCTS = { health: 'PRODUCT_HEALTH_HOUSEHOLD' };
const OFFICE = 'SI:';

export const isOffice = (unit = state.unit) => unit.startsWith(OFFICE);

/* What the reader narrowed the page to: { organisation: 'VNPOST', product: 'health' }. */
export const filters = () => Object.fromEntries(FILTERS.filter((kind) => state[kind]).map((kind) => [kind, state[kind]]));
export const isFiltered = () => FILTERS.some((kind) => state[kind]);

/* To less than all that a campaign or a unit's plan counts. */
export const isNarrowed = () => FILTERS.some((kind) => state[kind] && kind !== 'campaign');

/* The stream tells of whole units as they are now; everything else is asked for. */
export const isStreamed = () => !state.at && !state.still && !isFiltered() && !isOffice();

/* chosen: filters, and what numbers of sessions are opened by: session, a code or "-" for none, and touch, the method. */
export function slice(unit = state.unit, chosen = filters()) {
  const fields = { unitCode: unit };
  for (const [kind, code] of Object.entries(chosen)) {
    if (kind in FIELDS) fields[FIELDS[kind]] = code;
    else if (kind === 'product' && code in PRODUCTS) fields.product = PRODUCTS[code];
    else if (kind === 'touch') fields.attribution = `ATTRIBUTION_METHOD_${code.toUpperCase()}`;
  }
  return fields;
}

/* The picked moment as the API takes it; nothing means now. */
export const asOf = () => (state.at ? { asOfMs: String(Date.parse(`${state.at}+07:00`) + 999) } : {});

/* Now, or the moment that is looked at. */
export const momentMs = () => (state.at ? Date.parse(`${state.at}+07:00`) : Date.now());

/* Today, or the day that is looked at. */
export const lastDay = (today) => (state.at ? state.at.slice(0, 10) : today);

/* "organisation:VNPOST,product:health" */
const PACKED = [...FILTERS, 'session', 'touch'];
const pack = (chosen) => Object.entries(chosen).map((pair) => pair.join(':')).join(',');

function unpack(text) {
  const pairs = text.split(',').map((pair) => pair.split(':'));
  return Object.fromEntries(pairs.filter(([kind, code]) => PACKED.includes(kind) && code));
}

/* what: { metric, unit, from, until, hour, minute, chosen }; days empty: all of them. */
export function opening(what) {
  const { metric, unit = state.unit, from = '', until = from, hour = '', minute = '', chosen = filters() } = what;
  return { open: [metric, unit, from, until, hour, minute, pack(chosen)].join('~') };
}

export const openHref = (what) => href(opening(what));

/* The request of the records that the address opens. */
export function opened() {
  const [metric, unit, from, until, hour, minute, chosen = ''] = state.open.split('~');
  const bucket = minute ? 'BUCKET_MINUTE' : hour ? 'BUCKET_HOUR' : 'BUCKET_DAY';
  const request = { metric, slice: slice(unit, unpack(chosen)), bucket, ...asOf() };
  if (from) Object.assign(request, { from, until });
  if (hour) request.hour = Number(hour);
  if (minute) request.minute = Number(minute);
  return request;
}
