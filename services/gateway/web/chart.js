/* A bar chart as SVG with a line of the year before; the shapes are made by d3-shape. */

import { makeSvg } from './dom.js';

// Lengths in letters' heights, so that the chart grows with the type of its screen.
const TOP_EM = 1;
const BOTTOM_EM = 2;
const DIGIT_EM = 0.65;
const LABEL_EM = 3.9; // a label on the time axis
const LABEL_GAP_EM = 1.7; // the last one stands left of its place
const WIDTH_MIN_PX = 160;
const TICKS = 5;
const HIGHEST_LEAST = 4; // one person is no wall of blue

/* The library sets globalThis.d3. Without the distribution's package there is none, and no chart. */
let library = null;
async function load() {
  library ??= import('./lib/d3-path.js').then(() => import('./lib/d3-shape.js')).then(() => globalThis.d3);
  return library;
}

/* The smallest of 1, 2, 2.5, 5 × 10ⁿ, a whole number, that reaches the top in so many steps. */
function tickStep(top) {
  const least = Math.max(top / TICKS, 1);
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 2.5, 5, 10].map((times) => times * power).find((step) => step >= least && Number.isInteger(step));
}

export class Chart {
  isInUse = false;
  #root;
  #on;
  #bars = [];
  #number = String;
  #at = -1;
  #hasLast = false;
  #em = 0;
  #width = 0;
  #height = 0;
  #left = 0;

  /* on.tell(bar) hears which bar the reader points at, null: none; on.open(bar) which one was chosen. */
  constructor(root, on) {
    this.#root = root;
    this.#on = on;
    new ResizeObserver(() => this.#draw()).observe(root);
    root.addEventListener('pointermove', (event) => this.#point(this.#barAt(event)));
    root.addEventListener('click', () => this.#open());
    root.addEventListener('pointerleave', () => this.#point(-1));
    root.addEventListener('blur', () => this.#point(-1));
    root.addEventListener('keydown', (event) => this.#key(event));
  }

  /* hasLast: whether the year before is worth a line. */
  draw(bars, number, hasLast) {
    this.#bars = bars;
    this.#hasLast = hasLast;
    this.#number = number;
    if (this.#at >= bars.length) this.#point(-1);
    this.#draw();
  }

  /* Of the place that the page gives: drawn anew when it changes. */
  #measure(highest) {
    const digits = this.#number(highest).length;
    this.#em = parseFloat(getComputedStyle(this.#root).fontSize);
    this.#width = Math.max(this.#root.clientWidth, WIDTH_MIN_PX);
    this.#height = this.#root.clientHeight;
    this.#left = (digits * DIGIT_EM + 1) * this.#em;
  }

  get #slot() {
    return (this.#width - this.#left) / this.#bars.length;
  }

  async #draw() {
    const d3 = await load().catch(() => null);
    if (!d3 || this.#bars.length === 0) return;
    const highest = Math.max(HIGHEST_LEAST, ...this.#bars.map(({ value, last }) => Math.max(value, last ?? 0)));
    const step = tickStep(highest);
    const top = Math.ceil(highest / step) * step;
    this.#measure(top);
    const [width, height] = [this.#width, this.#height];
    const y = (value) => TOP_EM * this.#em + (1 - Math.max(value, 0) / top) * (height - (TOP_EM + BOTTOM_EM) * this.#em);
    const svg = makeSvg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': 'true' });
    for (let tick = 0; tick <= top; tick += step) svg.append(...this.#tick(tick, y(tick), width));
    svg.append(...this.#columns(d3, y));
    if (this.#hasLast) svg.append(...this.#lastYear(d3, y));
    svg.append(...this.#labels(height));
    this.#root.replaceChildren(svg);
  }

  #tick(value, y, width) {
    return [
      makeSvg('line', { class: value === 0 ? 'axis' : 'grid', x1: this.#left, x2: width, y1: y, y2: y }),
      makeSvg('text', { x: this.#left - this.#em / 2, y: y + this.#em / 3, 'text-anchor': 'end' }, this.#number(value)),
    ];
  }

  #columns(d3, y) {
    const slot = this.#slot;
    const gap = Math.min(slot * 0.2, 6);
    const shape = d3.area().x(([x]) => x).y0(y(0)).y1(([, value]) => y(value));
    return this.#bars.map(({ value }, at) => {
      const left = this.#left + at * slot;
      const path = shape([[left + gap / 2, value], [left + slot - gap / 2, value]]);
      return makeSvg('path', { class: at === this.#at ? 'bar on' : 'bar', d: path });
    });
  }

  #lastYear(d3, y) {
    const slot = this.#slot;
    const line = d3.line().x((_, at) => this.#left + (at + 0.5) * slot).y(({ last }) => y(last ?? 0)).curve(d3.curveStep);
    const d = line(this.#bars);
    return [makeSvg('path', { class: 'halo', d }), makeSvg('path', { class: 'last-year', d })];
  }

  #labels(height) {
    const every = Math.ceil(((LABEL_EM + LABEL_GAP_EM) * this.#em) / this.#slot);
    const n = this.#bars.length;
    return this.#bars
      .map(({ label }, at) => ({ label, x: this.#left + (at + 0.5) * this.#slot, isShown: (n - 1 - at) % every === 0 }))
      .filter(({ isShown }) => isShown)
      .map(({ label, x }) => {
        const anchor = x + (LABEL_EM * this.#em) / 2 > this.#width ? 'end' : 'middle';
        return makeSvg('text', { x: anchor === 'end' ? this.#width : x, y: height - this.#em / 2, 'text-anchor': anchor }, label);
      });
  }

  #barAt(event) {
    const x = event.clientX - this.#root.getBoundingClientRect().left - this.#left;
    const at = Math.floor(x / this.#slot);
    return at >= 0 && at < this.#bars.length ? at : -1;
  }

  #key(event) {
    const n = this.#bars.length;
    const last = n - 1;
    const at = this.#at < 0 ? last : this.#at;
    const next = { ArrowLeft: this.#at < 0 ? last : Math.max(at - 1, 0), ArrowRight: Math.min(at + 1, last), Home: 0, End: last };
    if (event.key === 'Enter') this.#open();
    if (!(event.key in next)) return;
    event.preventDefault();
    this.#point(next[event.key]);
  }

  #point(at) {
    if (at === this.#at) return;
    this.#at = at;
    this.isInUse = at >= 0;
    this.#root.querySelectorAll('.bar').forEach((bar, index) => bar.classList.toggle('on', index === at));
    this.#on.tell(this.#bars[at] ?? null);
  }

  #open() {
    if (this.#at >= 0) this.#on.open(this.#bars[this.#at]);
  }
}
