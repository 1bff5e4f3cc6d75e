/* What the page knows just now, for all its parts. */

import { Board } from './board.js';

export const NOWHERE = { self: null, province: null };

export const model = {
  board: new Board(),
  place: NOWHERE, // where the unit lies, once the directory has told
};
