/* Numbers, money and dates as people read them. Counts are BigInt: the API's int64 may be beyond 2^53. */

const MARKS = {
  vi: { group: '.', decimal: ',', percent: '\u00a0%' },
  en: { group: ',', decimal: '.', percent: '%' },
};
const BUSINESS_OFFSET_MS = 7 * 3600 * 1000; // +07:00 all year

export function count(value, lang) {
  const digits = value.toString().replace(/\B(?=(\d{3})+$)/g, MARKS[lang].group);
  return digits.replace('-', '\u2212');
}

/* The API's own decimal string ("57.34") in the marks of the language; it is never computed again here. */
export function percent(text, lang) {
  if (!text) return '–';
  const [whole, fraction] = text.split('.');
  const tail = fraction ? MARKS[lang].decimal + fraction : '';
  return count(BigInt(whole), lang) + tail + MARKS[lang].percent;
}

/* Whole percent, cut: 99.9 is not yet 100. */
export function wholePercent(text, lang) {
  return text ? text.split('.')[0] + MARKS[lang].percent : '–';
}

/* What a unit is called in the language: the directory's English name, its own where there is none. */
export const named = ({ name = '', nameEn }, lang) => (lang === 'en' && nameEn) || name;

/* A pace, "41.30" or "0.57" a day: whole, and with one place below ten, half up. */
export function pace(text, lang) {
  const [whole, fraction = ''] = (text || '0').split('.');
  const tenths = BigInt(whole) * 10n + BigInt(fraction.charAt(0) || '0') + (fraction.charAt(1) >= '5' ? 1n : 0n);
  if (tenths === 0n) return '0';
  if (tenths >= 100n) return count(BigInt(whole) + (fraction >= '5' ? 1n : 0n), lang);
  return `${tenths / 10n}${MARKS[lang].decimal}${tenths % 10n}`;
}

/* What was added: "+159", or a plain 0. */
export function gain(value, lang) {
  return (value > 0n ? '+' : '') + count(value, lang);
}

export function dong(value, lang) {
  return count(value, lang) + '\u00a0₫';
}

/* "2026-11-21" */
export function businessDay(ms) {
  return new Date(ms + BUSINESS_OFFSET_MS).toISOString().slice(0, 10);
}

export function clock(ms) {
  return new Date(ms + BUSINESS_OFFSET_MS).toISOString().slice(11, 19);
}

export function date(day, lang) {
  const [year, month, dayOfMonth] = day.split('-');
  return lang === 'vi' ? `${dayOfMonth}/${month}/${year}` : day;
}

/* "Mường Hum" and "muong hum" are the same to who searches. */
export function fold(text) {
  return text.normalize('NFD').replace(/\p{M}/gu, '').replace(/đ/gi, 'd').toLowerCase();
}
