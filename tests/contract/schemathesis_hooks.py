"""What the fuzzer of tests/contract/test_every_operation.py can't know from the document."""

import os
from typing import Any, get_args

import schemathesis
from pydantic_core.core_schema import ErrorType
from schemathesis.openapi.checks import RejectedPositiveData

OWN_KEY = os.environ.get("HANGAR_FUZZ_KEY_ID", "")
NOBODY = "0192a1b2-0000-7000-8000-00000000dead"

# Requests that fit the schema and are refused all the same, by a rule that JSON schema has no words for.
RULES = {
    "bad_cursor": "a cursor is opaque: only a list's own answer has one",
    "bad_request": "what a list can be sorted by is named in the problem",
    "idempotency_key_reused": "the fuzzer repeats its key with another request",
    "precondition_failed": "the fuzzer's ETag is not the current one",
    "unsupported_media_type": "remote write is always packed with snappy, which no schema says",
    "undecodable_body": "a message of a protocol, of which the document only says that it is bytes",
    "file_unreadable": "a table in a file, of which the document only says that it is bytes",
}
# Field errors with a code of pydantic's own are about shape, and shape is what the schema must tell. Codes of our own
# (`unknown_permission`, `password_denied`) and `value_error` (two fields contradict each other) are rules.
# JSON Schema can't count the digits of a number.
DIGITS = {"decimal_max_digits", "decimal_max_places", "decimal_whole_digits"}
SHAPE = frozenset(get_args(ErrorType)) - {"value_error"} - DIGITS


@schemathesis.serializer("application/x-ndjson", "application/x-protobuf")
def as_it_is(context: Any, value: Any) -> bytes:
    """Formats that the document only calls bytes: whatever the fuzzer made of that."""
    return value if isinstance(value, bytes) else str(getattr(value, "data", value)).encode()


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Keep a failure unless a request was refused by such a rule."""
    if not isinstance(failure, RejectedPositiveData):
        return True
    if "json" not in response.headers.get("content-type", [""])[0]:
        return False  # a google.rpc.Status in protobuf, which answers bytes that are no message
    problem = response.json()
    if isinstance(problem["code"], int):  # google.rpc.Status, of the OTLP routes
        return "Idempotency-Key" not in problem["message"]
    codes = {error["code"] for error in problem.get("errors", ())}
    return problem["code"] not in RULES and (not codes or not codes.isdisjoint(SHAPE))


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Never revoke the key that the fuzzer itself signs in with: all that follows would only be 401."""
    if OWN_KEY and case.path_parameters and case.path_parameters.get("api_key_id") == OWN_KEY:
        case.path_parameters["api_key_id"] = NOBODY
