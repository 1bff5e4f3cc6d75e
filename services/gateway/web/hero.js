/* The unit in view: its number, percent, gap, and what came today. */

import { state } from './address.js';
import { at, say } from './dom.js';
import { glow } from './flash.js';
import { businessDay, clock, count, date, dong, gain, percent } from './format.js';
import { openHref } from './slice.js';
import { countedLabel, hasTargets, hasToday, openToday, openValue, target } from './target.js';
import { words } from './text.js';

const number = (value) => count(value, state.lang);
const NAME_MAX = 60;
let shown = { unit: '', participants: null };

/* "Today" only while it is that day: a page may be left open over midnight. */
export function dayText(unit) {
  const isToday = !unit.day || unit.day === businessDay(Date.now());
  return isToday ? words().today : words().on_day(date(unit.day, state.lang));
}

/* The day is told when it is not this one. */
export function moment(ms) {
  const day = businessDay(ms);
  return day === businessDay(Date.now()) ? clock(ms) : `${clock(ms)} ${date(day, state.lang)}`;
}

export function drawHero(unit, name, planYear) {
  const hasPlan = unit.plan !== 0n;
  say('unit-name', name);
  const participants = number(unit.participants);
  say('participants', participants);
  at('participants').href = openValue();
  say('count-label', countedLabel());
  drawMeasure();
  at('participants').parentElement.style.setProperty('--length', participants.length);
  say('percent', percent(unit.percent, state.lang));
  at('ring').hidden = !hasPlan;
  at('ring').style.setProperty('--done', Math.min(Number(unit.percent || 0), 100));
  at('ring').style.setProperty('--length', at('percent').textContent.length);
  say('plan-label', words().plan_label(target() ? 0 : planYear));
  say('plan', hasPlan ? number(unit.plan) : target() ? words().not_in_plan : words().no_plan);
  at('plan-box').hidden = !hasTargets();
  at('plan-box').classList.toggle('planless', !hasPlan);
  at('gap-box').hidden = !hasPlan;
  at('gap-box').classList.toggle('reached', unit.gap <= 0n);
  say('gap-label', unit.gap < 0n ? words().over_label : words().gap_label);
  say('gap', number(unit.gap < 0n ? -unit.gap : unit.gap));
  at('gap').href = openValue();
  say('today-label', words().new_on(dayText(unit)));
  say('today', gain(unit.today, state.lang));
  at('today').href = openToday(state.unit, unit.day);
  at('board').classList.toggle('no-today', !hasToday());
  const hasMoved = shown.unit === unit.code && shown.participants !== unit.participants;
  if (hasMoved) glow(at('participants'));
  shown = { unit: unit.code, participants: unit.participants };
}

/* Which plan these are the numbers of, when it is not the year's in force. */
function drawMeasure() {
  const plan = target();
  at('measure').hidden = !plan;
  if (!plan) return;
  const name = plan.name.slice(0, NAME_MAX);
  say('measure', words().measured(name, date(plan.planFrom, state.lang), date(plan.planUntil, state.lang)));
}

export function drawMoney(unit) {
  const pockets = Object.entries(unit.pockets);
  const total = pockets.reduce((sum, [, amount]) => sum + amount, 0n);
  say('payments', words().payments(number(unit.payments)));
  at('payments').href = openHref({ metric: 'METRIC_PAYMENTS' });
  say('total', dong(total, state.lang));
  for (const [name, amount] of pockets) {
    say(`pocket-${name}`, dong(amount, state.lang));
    at(`pocket-${name}`).href = openHref({ metric: `METRIC_${name.toUpperCase()}_VND` });
    const perMille = total > 0n ? Number((amount * 1000n) / total) : 0;
    at('shares').style.setProperty(`--${name}-share`, perMille);
  }
}
