// The npm package http-message-signatures (1.0.6), unchanged, against a running gateway: signs requests with both
// algorithms and checks the answers' signatures. In an empty folder:
//
//   npm install http-message-signatures
//   cp .../tests/interop/signed_client.mjs . && node signed_client.mjs URL KEY-ID ed25519|hmac-sha256 KEY-FILE
//
// KEY-FILE is of `ansinh partner keygen`: 64 hexadecimal digits.
import { createHash, createPrivateKey, createPublicKey, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import library from "http-message-signatures";

const { httpbis, createSigner, createVerifier } = library;
const [base, keyId, algorithm, keyFile] = process.argv.slice(2);
const secret = Buffer.from(readFileSync(keyFile, "utf8").trim(), "hex");
const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), secret]);
const key = algorithm === "hmac-sha256" ? secret : createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });

const digest = (body) => `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
const { keys } = await (await fetch(base + "/.well-known/ansinh-keys")).json();

const url = base + "/ansinh.v1.Collections/Echo";
const body = JSON.stringify({ text: "xin chào" });
const signed = await httpbis.signMessage(
  {
    key: createSigner(key, algorithm, keyId),
    name: "sig1",
    fields: ["@method", "@target-uri", "content-digest", "content-type"],
    params: ["created", "expires", "nonce", "keyid", "alg"],
    paramValues: { nonce: randomUUID() },
  },
  { method: "POST", url, headers: { "content-type": "application/json", "content-digest": digest(body) } },
);
const answer = await fetch(url, { method: "POST", body, headers: signed.headers });
const text = await answer.text();
const headers = Object.fromEntries(answer.headers);
const isRight = await httpbis.verifyMessage(
  {
    keyLookup: async ({ keyid }) => {
      const jwk = keys.find(({ kid }) => kid === keyid);
      const verify = createVerifier(createPublicKey({ key: jwk, format: "jwk" }), "ed25519");
      return { id: keyid, algs: ["ed25519"], verify };
    },
  },
  { status: answer.status, headers },
  { method: "POST", url, headers: signed.headers },
);
console.log(answer.status, text);
if (answer.status !== 200 || isRight !== true || headers["content-digest"] !== digest(text)) {
  console.error("the answer is not as it must be");
  process.exit(1);
}
