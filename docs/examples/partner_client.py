#!/usr/bin/env python3
"""A collecting organisation's client, as docs/post-office.md describes it: signs requests, checks the
answers' signatures, and finds out what became of a payment whatever happens in between.

Standard library and python3-cryptography. To be read, and to be taken from.
"""
import base64
import hashlib
import json
import os
import re
import secrets
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

TIMEOUT_S = 35  # the platform ends a request itself after 10 s by default
ATTEMPTS = 8  # at one request, before a person is told that its outcome is unknown
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30
WINDOW_S = 300
ZONE = timezone(timedelta(hours=7))
CUT_OFF_MINUTE = 18 * 60
RETRY = {"unavailable", "resource_exhausted", "aborted"}  # nothing was done
# Nobody knows whether it was done. Of "unauthenticated" too: a copy of this request may have come before it.
UNKNOWN = {"unknown", "deadline_exceeded", "canceled", "internal", "data_loss", "unauthenticated"}
COVERED = {'"@status"', '"content-digest"', '"@method";req', '"@target-uri";req', '"signature";req'}


class NoAnswer(Exception):
    """None came, or none that can be believed; wait_s: how long the sender asks to wait."""

    def __init__(self, why, wait_s=0.0):
        super().__init__(why)
        self.wait_s = wait_s


class Refused(Exception):
    """A believed answer that is an error."""

    def __init__(self, code, message, wait_s=0.0):
        super().__init__(f"{code}: {message}")
        self.code, self.wait_s = code, wait_s


def b64(data):
    return base64.b64encode(data).decode()


def digest_of(body):
    return f"sha-256=:{b64(hashlib.sha256(body).digest())}:"


def wait_asked_for(headers):
    text = headers.get("Retry-After", "")
    return min(float(text), LONGEST_WAIT_S) if text.isdigit() else 0.0


class Signer:
    """Signs requests with ed25519 and checks the platform's signatures (RFC 9421, RFC 9530)."""

    def __init__(self, url, key_id, private_key):
        self.url, self.key_id, self.private_key = url, key_id, private_key
        self.platform_keys = {}

    def headers(self, path, body, created=None, nonce=None):
        created = created or int(time.time())
        nonce = nonce or secrets.token_urlsafe(16)
        params = (f'("@method" "@target-uri" "content-digest");created={created}'
                  f';nonce="{nonce}";keyid="{self.key_id}"')
        base = (f'"@method": POST\n"@target-uri": {self.url}{path}\n'
                f'"content-digest": {digest_of(body)}\n"@signature-params": {params}')
        return {"Content-Type": "application/json", "Content-Digest": digest_of(body),
                "Signature-Input": f"sig1={params}",
                "Signature": f"sig1=:{b64(self.private_key.sign(base.encode()))}:"}

    def platform_key(self, key_id):
        if key_id not in self.platform_keys:
            with urllib.request.urlopen(f"{self.url}/.well-known/ansinh-keys", timeout=TIMEOUT_S) as page:
                self.platform_keys = {key["kid"]: key["x"] for key in json.load(page)["keys"]}
        x = self.platform_keys[key_id]
        return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(x + "="))

    def check(self, path, sent, status, got, body):
        """Whether this is the platform's answer to this very request."""
        try:
            label, inner, rest = re.fullmatch(r"([\w-]+)=\(([^()]*)\)(;.*)", got["Signature-Input"]).groups()
            value = re.fullmatch(re.escape(label) + r"=:([A-Za-z0-9+/=]+):", got["Signature"])[1]
            components = inner.split(" ")
            values = {'"@status"': str(status), '"content-digest"': digest_of(body),
                      '"content-type"': got.get("Content-Type"), '"@method";req': "POST",
                      '"@target-uri";req': self.url + path, '"signature";req': sent["Signature"]}
            lines = [f"{component}: {values[component]}" for component in components]
            lines.append(f'"@signature-params": ({inner}){rest}')
            created = int(re.search(r";created=(\d+)", rest)[1])
            key = self.platform_key(re.search(r';keyid="([^"]+)"', rest)[1])
            key.verify(base64.b64decode(value), "\n".join(lines).encode())
        except (TypeError, KeyError, ValueError, OSError, InvalidSignature):
            return False
        return (COVERED <= set(components) and got["Content-Digest"] == digest_of(body)
                and abs(time.time() - created) <= WINDOW_S)


