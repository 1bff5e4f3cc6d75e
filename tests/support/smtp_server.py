#!/usr/bin/python3
"""A real SMTP relay for tests, on a free port of 127.0.0.1 or the one given.

The recipient's name says how it behaves:
  perm...   550 to RCPT                    temp...    451 to RCPT
  once...   451 to the first RCPT          late5...   554 after the message
  late4...  452 after the message          hang...    no answer after the message
  drop...   takes the message, then hangs up instead of answering
  anything else: taken

Everything taken is a line in <dir>/taken ("connection recipient message-id"), a file <dir>/<n>.eml
as it came, and <dir>/<n>.txt as a mail program shows it. When it listens, it writes its port to <dir>/port, and it ends with its standard
input.
"""
import argparse
import asyncio
import logging
import os
import ssl
import sys
import warnings
from email import message_from_bytes
from email.policy import default

from aiosmtpd.smtp import SMTP, AuthResult


class Relay:
    def __init__(self, folder):
        self.folder = folder
        self.connections = 0
        self.taken = 0
        self.seen = set()

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        if not hasattr(session, "number"):
            self.connections += 1
            session.number = self.connections
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("perm"):
            return "550 no such user"
        if address.startswith("temp"):
            return "451 try again later"
        if address.startswith("once") and address not in self.seen:
            self.seen.add(address)
            return "451 greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        to = envelope.rcpt_tos[0]
        if to.startswith("late5"):
            return "554 message refused"
        if to.startswith("late4"):
            return "452 no room"
        if to.startswith("hang"):
            await asyncio.sleep(3600)
        self.take(session, envelope, to)
        if to.startswith("drop"):
            server.transport.abort()
        return "250 taken"

    def take(self, session, envelope, to):
        self.taken += 1
        with open(f"{self.folder}/{self.taken}.eml", "wb") as file:
            file.write(envelope.original_content)
        mail = message_from_bytes(envelope.original_content, policy=default)
        with open(f"{self.folder}/{self.taken}.txt", "w", encoding="utf-8") as file:
            for name in ("From", "To", "Subject", "Date"):
                file.write(f"{name}: {mail[name]}\n")
            file.write("\n" + mail.get_content().replace("\r\n", "\n"))
        line = f"{session.number} {to} {mail['Message-ID']}\n"
        with open(f"{self.folder}/taken", "a", encoding="utf-8") as file:
            file.write(line)


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dir")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--login", help="user:password that must be given")
    parser.add_argument("--cert", help="file with certificate and key")
    parser.add_argument("--tls", choices=["smtps", "starttls"])
    parser.add_argument("--greeting", help="say only this to every connection and hang up")
    return parser.parse_args()


def authenticator(login):
    user, password = login.split(":")

    def check(server, session, envelope, mechanism, data):
        is_right = data.login == user.encode() and data.password == password.encode()
        return AuthResult(success=is_right, handled=False)

    return check


async def greet(writer, greeting):
    writer.write(greeting.encode() + b"\r\n")
    await writer.drain()
    writer.close()


async def serve(args):
    relay = Relay(args.dir)
    context = None
    if args.tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(args.cert)
    extra = {"enable_SMTPUTF8": True, "hostname": "relay.test"}
    if args.login:
        extra.update(authenticator=authenticator(args.login), auth_required=True,
                     auth_require_tls=args.tls == "starttls")
    if args.tls == "starttls":
        extra.update(tls_context=context, require_starttls=True)
    loop = asyncio.get_running_loop()
    if args.greeting:
        server = await asyncio.start_server(lambda _, writer: greet(writer, args.greeting),
                                            "127.0.0.1", args.port)
    else:
        server = await loop.create_server(lambda: SMTP(relay, **extra), "127.0.0.1", args.port,
                                          ssl=context if args.tls == "smtps" else None)
    port = server.sockets[0].getsockname()[1]
    with open(f"{args.dir}/port.new", "w", encoding="ascii") as file:
        file.write(f"{port}\n")
    os.rename(f"{args.dir}/port.new", f"{args.dir}/port")
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)


# A test's own failures are loud enough.
logging.disable()
warnings.simplefilter("ignore")
asyncio.run(serve(options()))
