/* Which plan the page is held against: the one in force, another of this day (a quarter's, a month's), or that of the campaign in view. */

import { go, state } from './address.js';
import { Absent, call, Refused } from './api.js';
import { at, make, settle } from './dom.js';
import { businessDay } from './format.js';
import { model } from './model.js';
import { isNarrowed, lastDay } from './slice.js';
import { words } from './text.js';

const COUNTRY = 'VN';
const NAME_MAX = 40;

let plans = [];
let askedFor = '';
let campaign = null;

/* Asks once a day for what there is; without an answer there is no choice. */
export async function loadPlans(signal) {
  const on = lastDay(businessDay(Date.now()));
  if (askedFor === on) return;
  try {
    plans = (await call('Plans/ListPlans', { on }, signal)).plans ?? [];
    askedFor = on;
  } catch (error) {
    if (!(error instanceof Absent)) console.info(error.message);
  }
}

/* The campaign that the page is narrowed to, once; one that is not known is told elsewhere. */
export async function loadCampaign(signal) {
  if (!state.campaign || campaignInView()) return;
  try {
    campaign = (await call('Campaigns/GetCampaign', { code: state.campaign }, signal)).campaign ?? null;
  } catch (error) {
    if (!(error instanceof Absent || error instanceof Refused)) throw error;
  }
}

export const campaignInView = () => (state.campaign && campaign?.code === state.campaign ? campaign : null);

/* A unit's plan is one of its own, of its province or of the country. */
function isHere({ code, root = {} }) {
  const above = [COUNTRY, state.unit, model.place.province?.code];
  return code === state.plan || (root.kind === 'PLAN_SCOPE_KIND_UNIT' && above.includes(root.code));
}

/* The reader's choice comes first; a campaign's plan is of all that the campaign counts. */
export function planCode() {
  const code = state.plan || (isNarrowed() ? '' : campaignInView()?.planCode);
  return code ? { planCode: code } : {};
}

export const chosenPlan = () => plans.find(({ code }) => code === planCode().planCode) ?? null;

function labelOf({ code, name, period = '' }) {
  const kind = words()[period.toLowerCase()] ?? '';
  return [kind, (name || code).slice(0, NAME_MAX)].filter(Boolean).join(': ');
}

/* The choice in a select element, whose label goes with it when there is nothing to choose. */
export function drawPlans(id) {
  const here = plans.filter(isHere);
  const select = at(id);
  select.parentElement.hidden = here.length === 0;
  const options = [{ code: '', label: campaignInView()?.planCode ? words().plan_of_campaign : words().plan_in_force }, ...here.map((plan) => ({ code: plan.code, label: labelOf(plan) }))];
  settle(select, options.map(({ code, label }) => make('option', { value: code }, label)));
  select.value = state.plan;
  select.onchange = () => go({ plan: select.value });
}