class Journal:
    """What was sent under which id, written down before it is sent: a repetition is the same bytes, also
    after the power was cut."""

    def __init__(self, path):
        self.path, self.entries = path, {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as lines:
                for line in lines:
                    entry = json.loads(line)
                    self.entries[entry["id"]] = entry

    def keep(self, transaction_id, order, body):
        entry = {"id": transaction_id, "order": order, "body": body.decode()}
        with open(self.path, "a", encoding="utf-8") as out:
            out.write(json.dumps(entry) + "\n")
            out.flush()
            os.fsync(out.fileno())
        self.entries[transaction_id] = entry


class Client:
    def __init__(self, url, key_id, private_key, journal, timeout_s=TIMEOUT_S):
        self.signer = Signer(url, key_id, private_key)
        self.url, self.journal, self.timeout_s = url, Journal(journal), timeout_s

    # --- one attempt --------------------------------------------------------------------------------

    def believes(self, path, sent, status, got, body):
        return self.signer.check(path, sent, status, got, body)

    def call(self, method, body, key=None):
        """The answer; or Refused, or NoAnswer. Each attempt is signed anew. key: of a command that is not of Collections."""
        path = f"/ansinh.v1.{method}" if "/" in method else f"/ansinh.v1.Collections/{method}"
        sent = self.signer.headers(path, body) | ({"Idempotency-Key": key} if key else {})
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + path, body, sent),
                                        timeout=self.timeout_s) as answer:
                status, got, text = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            try:
                status, got, text = error.code, error.headers, error.read()
            except OSError as broken:
                raise NoAnswer(str(broken)) from broken
        except OSError as error:
            raise NoAnswer(str(error)) from error
        if not self.believes(path, sent, status, got, text):
            raise NoAnswer(f"HTTP {status} without a signature that fits", wait_asked_for(got))
        answer = json.loads(text)
        if status != 200:
            raise Refused(answer["code"], answer.get("message", ""), wait_asked_for(got))
        return answer

    # --- until the outcome is known -----------------------------------------------------------------

    def settle(self, method, body, ask, **key):
        """Sends the same bytes until it is known what became of them: the answer, or Refused for good.
        ask() finds out in between; None: not done, send it again."""
        wait_s = FIRST_WAIT_S
        for _ in range(ATTEMPTS):
            try:
                return self.call(method, body, **key)
            except Refused as error:
                if error.code not in RETRY | UNKNOWN:
                    raise
                is_unknown, asked_s = error.code in UNKNOWN, error.wait_s
            except NoAnswer as error:
                is_unknown, asked_s = True, error.wait_s
            time.sleep(max(asked_s, wait_s * (0.5 + secrets.randbelow(1000) / 2000)))
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)
            try:
                found = ask() if is_unknown else None
            except (Refused, NoAnswer):
                continue
            if found is not None:
                return found
        raise NoAnswer("still unknown: goes on the list that a person looks at")

    def get_payment(self, transaction_id):
        return self.call("GetPayment", json.dumps({"partnerTransactionId": transaction_id}).encode())

    def ask_payment(self, transaction_id):
        answer = self.get_payment(transaction_id)
        undecided = ("COLLECTION_STATE_NOT_FOUND", "COLLECTION_STATE_PENDING")
        return None if answer["state"] in undecided else answer

    # --- what a counter does ------------------------------------------------------------------------

    def pay_request(self, transaction_id, order):
        bill = self.settle("Inquire", json.dumps({"personalId": order["personalId"]}).encode(), lambda: None)
        now = datetime.now(ZONE)
        is_late = now.hour * 60 + now.minute >= CUT_OFF_MINUTE
        return json.dumps({
            "partnerTransactionId": transaction_id, "billId": bill["billId"], "billVersion": bill["billVersion"],
            "amountVnd": order.get("amountVnd") or bill["dueVnd"], "paidAtMs": str(int(now.timestamp() * 1000)),
            "businessDate": str(now.date() + timedelta(days=is_late)), "channel": order["channel"],
            "pointCode": order["pointCode"], "collectorCode": order["collectorCode"],
            "receiptNumber": order.get("receiptNumber", "0")}).encode()

    def kept(self, transaction_id, order, make):
        """The bytes of this transaction. The id of another order is refused here, before anybody is asked."""
        entry = self.journal.entries.get(transaction_id)
        if entry is None:
            self.journal.keep(transaction_id, order, make())
        elif entry["order"] != order:
            raise Refused("already_exists", "this id stands for another order")
        return self.journal.entries[transaction_id]["body"].encode()

    def collect(self, transaction_id, order):
        """order: personalId, pointCode, collectorCode, channel, and amountVnd unless it is what is due,
        receiptNumber of an offline receipt."""
        body = self.kept(transaction_id, order, lambda: self.pay_request(transaction_id, order))
        answer = self.settle("Pay", body, lambda: self.ask_payment(transaction_id))
        return {"state": "COLLECTION_STATE_PAID", **answer}

    def reverse(self, transaction_id, original_id):
        order = {"originalTransactionId": original_id}
        body = self.kept(transaction_id, order, lambda: json.dumps({
            "partnerTransactionId": transaction_id, **order, "reason": "REVERSAL_REASON_TECHNICAL"}).encode())
        return self.settle("Reverse", body, lambda: None)

    def remit(self, reference, collector, amount_vnd):
        """Hands cash over. The reference is ours and new for each remittance; it is the command's key as well."""
        order = {"holderCode": collector, "amountVnd": amount_vnd}
        body = self.kept(reference, order, lambda: json.dumps({**order, "reference": reference}).encode())
        return self.settle("Custody/Remit", body, lambda: None, key=reference)

    def echo(self):
        return self.settle("Echo", json.dumps({"text": "xin chào"}).encode(), lambda: None)


def private_key_of(path):
    """A file of `ansinh partner keygen`: the seed, 32 bytes as hexadecimal digits."""
    with open(path, encoding="ascii") as file:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(file.read().strip()))
