/* What a reader does with the page as a whole: hand its link on, print it. */

import { at, say } from './dom.js';
import { words } from './text.js';

const TOLD_MS = 2000;

async function share() {
  try {
    await navigator.clipboard.writeText(window.location.href);
  } catch {
    // Without TLS a browser gives no clipboard: then the link is there to be taken by hand.
    window.prompt(words().share, window.location.href);
    return;
  }
  say('share', words().shared);
  setTimeout(() => say('share', words().share), TOLD_MS);
}

export function beginTools() {
  at('share').addEventListener('click', share);
  at('print').addEventListener('click', () => window.print());
}
