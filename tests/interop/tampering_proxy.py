#!/usr/bin/env python3
"""A proxy between a partner and a gateway that is not honest: tampering_proxy.py GATEWAY MODE

MODE: honest, body (another text), digest (another text with its own digest), status (another one), strip (no signature),
replay (the first answer again for every later request), keys (answers and publishes a key of its own).
Says where it listens: "proxy: http://127.0.0.1:PORT".
"""
import base64
import hashlib
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

GATEWAY, MODE = sys.argv[1:3]
OWN = {"host", "connection", "content-length", "transfer-encoding", "date"}
first = []


def ask(handler, body):
    sent = {name: value for name, value in handler.headers.items() if name.lower() not in OWN - {"host"}}
    request = urllib.request.Request(GATEWAY + handler.path, body, sent, method=handler.command)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, list(answer.headers.items()), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, list(error.headers.items()), error.read()


def without(headers, *names):
    return [(name, value) for name, value in headers if name.lower() not in names]


def tamper(status, headers, body):
    other = body.replace(b'"text":"a"', b'"text":"b"')
    if MODE == "body":
        return status, headers, other
    if MODE == "digest":
        digest = base64.b64encode(hashlib.sha256(other).digest()).decode()
        return status, [*without(headers, "content-digest"), ("Content-Digest", f"sha-256=:{digest}:")], other
    if MODE == "status":
        return 201, headers, body
    if MODE == "strip":
        return status, without(headers, "signature", "signature-input"), body
    if MODE == "replay":
        first.append((status, headers, body))
        return first[0]
    return status, headers, body


class Handler(BaseHTTPRequestHandler):
    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
        status, headers, text = ask(self, body)
        if self.command == "POST":
            status, headers, text = tamper(status, headers, text)
        elif MODE == "keys":
            text = text.replace(b'"kid":"', b'"kid":"x')
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in OWN:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET = pass_on

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
print(f"proxy: http://127.0.0.1:{server.server_address[1]}", flush=True)
server.serve_forever()
