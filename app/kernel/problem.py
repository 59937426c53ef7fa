"""Errors as RFC 9457 problem details: classes that own their status and code, raised anywhere, rendered once."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """One field that is wrong: `pointer` is a JSON pointer into the body, or `query`/`path`/`header` + name."""

    pointer: str = Field(examples=["#/name"])
    code: str = Field(examples=["string_too_short"])
    detail: str = Field(examples=["String should have at least 1 character"])


class Problem(Exception):  # noqa: N818 the word of RFC 9457
    """Base of every error a client can see. `members` become extra members of the problem document.

    `extra` declares the members that a class adds; it holds for that class, not for those below it.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"
    extra: ClassVar[type[BaseModel] | None] = None

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **members: JsonValue,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.members = members

    def document(self, *, instance: str, request_id: str) -> dict[str, Any]:
        doc: dict[str, Any] = {
            "type": f"/docs/errors#{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "instance": instance,
            "request_id": request_id,
        }
        if self.errors:
            doc["errors"] = [error.model_dump() for error in self.errors]
        return doc | self.members


class ProblemDocument(BaseModel):
    """An RFC 9457 problem."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"additionalProperties": True})

    type: str = Field(examples=["/docs/errors#not_found"])
    title: str
    status: int
    detail: str
    code: str
    instance: str
    request_id: str
    errors: list[FieldError] | None = None


class PermissionMembers(BaseModel):
    permission: str | None = Field(None, examples=["assets.write"])


class VersionMembers(BaseModel):
    current_version: int


class LimitMembers(BaseModel):
    limit_bytes: int = Field(examples=[10_485_760])


class ConstraintMembers(BaseModel):
    constraint: str | None = Field(None, description="The rule of the database that was broken.")


class BadRequest(Problem):
    """The request could not be read: a malformed parameter, header or cursor."""

    status, code, title = 400, "bad_request", "Bad request"


class UnknownParameter(BadRequest):
    """A query parameter that this operation does not have; `errors` names it."""

    code, title = "unknown_parameter", "Unknown query parameter"


class BadCursor(BadRequest):
    """The `cursor` was not made by this list, or belongs to another sort order."""

    code, title = "bad_cursor", "Bad cursor"


class Unauthenticated(Problem):
    """No credential, or one that is wrong, expired, revoked or of a disabled user."""

    status, code, title = 401, "unauthenticated", "Not signed in"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class PermissionDenied(Problem):
    """Signed in, but without the permission that the operation needs; `permission` names it."""

    status, code, title = 403, "permission_denied", "Permission denied"
    extra = PermissionMembers


class NotFound(Problem):
    """No such resource in this tenant. Another tenant's id gets the same answer."""

    status, code, title = 404, "not_found", "Not found"


class MethodNotAllowed(Problem):
    """The path exists, the method does not."""

    status, code, title = 405, "method_not_allowed", "Method not allowed"


class Conflict(Problem):
    """The request is well formed but the state of the resource forbids it."""

    status, code, title = 409, "conflict", "Conflict"
    extra: ClassVar[type[BaseModel] | None] = ConstraintMembers


class IdempotencyInFlight(Conflict):
    """The first request with this `Idempotency-Key` is still running."""

    code, title = "idempotency_in_flight", "First request still running"


class IdempotencyAnswerNotKept(Conflict):
    """The request was carried out before, but its answer held a secret and was not kept."""

    code, title = "idempotency_answer_not_kept", "Answer not kept"


class PreconditionFailed(Problem):
    """`If-Match` names a version that is no longer current; `current_version` does."""

    status, code, title = 412, "precondition_failed", "Precondition failed"
    extra = VersionMembers


class BodyTooLarge(Problem):
    """The body is larger than this operation takes; `limit_bytes` says how much it does."""

    status, code, title = 413, "body_too_large", "Body too large"
    extra = LimitMembers


class ValidationFailed(Problem):
    """One or more fields are missing or wrong; `errors` names each."""

    status, code, title = 422, "validation_failed", "Validation failed"
    extra: ClassVar[type[BaseModel] | None] = ConstraintMembers


class IdempotencyMismatch(Problem):
    """The `Idempotency-Key` was used before with another request."""

    status, code, title = 422, "idempotency_key_reused", "Idempotency key reused"


class RateLimited(Problem):
    """Too many requests; `Retry-After` says when to come back."""

    status, code, title = 429, "rate_limited", "Too many requests"


class InternalError(Problem):
    """A defect of ours. The request id finds it in the logs; nothing was stored."""


class ServiceUnavailable(Problem):
    """The database is away or every connection is busy. Nothing was stored; retry after `Retry-After` seconds."""

    status, code, title = 503, "service_unavailable", "Service unavailable"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail, headers={"Retry-After": "1"})


def invalid(field: str, code: str, detail: str) -> ValidationFailed:
    """A 422 that names one body field, for rules the schema can't express."""
    return ValidationFailed(detail, errors=[FieldError(pointer=f"#/{field}", code=code, detail=detail)])
