/* The board from answers instead of the stream: as it was at a moment, through filters, of an office, or once and no more. */

import { state } from './address.js';
import { call, Refused } from './api.js';
import { asOf, isFiltered, momentMs, slice } from './slice.js';

const ASK_MS = 5000;

/* Targets are those of units: what is counted through a filter is not held against them. */
const withoutPlan = (unit) => ({ ...unit, plan: '0', gap: '0', percent: '', children: (unit.children ?? []).map(withoutPlan) });

/* Takes what Live takes, and past(ms) for numbers that stand still: they are asked for once. */
export class Asked {
  #on;
  #stop = new AbortController();

  constructor(on) {
    this.#on = on;
    this.#ask();
  }

  end() {
    this.#stop.abort();
  }

  async #ask() {
    const { signal } = this.#stop;
    try {
      const answer = await call('Analytics/GetProgress', { ...slice(), withChildren: true, ...asOf() }, signal);
      if (signal.aborted) return;
      this.#on.snapshot(isFiltered() ? withoutPlan(answer) : answer);
      if (state.at || state.still) {
        this.#on.past(state.at ? momentMs() : Number(answer.asOfMs));
        return;
      }
    } catch (error) {
      if (signal.aborted) return;
      console.info(error.message);
      if (error instanceof Refused) {
        this.#on.refused(error.field);
        return;
      }
      this.#on.lost();
    }
    setTimeout(() => !signal.aborted && this.#ask(), ASK_MS);
  }
}
