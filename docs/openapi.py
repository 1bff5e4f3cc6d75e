"""OpenAPI 3.1 from the descriptors of proto/: the same methods that docs/api.md tells."""
import json

from schema import ROOT, SERVICES, camel

SIGNED = {"Collections"}  # services whose callers sign
PATTERNS = {"int64": r"^-?[0-9]{1,19}$", "uint64": r"^[0-9]{1,20}$"}
CODES = {
    400: ["invalid_argument", "failed_precondition", "out_of_range"], 401: ["unauthenticated"], 403: ["permission_denied"],
    404: ["not_found"], 409: ["already_exists", "aborted"], 429: ["resource_exhausted"], 499: ["canceled"],
    500: ["unknown", "internal", "data_loss"], 501: ["unimplemented"], 503: ["unavailable"], 504: ["deadline_exceeded"],
}


def value_schema(kind):
    if kind in PATTERNS:
        return {"type": "string", "format": kind, "pattern": PATTERNS[kind]}
    if kind in ("int32", "uint32"):
        low, high = (-2**31, 2**31 - 1) if kind == "int32" else (0, 2**32 - 1)
        return {"type": "integer", "format": kind, "minimum": low, "maximum": high}
    scalars = {"string": {"type": "string"}, "bool": {"type": "boolean"},
               "bytes": {"type": "string", "contentEncoding": "base64"}}
    return scalars.get(kind) or {"$ref": f"#/components/schemas/{kind}"}


def described(schema, text):
    return {**schema, "description": text} if text else schema


def message_schema(comment, fields):
    properties = {}
    for name, kind, is_repeated, is_one_of, text in fields:
        schema = value_schema(kind)
        if is_repeated:
            schema = {"type": "array", "items": schema}
        properties[camel(name)] = described(schema, " ".join(filter(None, ["One of these." if is_one_of else "", text])))
    return described({"type": "object", "properties": properties, "additionalProperties": False}, comment)


def enum_schema(comment, values):
    notes = [f"`{name}`: {text}" for name, text in values if text]
    return described({"type": "string", "enum": [name for name, _ in values]}, "\n\n".join(filter(None, [comment, *notes])))


def error_schema():
    codes = sorted(code for codes in CODES.values() for code in codes)
    detail = {"type": "object", "required": ["type", "value"], "properties": {
        "type": {"const": "ansinh.v1.ErrorDetail"},
        "value": {"type": "string", "description": "The packed message in unpadded base64."},
        "debug": {"$ref": "#/components/schemas/ErrorDetail"}}}
    return {"type": "object", "required": ["code"], "properties": {
        "code": {"type": "string", "enum": codes}, "message": {"type": "string"},
        "details": {"type": "array", "items": detail}}}


def operation(service, method):
    name, request, response, comment, is_read = method
    body = {"application/json": {"schema": {"$ref": f"#/components/schemas/{request}"}}}
    answer = {"application/json": {"schema": {"$ref": f"#/components/schemas/{response}"}}}
    parameters = [] if is_read or service in SIGNED else [{"$ref": "#/components/parameters/IdempotencyKey"}]
    out = {
        "operationId": f"{service}_{name}", "tags": [service], "summary": f"{service}/{name}",
        "parameters": [*parameters, {"$ref": "#/components/parameters/Timeout"}],
        "requestBody": {"required": True, "content": body},
        "responses": {"200": {"description": "Done." if not is_read else "The answer.", "content": answer},
                      "4XX": {"$ref": "#/components/responses/Refused"}, "5XX": {"$ref": "#/components/responses/Failed"}},
        "security": [{"signature": []}] if service in SIGNED else [{}],
    }
    return described(out, comment)


def components(schema, names):
    schemas = {name: message_schema(*schema.messages[name]) if name in schema.messages else enum_schema(*schema.enums[name])
               for name in names}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/ConnectError"}}}

    def codes_of(low, high):
        rows = [f"{status}: {', '.join(codes)}" for status, codes in CODES.items() if low <= status < high]
        return "; ".join(rows)

    return {
        "schemas": {**schemas, "ConnectError": error_schema()},
        "parameters": {
            "IdempotencyKey": {"name": "Idempotency-Key", "in": "header", "required": False,
                               "schema": {"type": "string", "minLength": 1, "maxLength": 128},
                               "description": "The same for every repetition of a command: done once, the same answer again."},
            "Timeout": {"name": "Connect-Timeout-Ms", "in": "header", "required": False,
                        "schema": {"type": "integer", "minimum": 1, "maximum": 9999999999},
                        "description": "How long the caller waits, in milliseconds."}},
        "responses": {
            "Refused": {"description": f"Nothing was done. {codes_of(400, 500)}", "content": content},
            "Failed": {"description": f"See the code and its outcome. {codes_of(500, 600)}", "content": content}},
        "securitySchemes": {"signature": {
            "type": "apiKey", "in": "header", "name": "Signature",
            "description": "HTTP Message Signatures (RFC 9421): one signature that covers @method, @target-uri and content-digest "
                           "(RFC 9530), in the headers Signature, Signature-Input and Content-Digest. Signature-Input says created "
                           "(within 5 minutes), nonce (8 to 128 characters, new for every attempt) and keyid "
                           "(<organisation>:<name>); ed25519 or hmac-sha256. Answers are signed under the label ansinh by the keys "
                           "at /.well-known/ansinh-keys. Step by step, with test vectors: docs/post-office.md."}},
    }


def reachable(schema, roots):
    found, queue = [], list(roots)
    while queue:
        name = queue.pop(0)
        if name in found:
            continue
        found.append(name)
        if name in schema.messages:
            queue += [kind for _, kind, *_ in schema.messages[name][1] if kind in schema.messages or kind in schema.enums]
    return sorted(found)


def document(schema):
    paths, roots, tags = {}, ["ErrorDetail"], []
    for service in SERVICES:
        comment, methods = schema.services[service]
        tags.append(described({"name": service}, comment or f"The methods of ansinh.v1.{service}."))
        for method in methods:
            roots += method[1:3]
            paths[f"/ansinh.v1.{service}/{method[0]}"] = {"post": operation(service, method)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "ansinh", "version": (ROOT / "VERSION").read_text().strip(),
                 "summary": "Voluntary social insurance: enrolment, contributions, collection.",
                 "description": "The Connect protocol (unary) with JSON. What the codes promise is in docs/api.md.",
                 "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": "http://127.0.0.1:8080", "description": "The gateway of `make run`."}],
        "tags": tags, "paths": paths, "components": components(schema, reachable(schema, roots)),
    }


def text(schema):
    return json.dumps(document(schema), indent=1, ensure_ascii=False) + "\n"
