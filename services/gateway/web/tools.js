/* What a reader does with the page as a whole: hand its link on, print it. */

import { state } from './address.js';
import { at, say } from './dom.js';
import { businessDay, clock, date } from './format.js';
import { partInSight } from './part.js';
import { words } from './text.js';

const TOLD_MS = 2000;

/* The address of what is in sight: the page, and its part at the top of the window. */
function link() {
  const part = partInSight();
  return window.location.href.split('#')[0] + (part && `#${part}`);
}

async function share() {
  try {
    await navigator.clipboard.writeText(link());
  } catch {
    // Without TLS a browser gives no clipboard: then the link is there to be taken by hand.
    window.prompt(words().share, link());
    return;
  }
  say('share', words().shared);
  setTimeout(() => say('share', words().share), TOLD_MS);
}

export function beginTools() {
  at('share').addEventListener('click', share);
  at('print').addEventListener('click', () => window.print());
  window.addEventListener('beforeprint', () => {
    const now = Date.now();
    say('printed', words().printed(`${clock(now)} ${date(businessDay(now), state.lang)}`));
  });
}
