/* Calls of the platform's API, as every Connect client makes them. */

const TIMEOUT_MS = 20000;

/* The server does not have this method: the part of the page that needs it is left out. */
export class Absent extends Error {}

const absent = new Set();

/* Answers the method's JSON. Throws Absent, or an Error when it was refused or did not come. */
export async function call(method, fields, signal) {
  if (absent.has(method)) throw new Absent(method);
  const response = await fetch(`/ansinh.v1.${method}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(fields),
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  if (response.ok) return response.json();
  const { code = '' } = await response.json().catch(() => ({}));
  if (code !== 'unimplemented') throw new Error(`${method}: ${code || response.status}`);
  absent.add(method);
  throw new Absent(method);
}
