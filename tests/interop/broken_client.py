#!/usr/bin/env python3
"""Clients that must not be certified: docs/examples/partner_client.py, each with one fault made on purpose.

tests/interop/broken_client.py FAULT and the arguments of docs/examples/partner_adapter.py
"""
import json
import pathlib
import secrets
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "docs" / "examples"))

import partner_adapter  # noqa: E402
import partner_client  # noqa: E402


class NewId(partner_client.Client):
    """Takes a repetition for another payment."""

    sent = 0

    def call(self, method, body, **key):
        if method == "Pay":
            request = json.loads(body)
            if self.sent > 0:
                request["partnerTransactionId"] = f"{self.sent}-{request['partnerTransactionId']}"
            self.sent += 1
            body = json.dumps(request).encode()
        return super().call(method, body, **key)


class OtherBytes(partner_client.Client):
    """Makes the request anew for every attempt."""

    def kept(self, transaction_id, order, make):
        time.sleep(0.002)
        return make()


class Believes(partner_client.Client):
    """Takes any answer for the platform's."""

    def believes(self, path, sent, status, got, body):
        return True


class NewKey(partner_client.Client):
    """Takes a repetition of a command for another one."""

    def call(self, method, body, key=None):
        return super().call(method, body, key and secrets.token_hex(16))


class GivesUp(partner_client.Client):
    """Takes no answer for a refusal."""

    def settle(self, method, body, ask, **key):
        try:
            return self.call(method, body, **key)
        except partner_client.NoAnswer as error:
            raise partner_client.Refused("unavailable", str(error)) from error


class Impatient(partner_client.Client):
    """Does not wait."""

    def settle(self, method, body, ask, **key):
        partner_client.FIRST_WAIT_S = partner_client.LONGEST_WAIT_S = 0
        return super().settle(method, body, ask, **key)


class SameNonce(partner_client.Client):
    """Signs once, and sends that again."""

    def __init__(self, *given):
        super().__init__(*given)
        fresh = self.signer.headers
        kept = {}
        self.signer.headers = lambda path, body: kept.setdefault((path, body), fresh(path, body))


FAULTS = {"new-id": NewId, "other-bytes": OtherBytes, "believes": Believes, "gives-up": GivesUp, "impatient": Impatient,
          "same-nonce": SameNonce, "new-key": NewKey}

if __name__ == "__main__":
    partner_adapter.main(FAULTS[sys.argv.pop(1)])
