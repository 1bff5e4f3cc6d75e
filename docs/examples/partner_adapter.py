#!/usr/bin/env python3
"""What `ansinh certify --partner URL` talks to: lets the client do what a counter would, and tells what became of it.

partner_adapter.py --url URL --key FILE --key-id ID --journal FILE [--port N] [--timeout SECONDS]
"""
import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from partner_client import TIMEOUT_S, Client, NoAnswer, Refused, private_key_of

ORDER = ("personalId", "amountVnd", "pointCode", "collectorCode", "channel", "receiptNumber")


def result(answer):
    payment = answer.get("payment") or answer.get("reversal") or {}
    return {"state": answer["state"].removeprefix("COLLECTION_STATE_"), "paymentId": payment.get("paymentId", ""),
            "amountVnd": str(payment.get("amountVnd", 0)), "code": ""}


def act(client, task):
    """One task of certify."""
    try:
        if task["action"] == "echo":
            client.echo()
            return {"state": "OK", "code": ""}
        if task["action"] == "reverse":
            return result(client.reverse(task["transactionId"], task["originalTransactionId"]))
        if task["action"] == "remit":
            answer = client.remit(task["transactionId"], task["collectorCode"], task["amountVnd"])
            return {"state": "REMITTED", "paymentId": "", "amountVnd": answer["amountVnd"], "code": ""}
        order = {name: task[name] for name in ORDER if task.get(name)}
        return result(client.collect(task["transactionId"], order))
    except Refused as error:
        return {"state": "REFUSED", "paymentId": "", "amountVnd": "0", "code": error.code}
    except NoAnswer:
        return {"state": "UNKNOWN", "paymentId": "", "amountVnd": "0", "code": "unknown"}


def handler_of(client):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            task = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(act(client, task)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--key-id", required=True)
    parser.add_argument("--journal", required=True)
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--timeout", type=float, default=TIMEOUT_S)
    return parser.parse_args()


def main(kind=Client):
    given = arguments()
    client = kind(given.url, given.key_id, private_key_of(given.key), given.journal, given.timeout)
    server = ThreadingHTTPServer(("127.0.0.1", given.port), handler_of(client))
    print(f"adapter: http://127.0.0.1:{server.server_address[1]}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
