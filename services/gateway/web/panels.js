/* The parts of the page that ask for their own numbers: each on arrival, and again in its own pace while it is in
 * sight. One request of each is under way at most; what fails keeps its last numbers and is asked later. */

import { state } from './address.js';
import { Absent } from './api.js';

const TICK_MS = 1000;
const PAUSE_MAX_MS = 60000;
const MARGIN_PX = 200;

/* panel: root (an element, hidden until there is something to see), everyMs (0: once), load(signal) → data or null
 * when there is nothing, draw(data), and clear() when more than the root has to go. */
export class Panels {
  #entries;
  #onDraw;
  #stop = new AbortController();

  /* onDraw() is called whenever a panel has drawn something new. */
  constructor(panels, onDraw) {
    this.#onDraw = onDraw;
    this.#entries = panels.map((panel) => ({ panel, data: null, dueMs: Infinity, isAsking: false, failures: 0 }));
    setInterval(() => this.#tick(), TICK_MS);
  }

  /* Another unit or moment is in view: what is shown belongs to the one before. */
  reset() {
    this.#stop.abort();
    this.#stop = new AbortController();
    for (const entry of this.#entries) {
      entry.data = null;
      entry.isAsking = false;
      entry.failures = 0;
      entry.dueMs = Infinity;
      entry.panel.root.hidden = true;
      entry.panel.clear?.();
    }
  }

  load() {
    for (const entry of this.#entries) this.#ask(entry);
  }

  /* The words or the reader's choices changed, the numbers did not. */
  redraw() {
    for (const { panel, data } of this.#entries) if (data !== null) panel.draw(data);
  }

  /* The reader chose other numbers for one panel. */
  ask(panel) {
    const entry = this.#entries.find((one) => one.panel === panel);
    entry.isAsking = false;
    entry.choice = (entry.choice ?? 0) + 1;
    this.#ask(entry);
  }

  #tick() {
    if (document.hidden) return;
    const now = Date.now();
    for (const entry of this.#entries) if (now >= entry.dueMs && isInSight(entry)) this.#ask(entry);
  }

  async #ask(entry) {
    if (entry.isAsking) return;
    const { panel, choice } = entry;
    const { signal } = this.#stop;
    const isLate = () => signal.aborted || entry.choice !== choice;
    entry.isAsking = true;
    try {
      const data = await panel.load(signal);
      if (isLate()) return;
      entry.data = data;
      entry.failures = 0;
      panel.root.hidden = data === null;
      if (data !== null) panel.draw(data);
      this.#onDraw();
    } catch (error) {
      if (isLate()) return;
      if (error instanceof Absent) panel.root.hidden = true;
      else console.info(error.message);
      entry.failures = error instanceof Absent ? Infinity : entry.failures + 1;
    }
    entry.isAsking = false;
    entry.dueMs = isOver(entry) ? Infinity : Date.now() + pause(entry);
  }
}

/* What was asked of a moment that stands still is not asked again. */
function isOver({ panel, failures }) {
  const isStill = state.at !== '' || state.still !== '';
  return panel.everyMs === 0 || failures === Infinity || (isStill && failures === 0);
}

function pause({ panel, failures }) {
  return Math.min(panel.everyMs * 2 ** failures, Math.max(PAUSE_MAX_MS, panel.everyMs));
}

/* What is hidden because it has nothing to show is asked again too: it may have something now. */
function isInSight({ panel }) {
  if (panel.root.hidden) return true;
  const box = panel.root.getBoundingClientRect();
  return box.bottom > -MARGIN_PX && box.top < window.innerHeight + MARGIN_PX;
}
