/* Calls of the platform's API, as every Connect client makes them. */

const TIMEOUT_MS = 20000;

/* The server does not have this method: the part of the page that needs it is left out. */
export class Absent extends Error {}

/* Asking the same again gets the same answer: field names what is wrong, in the words of the API ("as_of_ms"). */
export class Refused extends Error {
  constructor(text, field) {
    super(text);
    this.field = field;
  }
}

const FINAL = ['invalid_argument', 'not_found', 'failed_precondition'];

const absent = new Set();

/* Answers the method's JSON. Throws Absent, Refused, or an Error when it did not come. */
export async function call(method, fields, signal) {
  if (absent.has(method)) throw new Absent(method);
  const response = await fetch(`/ansinh.v1.${method}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(fields),
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  if (response.ok) return response.json();
  const { code = '', details = [] } = await response.json().catch(() => ({}));
  if (FINAL.includes(code)) throw new Refused(`${method}: ${code}`, details[0]?.debug?.field ?? '');
  if (code !== 'unimplemented') throw new Error(`${method}: ${code || response.status}`);
  absent.add(method);
  throw new Absent(method);
}
