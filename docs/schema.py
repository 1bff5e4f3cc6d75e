"""What the descriptors of proto/ say, comments included: docs/gen-api and docs/gen-openapi are written from it."""
import subprocess
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2

ROOT = Path(__file__).resolve().parent.parent
INTERNAL = {"Archive", "Books", "Contacts", "Partners"}  # is_internal in common/service/api.c
SERVICES = ["Enrolment", "Payments", "Collections", "Analytics", "Ledger", "Custody", "Receipts", "Notifications", "Directory", "Campaigns", "Plans", "Health"]

FIELD = descriptor_pb2.FieldDescriptorProto
SCALARS = {
    FIELD.TYPE_STRING: "string", FIELD.TYPE_BOOL: "bool", FIELD.TYPE_BYTES: "bytes", FIELD.TYPE_INT32: "int32",
    FIELD.TYPE_UINT32: "uint32", FIELD.TYPE_INT64: "int64", FIELD.TYPE_UINT64: "uint64", FIELD.TYPE_SINT64: "int64",
    FIELD.TYPE_FIXED64: "uint64", FIELD.TYPE_FIXED32: "uint32",
}
# Field numbers inside FileDescriptorProto and the messages below it: how protoc says where a comment belongs.
MESSAGE, ENUM, SERVICE, MEMBER = 4, 5, 6, 2


def descriptors():
    with tempfile.NamedTemporaryFile() as out:
        files = sorted(str(path.relative_to(ROOT / "proto")) for path in ROOT.glob("proto/ansinh/v1/*.proto"))
        subprocess.run(["protoc", f"-I{ROOT / 'proto'}", "--include_source_info", f"--descriptor_set_out={out.name}", *files],
                       check=True)
        return descriptor_pb2.FileDescriptorSet.FromString(Path(out.name).read_bytes())


class Schema:
    """messages: name to (comment, [(field, type, is_repeated, is_one_of, comment)]);
    enums: name to (comment, [(value, comment)]);
    services: name to (comment, [(method, request, response, comment, is_read)]); all in their order."""

    def __init__(self):
        self.messages, self.enums, self.services = {}, {}, {}
        for file in descriptors().file:
            self.take(file)
        unknown = set(self.services) - set(SERVICES) - INTERNAL
        assert not unknown, f"services that docs/schema.py does not know: {unknown}"

    def take(self, file):
        comments = {tuple(at.path): " ".join(line.strip() for line in at.leading_comments.splitlines())
                    for at in file.source_code_info.location}

        def comment(*path):
            return comments.get(path, "")

        for i, message in enumerate(file.message_type):
            fields = [(field.name, type_name(field), field.label == FIELD.LABEL_REPEATED, field.HasField("oneof_index"),
                       comment(MESSAGE, i, MEMBER, j)) for j, field in enumerate(message.field)]
            self.messages[message.name] = (comment(MESSAGE, i), fields)
        for i, enum in enumerate(file.enum_type):
            values = [(value.name, comment(ENUM, i, MEMBER, j)) for j, value in enumerate(enum.value)]
            self.enums[enum.name] = (comment(ENUM, i), values)
        for i, service in enumerate(file.service):
            methods = [(method.name, last(method.input_type), last(method.output_type), comment(SERVICE, i, MEMBER, j),
                        method.options.idempotency_level == method.options.NO_SIDE_EFFECTS)
                       for j, method in enumerate(service.method)]
            self.services[service.name] = (comment(SERVICE, i), methods)


def last(name):
    return name.rsplit(".", 1)[1]


def type_name(field):
    return last(field.type_name) if field.type_name else SCALARS[field.type]


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
