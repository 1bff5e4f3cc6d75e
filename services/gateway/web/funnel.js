/* From who could join to who was accepted: each step as a bar of the widest; what nobody knows is left out. */

import { state } from './address.js';
import { at, make, settle } from './dom.js';
import { count, gain } from './format.js';
import { dayText } from './hero.js';
import { isFiltered, openHref } from './slice.js';
import { words } from './text.js';

function stepsOf(unit) {
  return [
    // Who could join is known of units; who was reached is estimated, and has no records.
    { id: 'prospects', value: isFiltered() ? 0n : unit.prospects },
    { id: 'reached', value: unit.reached, note: words().estimate, link: at('sessions').hidden ? null : '#sessions' },
    { id: 'declared', value: unit.declared, today: unit.declaredToday, metric: 'METRIC_DECLARED', isKnown: true },
    { id: 'paid', value: unit.participants, today: unit.today, metric: 'METRIC_PAID', isKnown: true },
    { id: 'accepted', value: unit.accepted, today: unit.acceptedToday, metric: 'METRIC_ACCEPTED' },
  ].filter(({ value, isKnown }) => isKnown || value > 0n);
}

export function drawFunnel(unit) {
  const steps = stepsOf(unit);
  const widest = steps.reduce((most, { value }) => (value > most ? value : most), 1n);
  const rows = steps.map(({ id, value, today, metric, note = '', link = null }) => {
    const bar = make('i', { 'aria-hidden': 'true' });
    bar.style.setProperty('--share', Number((value * 1000n) / widest) / 1000);
    const text = count(value, state.lang);
    const opens = metric ? openHref({ metric }) : link;
    const number = opens ? make('a', { id, href: opens }, text) : make('span', { id }, text);
    const beside = make('small', { id: `${id}-note` }, metric ? `${gain(today, state.lang)} ${dayText(unit)}` : note);
    return make('div', {}, make('dt', {}, words()[id]), make('dd', {}, number, ' ', beside), bar);
  });
  settle(at('funnel'), rows);
  const waiting = unit.declared - unit.participants;
  at('waiting').textContent = count(waiting > 0n ? waiting : 0n, state.lang);
}
