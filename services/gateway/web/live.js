/* The live connection: one EventSource, opened again with growing pauses, closed while nobody looks. */

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 15000;
// The stream of a quiet night and a dead line look the same: after such a silence it is opened anew.
const SILENCE_MAX_MS = 60000;
const OPEN_MAX_MS = 15000;
// Browsers allow six connections to a host: tabs in the background must not use them up.
const HIDDEN_CLOSE_MS = 60000;

/* on: snapshot(json), progress(json), resumed(), stale(sinceMs), lost(), refused(). resumed: the stream goes on where it
 * broke off, and tells what was missed. refused is called when the server answers that there is no such unit; nothing
 * is tried after it. */
export class Live {
  #unit;
  #on;
  #source = null;
  // Another EventSource knows nothing of the one before it: the last event's id goes along in the address.
  #lastId = '';
  #retryMs = RETRY_FIRST_MS;
  #timer = 0;
  #silenceTimer = 0;
  #hiddenTimer = 0;
  #ended = false;
  #listeners = new AbortController();

  constructor(unit, on) {
    this.#unit = unit;
    this.#on = on;
    const options = { signal: this.#listeners.signal };
    window.addEventListener('offline', () => this.#lose(), options);
    window.addEventListener('online', () => this.#reopen(), options);
    window.addEventListener('pageshow', () => this.#reopen(), options);
    window.addEventListener('pagehide', () => this.#rest(), options);
    document.addEventListener('visibilitychange', () => this.#onVisibility(), options);
    this.#open();
  }

  end() {
    this.#ended = true;
    this.#listeners.abort();
    clearTimeout(this.#hiddenTimer);
    this.#drop();
  }

  #open() {
    const seen = this.#lastId && `&last_event_id=${this.#lastId}`;
    const source = new EventSource(`/v1/watch?unit=${encodeURIComponent(this.#unit)}&children=1${seen}`);
    this.#source = source;
    this.#silenceTimer = setTimeout(() => this.#lose(), OPEN_MAX_MS);
    const listen = (name, take) =>
      source.addEventListener(name, (event) => {
        this.#hear();
        this.#retryMs = RETRY_FIRST_MS;
        this.#lastId = event.lastEventId;
        take(JSON.parse(event.data));
      });
    source.addEventListener('open', () => {
      this.#hear();
      if (seen) this.#on.resumed();
    });
    listen('snapshot', (json) => this.#on.snapshot(json));
    listen('progress', (json) => this.#on.progress(json));
    listen('stale', (json) => this.#on.stale(json.since_ms));
    source.addEventListener('error', () => this.#lose());
  }

  #hear() {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => {
      this.#drop();
      this.#open();
    }, SILENCE_MAX_MS);
  }

  #drop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#silenceTimer);
    this.#source?.close();
    this.#source = null;
  }

  #rest() {
    this.#drop();
    this.#on.lost();
  }

  #lose() {
    this.#rest();
    const pause = this.#retryMs * (0.5 + Math.random());
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MAX_MS);
    this.#timer = setTimeout(() => this.#retry(), pause);
  }

  #reopen() {
    if (this.#source || document.hidden) return;
    this.#drop();
    this.#retry();
  }

  /* An EventSource does not tell why it failed: ask first, so that a wrong unit is not asked for ever. */
  async #retry() {
    const status = await unitStatus(this.#unit);
    if (this.#ended || this.#source) return;
    if (status === 400 || status === 404) this.#on.refused();
    else if (status === 200) this.#open();
    else this.#lose();
  }

  #onVisibility() {
    clearTimeout(this.#hiddenTimer);
    if (document.hidden) this.#hiddenTimer = setTimeout(() => this.#rest(), HIDDEN_CLOSE_MS);
    else this.#reopen();
  }
}

/* HTTP status of the unit's progress; 0 when the server cannot be reached. */
async function unitStatus(unitCode) {
  const request = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ unitCode }),
    cache: 'no-store',
    signal: AbortSignal.timeout(OPEN_MAX_MS),
  };
  try {
    return (await fetch('/ansinh.v1.Analytics/GetProgress', request)).status;
  } catch {
    return 0;
  }
}
