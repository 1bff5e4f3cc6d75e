/* Checks one receipt by its code. The code may stand behind "#" in the address: it is then in no server's log. */

import { date, dong } from './format.js';
import { TEXT } from './receipt_text.js';

const CODE_CHARS = 16;
const TIMEOUT_MS = 15000;
const STATES = {
  RECEIPT_STATE_VALID: 'valid',
  RECEIPT_STATE_VOIDED: 'voided',
  RECEIPT_STATE_REVERSED: 'reversed',
};

const at = (id) => document.getElementById(id);
const query = new URLSearchParams(window.location.search);
const lang = query.get('lang') === 'en' ? 'en' : 'vi';
const words = TEXT[lang];

function bare(text) {
  return text.replace(/[\s-]/g, '').toUpperCase();
}

function inFours(code) {
  return code.match(/.{1,4}/g)?.join('-') ?? '';
}

function show(state) {
  document.body.dataset.state = state;
  at('check').disabled = state === 'checking';
  at('answer').hidden = state !== 'shown';
  at('notice').hidden = state !== 'refused';
}

function refuse(text) {
  at('notice').textContent = text;
  show('refused');
}

/* "2026-11" */
function month(text) {
  const [year, number] = text.split('-');
  return words.month(number, year);
}

function months(receipt) {
  if (receipt.cardFrom) return words.card_span(receipt.months ?? 0, date(receipt.cardFrom, lang), date(receipt.cardTo, lang));
  if (!receipt.fromMonth) return words.months_missing(receipt.months ?? 0);
  return words.months_span(month(receipt.fromMonth), month(receipt.toMonth));
}

function draw(receipt) {
  const state = STATES[receipt.state];
  const facts = [
    ['amount', dong(BigInt(receipt.amountVnd ?? 0), lang)],
    ['insurance', words[receipt.product] ?? words.PRODUCT_VOLUNTARY_SI],
    ['months', months(receipt)],
    ['paid_on', date(receipt.paidOn, lang)],
    ['organisation', receipt.organisationName],
    ['point', receipt.pointName],
    ['number', (receipt.number ?? '0') === '0' ? words.pending : `${receipt.series} · ${receipt.number}`],
  ];
  at('answer').dataset.receipt = state;
  at('state').textContent = words[state];
  at('meaning').textContent = words[`${state}_meaning`];
  at('facts').replaceChildren();
  for (const [name, value] of facts.filter(([, value]) => value)) {
    const term = document.createElement('dt');
    const fact = document.createElement('dd');
    term.textContent = words[name];
    fact.textContent = value;
    at('facts').append(term, fact);
  }
  show('shown');
}

async function ask(code) {
  const response = await fetch('/ansinh.v1.Receipts/VerifyCode', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Connect-Protocol-Version': '1' },
    body: JSON.stringify({ code }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.ok) draw(await response.json());
  else refuse({ 404: words.not_found, 429: words.too_often }[response.status] ?? words.away);
}

async function check() {
  const code = bare(at('code').value);
  at('code').value = inFours(code);
  if (code.length !== CODE_CHARS) {
    refuse(words.short);
    return;
  }
  show('checking');
  try {
    await ask(code);
  } catch {
    refuse(words.away);
  }
}

function translate() {
  document.documentElement.lang = lang;
  document.title = words.page;
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = words[element.dataset.t];
  for (const each of Object.keys(TEXT)) {
    at(`lang-${each}`).href = `?lang=${each}${window.location.hash}`;
    if (each === lang) at(`lang-${each}`).setAttribute('aria-current', 'true');
  }
}

function take() {
  const code = bare(decodeURIComponent(window.location.hash.slice(1)));
  if (!code) return;
  at('code').value = inFours(code);
  check();
}

translate();
show('ready');
at('form').addEventListener('submit', (event) => {
  event.preventDefault();
  check();
});
window.addEventListener('hashchange', take);
take();
