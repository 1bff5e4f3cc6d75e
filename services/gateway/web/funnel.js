/* From declared to accepted: each step as a bar of the widest; what nobody knows is left out. */

import { state } from './address.js';
import { at, make, settle } from './dom.js';
import { count, gain } from './format.js';
import { dayText } from './hero.js';
import { openHref } from './slice.js';
import { words } from './text.js';

function stepsOf(unit) {
  return [
    { id: 'declared', value: unit.declared, today: unit.declaredToday, metric: 'METRIC_DECLARED', isKnown: true },
    { id: 'paid', value: unit.participants, today: unit.today, metric: 'METRIC_PAID', isKnown: true },
    { id: 'accepted', value: unit.accepted, today: unit.acceptedToday, metric: 'METRIC_ACCEPTED' },
  ].filter(({ value, isKnown }) => isKnown || value > 0n);
}

export function drawFunnel(unit) {
  const steps = stepsOf(unit);
  const widest = steps.reduce((most, { value }) => (value > most ? value : most), 1n);
  const rows = steps.map(({ id, value, today, metric }) => {
    const bar = make('i', { 'aria-hidden': 'true' });
    bar.style.setProperty('--share', Number((value * 1000n) / widest) / 1000);
    const text = count(value, state.lang);
    const number = make('a', { id, href: openHref({ metric }) }, text);
    const note = make('small', { id: `${id}-today` }, `${gain(today, state.lang)} ${dayText(unit)}`);
    return make('div', {}, make('dt', {}, words()[id]), make('dd', {}, number, ' ', note), bar);
  });
  settle(at('funnel'), rows);
  const waiting = unit.declared - unit.participants;
  at('waiting').textContent = count(waiting > 0n ? waiting : 0n, state.lang);
}
