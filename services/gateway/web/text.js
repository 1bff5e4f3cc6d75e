/* The words of the language in the address. */

import { state } from './address.js';
import { EN } from './text_en.js';
import { VI } from './text_vi.js';

export const TEXT = { vi: VI, en: EN };

export const words = () => TEXT[state.lang];
