/* Which facts the parts of the page ask for, and the link that opens a number into the records behind it. */

import { href, state } from './address.js';

const FIELDS = { organisation: 'organisationCode', point: 'pointCode', collector: 'collectorCode' };

/* "collector:VNP-1" → { kind: 'collector', code: 'VNP-1' }; null: everybody. */
export function who(text = state.who) {
  const [kind, ...rest] = text.split(':');
  return kind in FIELDS && rest.length > 0 ? { kind, code: rest.join(':') } : null;
}

export function slice(unit = state.unit, by = who()) {
  return { unitCode: unit, ...(by ? { [FIELDS[by.kind]]: by.code } : {}) };
}

/* The picked moment as the API takes it; nothing means now. */
export const asOf = () => (state.at ? { asOfMs: String(Date.parse(`${state.at}+07:00`) + 999) } : {});

/* Today, or the day that is looked at. */
export const lastDay = (today) => (state.at ? state.at.slice(0, 10) : today);

/* what: { metric, unit, bucket, from, until, hour, minute, who }; days empty: all of them. */
export function opening(what) {
  const { metric, unit = state.unit, from = '', until = from, hour = '', minute = '', by = state.who } = what;
  return { open: [metric, unit, from, until, hour, minute, by].join('~') };
}

export const openHref = (what) => href(opening(what));

/* The request of the records that the address opens. */
export function opened() {
  const [metric, unit, from, until, hour, minute, by] = state.open.split('~');
  const bucket = minute ? 'BUCKET_MINUTE' : hour ? 'BUCKET_HOUR' : 'BUCKET_DAY';
  const request = { metric, slice: slice(unit, who(by ?? '')), bucket, ...asOf() };
  if (from) Object.assign(request, { from, until });
  if (hour) request.hour = Number(hour);
  if (minute) request.minute = Number(minute);
  return request;
}
