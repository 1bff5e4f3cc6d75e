/* A bar chart as SVG with a line of the year before; the shapes are made by d3-shape. */

import { makeSvg } from './dom.js';

const HEIGHT_PX = 180;
const WALL_HEIGHT_PX = 520;
const LEFT_PX = 44;
const TOP_PX = 12;
const BOTTOM_PX = 24;
const LABEL_PX = 46; // a label on the time axis
const LABEL_GAP_PX = 20; // the last one stands left of its place
const TICKS = 3;

/* The library sets globalThis.d3. Without the distribution's package there is none, and no chart. */
let library = null;
async function load() {
  library ??= import('./lib/d3-path.js').then(() => import('./lib/d3-shape.js')).then(() => globalThis.d3);
  return library;
}

/* The smallest of 1, 2, 5 × 10ⁿ, never less than 1, that reaches the top in so many steps. */
function tickStep(top) {
  const least = Math.max(top / TICKS, 1);
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((times) => times * power).find((step) => step >= least);
}

export class Chart {
  isInUse = false;
  #root;
  #on;
  #bars = [];
  #number = String;
  #at = -1;

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

  draw(bars, number) {
    this.#bars = bars;
    this.#number = number;
    if (this.#at >= bars.length) this.#point(-1);
    this.#draw();
  }

  get #width() {
    return Math.max(this.#root.clientWidth, 160);
  }

  get #height() {
    return document.documentElement.dataset.wall ? Math.max(Math.min(WALL_HEIGHT_PX, this.#root.clientHeight), HEIGHT_PX) : HEIGHT_PX;
  }

  get #slot() {
    return (this.#width - LEFT_PX) / this.#bars.length;
  }

  async #draw() {
    const d3 = await load().catch(() => null);
    if (!d3 || this.#bars.length === 0) return;
    const [width, height] = [this.#width, this.#height];
    const highest = Math.max(1, ...this.#bars.map(({ value, last }) => Math.max(value, last ?? 0)));
    const step = tickStep(highest);
    const top = Math.ceil(highest / step) * step;
    const y = (value) => TOP_PX + (1 - Math.max(value, 0) / top) * (height - TOP_PX - BOTTOM_PX);
    const svg = makeSvg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': 'true' });
    for (let tick = 0; tick <= top; tick += step) svg.append(...this.#tick(tick, y(tick), width));
    svg.append(...this.#columns(d3, y));
    if (this.#bars.some(({ last }) => last)) svg.append(...this.#lastYear(d3, y));
    svg.append(...this.#labels(height));
    this.#root.replaceChildren(svg);
  }

  #tick(value, y, width) {
    return [
      makeSvg('line', { class: value === 0 ? 'axis' : 'grid', x1: LEFT_PX, x2: width, y1: y, y2: y }),
      makeSvg('text', { x: LEFT_PX - 8, y: y + 4, 'text-anchor': 'end' }, this.#number(value)),
    ];
  }

  #columns(d3, y) {
    const slot = this.#slot;
    const gap = Math.min(slot * 0.2, 6);
    const shape = d3.area().x(([x]) => x).y0(y(0)).y1(([, value]) => y(value));
    return this.#bars.map(({ value }, at) => {
      const left = LEFT_PX + at * slot;
      const path = shape([[left + gap / 2, value], [left + slot - gap / 2, value]]);
      return makeSvg('path', { class: at === this.#at ? 'bar on' : 'bar', d: path });
    });
  }

  #lastYear(d3, y) {
    const slot = this.#slot;
    const line = d3.line().x((_, at) => LEFT_PX + (at + 0.5) * slot).y(({ last }) => y(last ?? 0)).curve(d3.curveStep);
    const d = line(this.#bars);
    return [makeSvg('path', { class: 'halo', d }), makeSvg('path', { class: 'last-year', d })];
  }

  #labels(height) {
    const every = Math.ceil((LABEL_PX + LABEL_GAP_PX) / this.#slot);
    const n = this.#bars.length;
    return this.#bars
      .map(({ label }, at) => ({ label, x: LEFT_PX + (at + 0.5) * this.#slot, isShown: (n - 1 - at) % every === 0 }))
      .filter(({ isShown }) => isShown)
      .map(({ label, x }) => {
        const anchor = x + LABEL_PX / 2 > this.#width ? 'end' : 'middle';
        return makeSvg('text', { x: anchor === 'end' ? this.#width : x, y: height - 6, 'text-anchor': anchor }, label);
      });
  }

  #barAt(event) {
    const x = event.clientX - this.#root.getBoundingClientRect().left - LEFT_PX;
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
