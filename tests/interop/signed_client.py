#!/usr/bin/env python3
"""A partner's client in another language: signs requests (RFC 9421) and checks the answers' signatures.

tests/interop/signed_client.py URL PUBLIC_URL KEY_ID ed25519|hmac-sha256 BASE64

URL is where the gateway listens, PUBLIC_URL what it is called by; BASE64 is the seed of an ed25519 key or
the secret of hmac-sha256. Shares no code with the gateway: python3-cryptography and the standard library.
"""
import base64
import hashlib
import hmac
import json
import re
import secrets
import sys
import time
import urllib.error
import urllib.request

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ECHO = "/ansinh.v1.Collections/Echo"
COVERED = {"@status", "content-digest", "content-type", '@method";req', '@target-uri";req', 'signature";req'}


def b64(data):
    return base64.b64encode(data).decode()


def digest(body):
    return f"sha-256=:{b64(hashlib.sha256(body).digest())}:"


class Client:
    def __init__(self, url, public_url, key_id, algorithm, secret):
        self.url, self.public_url, self.key_id, self.algorithm = url, public_url, key_id, algorithm
        self.secret = secret
        with urllib.request.urlopen(url + "/.well-known/ansinh-keys", timeout=20) as page:
            self.keys = {key["kid"]: key for key in json.load(page)["keys"]}

    def sign(self, base):
        if self.algorithm == "hmac-sha256":
            return hmac.new(self.secret, base, hashlib.sha256).digest()
        return Ed25519PrivateKey.from_private_bytes(self.secret).sign(base)

    def headers(self, path, body):
        """What a signed POST has."""
        params = (f'("@method" "@target-uri" "content-digest" "content-type");created={int(time.time())}'
                  f';nonce="{secrets.token_urlsafe(16)}";keyid="{self.key_id}";alg="{self.algorithm}"')
        lines = [f'"@method": POST', f'"@target-uri": {self.public_url}{path}', f'"content-digest": {digest(body)}',
                 '"content-type": application/json', f'"@signature-params": {params}']
        return {
            "Content-Type": "application/json",
            "Content-Digest": digest(body),
            "Signature-Input": f"sig={params}",
            "Signature": f"sig=:{b64(self.sign(chr(10).join(lines).encode()))}:",
        }

    def post(self, path, message, change=None):
        """The status and the answer's body, whose signature was right."""
        body = json.dumps(message).encode()
        headers = self.headers(path, body)
        headers.update(change or {})
        request = urllib.request.Request(self.url + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                status, got, answered = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, got, answered = error.code, error.headers, error.read()
        self.check(path, headers, status, got, answered)
        return status, json.loads(answered)

    def check(self, path, sent, status, got, body):
        """Fails when the answer is not one to this request, signed with a published key."""
        label, inner, rest = re.fullmatch(r"(\w+)=\(([^)]*)\)(.*)", got["Signature-Input"]).groups()
        assert got["Content-Digest"] == digest(body), "digest"
        parameters = dict(re.findall(r';(\w+)=(?:"([^"]*)"|\d+)', rest))
        assert parameters["alg"] == "ed25519"
        created = int(re.search(r";created=(\d+)", rest)[1])
        assert abs(created - time.time()) < 300
        lines, covered = [], set()
        for component in inner.split(" "):
            name, is_of_request = re.fullmatch(r'"([^"]+)"(;req)?', component).groups()
            covered.add(name + ('";req' if is_of_request else ""))
            values = {"@status": str(status), "@method": "POST", "@target-uri": self.public_url + path}
            value = values.get(name) or (sent[name.title()] if is_of_request else got[name])
            lines.append(f"{component}: {value}")
        assert covered >= COVERED, covered
        lines.append(f'"@signature-params": ({inner}){rest}')
        value = re.fullmatch(rf"{label}=:([^:]*):", got["Signature"])[1]
        jwk = self.keys[parameters["keyid"]]
        assert (jwk["kty"], jwk["crv"], jwk["alg"]) == ("OKP", "Ed25519", "EdDSA")
        public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(jwk["x"] + "="))
        base = "\n".join(lines).encode()
        public.verify(base64.b64decode(value), base)
        try:
            public.verify(base64.b64decode(value), base + b" ")
        except InvalidSignature:
            return
        raise AssertionError("the verifier takes anything")


def main():
    url, public_url, key_id, algorithm, secret = sys.argv[1:]
    client = Client(url, public_url, key_id, algorithm, base64.b64decode(secret))
    status, answer = client.post(ECHO, {"text": "xin chào"})
    assert status == 200 and answer["text"] == "xin chào", answer
    assert answer["partner"] == key_id.split(":")[0], answer
    # a refusal is signed, too: of a message that is none, and of a signature that is wrong
    status, answer = client.post(ECHO, {"text": 5})
    assert status == 400 and answer["code"] == "invalid_argument", answer
    status, answer = client.post(ECHO, {"text": "a"}, {"Signature": f"sig=:{b64(bytes(64))}:"})
    assert status == 401 and answer["code"] == "unauthenticated", answer


if __name__ == "__main__":
    main()
