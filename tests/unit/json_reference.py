"""Google's own implementation of the proto3 JSON mapping, as a judge over ours.

Reads lines "<message> <packed, hexadecimal> <our JSON> TAB <our JSON with defaults>", checks that our
JSON means the packed message, and writes one line "<its JSON>" for each, to be read by ours. Ends
with 77 where python3-protobuf is not installed.
"""

import glob
import json
import os
import subprocess
import sys
import tempfile

try:
    from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
except ImportError:
    sys.exit(77)


def load_messages():
    protos = sorted(os.path.relpath(p, "proto") for p in glob.glob("proto/ansinh/v1/*.proto"))
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["protoc", "-Iproto", "--descriptor_set_out=" + out.name] + protos, check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(out.read())
    pool = descriptor_pool.DescriptorPool()
    pending = list(files.file)
    while pending:  # a file can be added after those that it imports
        later = []
        for file in pending:
            try:
                pool.Add(file)
                pool.FindFileByName(file.name)
            except (TypeError, KeyError):
                later.append(file)
        if len(later) == len(pending):
            sys.exit("imports that cannot be resolved")
        pending = later
    if hasattr(message_factory, "GetMessageClass"):
        return lambda name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    factory = message_factory.MessageFactory(pool)
    return lambda name: factory.GetPrototype(pool.FindMessageTypeByName(name))


def with_defaults(message):
    try:
        return json_format.MessageToDict(message, including_default_value_fields=True)
    except TypeError:
        return json_format.MessageToDict(message, always_print_fields_with_no_presence=True)


def check(number, what, got, want):
    if got != want:
        sys.exit("line %d: %s\nours:   %r\ntheirs: %r" % (number, what, got, want))


def main():
    message_class = load_messages()
    for number, line in enumerate(open(sys.argv[1], encoding="utf-8", newline="\n"), 1):
        name, packed, rest = line.rstrip("\n").split(" ", 2)
        ours, ours_with_defaults = rest.split("\t")
        want = message_class(name).FromString(bytes.fromhex(packed))
        check(number, "meaning", json_format.Parse(ours, message_class(name)()), want)
        check(number, "text", json.loads(ours), json_format.MessageToDict(want))
        check(number, "text with defaults", json.loads(ours_with_defaults), with_defaults(want))
        print(json_format.MessageToJson(want, indent=None, ensure_ascii=number % 2 == 0))


main()
