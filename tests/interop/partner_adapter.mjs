#!/usr/bin/env node
// A second client and adapter for `ansinh certify`, written from docs/post-office.md alone, without a library.
// partner_adapter.mjs URL KEY_FILE KEY_ID [TIMEOUT_MS]; prints the adapter's address.
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const [url, keyFile, keyId, timeoutMs = "35000"] = process.argv.slice(2);
const FINAL = new Set(["invalid_argument", "out_of_range", "failed_precondition", "already_exists", "not_found",
  "permission_denied", "unimplemented"]);
const RETRY = new Set(["unavailable", "resource_exhausted", "aborted"]);
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex"); // an ed25519 seed follows (RFC 8410)
const seed = Buffer.from(readFileSync(keyFile, "ascii").trim(), "hex");
const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
const journal = new Map(); // id: { order, body }
let jwks = [];

const digestOf = (body) => `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function headersFor(uri, body) {
  const params = `("@method" "@target-uri" "content-digest");created=${Math.floor(Date.now() / 1000)}` +
    `;nonce="${randomBytes(16).toString("hex")}";keyid="${keyId}"`;
  const base = [`"@method": POST`, `"@target-uri": ${uri}`, `"content-digest": ${digestOf(body)}`,
    `"@signature-params": ${params}`].join("\n");
  return { "Content-Type": "application/json", "Content-Digest": digestOf(body), "Signature-Input": `sig1=${params}`,
    Signature: `sig1=:${sign(null, Buffer.from(base), privateKey).toString("base64")}:` };
}

async function platformKey(kid) {
  if (!jwks.some((key) => key.kid === kid)) {
    jwks = (await (await fetch(`${url}/.well-known/ansinh-keys`)).json()).keys;
  }
  return createPublicKey({ key: jwks.find((key) => key.kid === kid), format: "jwk" });
}

async function isFromPlatform(uri, sent, answer, body) {
  const input = /^ansinh=(\(([^()]*)\)(;.*))$/.exec(answer.headers.get("signature-input") ?? "");
  const value = /^ansinh=:([^:]+):$/.exec(answer.headers.get("signature") ?? "");
  if (!input || !value || answer.headers.get("content-digest") !== digestOf(body)) return false;
  const values = { '"@status"': answer.status, '"content-digest"': digestOf(body), '"@method";req': "POST",
    '"@target-uri";req': uri, '"signature";req': sent.Signature, '"content-type"': answer.headers.get("content-type") };
  const components = input[2].split(" ");
  const must = Object.keys(values).slice(0, 5);
  const created = Number(/;created=(\d+)/.exec(input[3])?.[1]);
  if (!must.every((name) => components.includes(name)) || !(Math.abs(Date.now() / 1000 - created) < 300)) return false;
  const base = [...components.map((name) => `${name}: ${values[name]}`), `"@signature-params": ${input[1]}`].join("\n");
  const kid = /;keyid="([^"]*)"/.exec(input[3])?.[1];
  return verify(null, Buffer.from(base), await platformKey(kid), Buffer.from(value[1], "base64"));
}

// { kind: "ok" | "final" | "retry" | "unknown", answer, code, waitMs }
async function attempt(method, body, key) {
  const uri = `${url}/ansinh.v1.${method.includes("/") ? method : `Collections/${method}`}`;
  const sent = { ...headersFor(uri, body), ...(key && { "Idempotency-Key": key }) };
  try {
    const answer = await fetch(uri, { method: "POST", headers: sent, body, signal: AbortSignal.timeout(Number(timeoutMs)) });
    const text = Buffer.from(await answer.arrayBuffer());
    const waitMs = 1000 * Number(answer.headers.get("retry-after") ?? 0);
    if (!(await isFromPlatform(uri, sent, answer, text))) return { kind: "unknown", waitMs };
    const said = JSON.parse(text);
    if (answer.status === 200) return { kind: "ok", answer: said };
    return { kind: FINAL.has(said.code) ? "final" : RETRY.has(said.code) ? "retry" : "unknown", code: said.code, waitMs };
  } catch {
    return { kind: "unknown", waitMs: 0 };
  }
}

// Until it is known: what attempt() says, or what ask() found.
async function settle(method, body, ask, key) {
  let backoff = 500;
  for (let i = 0; i < 8; i++) {
    const it = await attempt(method, body, key);
    if (it.kind === "ok" || it.kind === "final") return it;
    await sleep(Math.max(it.waitMs, backoff * (0.5 + Math.random() / 2)));
    backoff = Math.min(2 * backoff, 30000);
    const found = it.kind === "unknown" && ask ? await ask() : null;
    if (found) return found;
  }
  return { kind: "unknown" };
}

async function askPayment(id) {
  const it = await attempt("GetPayment", JSON.stringify({ partnerTransactionId: id }));
  const isOpen = it.kind !== "ok" || /NOT_FOUND|PENDING/.test(it.answer.state);
  return isOpen ? null : it;
}

function businessDate(ms) {
  const local = new Date(ms + 7 * 3600e3);
  if (local.getUTCHours() >= 18) local.setUTCDate(local.getUTCDate() + 1);
  return local.toISOString().slice(0, 10);
}

async function orderBody(task, order) {
  if (task.action === "reverse") {
    return { body: JSON.stringify({ partnerTransactionId: task.transactionId, ...order, reason: "REVERSAL_REASON_TECHNICAL" }) };
  }
  if (task.action === "remit") return { body: JSON.stringify({ ...order, reference: task.transactionId }) };
  const bill = await settle("Inquire", JSON.stringify({ personalId: task.personalId }));
  if (bill.kind !== "ok") return { bill };
  const now = Date.now();
  return { body: JSON.stringify({ partnerTransactionId: task.transactionId, billId: bill.answer.billId,
    billVersion: bill.answer.billVersion, amountVnd: task.amountVnd || bill.answer.dueVnd, paidAtMs: String(now),
    businessDate: businessDate(now), channel: task.channel, pointCode: task.pointCode, collectorCode: task.collectorCode,
    receiptNumber: task.receiptNumber || "0" }) };
}

async function act(task) {
  if (task.action === "echo") return settle("Echo", JSON.stringify({ text: "xin chào" }));
  const order = task.action === "reverse" ? { originalTransactionId: task.originalTransactionId }
    : task.action === "remit" ? { holderCode: task.collectorCode, amountVnd: task.amountVnd }
    : { personalId: task.personalId, amountVnd: task.amountVnd };
  const kept = journal.get(task.transactionId);
  if (kept && JSON.stringify(kept.order) !== JSON.stringify(order)) return { kind: "final", code: "already_exists" };
  const { body, bill } = kept ?? (await orderBody(task, order));
  if (!body) return bill;
  journal.set(task.transactionId, { order, body });
  if (task.action === "remit") return settle("Custody/Remit", body, null, task.transactionId);
  return task.action === "reverse" ? settle("Reverse", body) : settle("Pay", body, () => askPayment(task.transactionId));
}

function reported(task, it) {
  if (it.kind !== "ok") return { state: it.kind === "final" ? "REFUSED" : "UNKNOWN", code: it.code ?? "unknown" };
  if (task.action === "echo") return { state: "OK" };
  if (task.action === "remit") return { state: "REMITTED", amountVnd: it.answer.amountVnd };
  const of = it.answer.payment ?? it.answer.reversal ?? {};
  return { state: (it.answer.state ?? "PAID").replace("COLLECTION_STATE_", ""), paymentId: of.paymentId, amountVnd: of.amountVnd };
}

const server = createServer(async (request, response) => {
  let text = "";
  for await (const chunk of request) text += chunk;
  const task = JSON.parse(text);
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify(reported(task, await act(task))));
});
server.requestTimeout = 0;
server.listen(0, "127.0.0.1", () => console.log(`adapter: http://127.0.0.1:${server.address().port}/`));
