"""What a check is, what it is given, and what it answers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from app.domains.observability.inspections.words import CheckStatus, Weight
from app.kernel.db.engine import Database
from app.kernel.tx import ReadTx
from app.settings import Settings

NAMED_AT_MOST = 20
_LOOPBACK = {"localhost", "::1", ""}


@dataclass(frozen=True, slots=True)
class AuditPlace:
    """How far the audit chain is known to be intact."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Ground:
    """`tx` is a read-only transaction of the tenant, this check's own. `database` opens others.

    `audit_from` is where the last inspection found the audit chain intact.
    """

    tx: ReadTx
    database: Database
    settings: Settings
    audit_from: AuditPlace | None = None

    @property
    def tenant_id(self) -> UUID:
        return self.tx.tenant_id

    @property
    def exposed(self) -> bool:
        """Whether others than the people of this machine are served: decides what is grave and what is not."""
        settings = self.settings
        return settings.profile == "production" or not is_loopback(urlsplit(settings.public_url).hostname)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`audit`: how far the audit chain was found intact, from the one check that looks."""

    status: CheckStatus
    message: str
    evidence: dict[str, Any] = field(default_factory=dict)
    audit: AuditPlace | None = None


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """There is nothing here that the check could look at."""

    reason: str


@dataclass(frozen=True, slots=True)
class Check:
    """`remediation` says what to do when it does not pass. `look` reads and changes nothing."""

    key: str
    severity: Weight
    title: str
    remediation: str
    look: Callable[[Ground], Outcome | NotApplicable]


def passed(message: str, **evidence: Any) -> Outcome:
    return Outcome(CheckStatus.PASS, message, evidence)


def warned(message: str, **evidence: Any) -> Outcome:
    return Outcome(CheckStatus.WARN, message, evidence)


def failed(message: str, **evidence: Any) -> Outcome:
    return Outcome(CheckStatus.FAIL, message, evidence)


def named(things: Iterable[str]) -> str:
    """The first few of many, as words of a sentence."""
    every = list(things)
    shown = ", ".join(every[:5])
    return f"{shown} and {len(every) - 5} more" if len(every) > 5 else shown


def some(things: Iterable[Any]) -> list[Any]:
    """As many as evidence keeps."""
    return list(things)[:NAMED_AT_MOST]


def is_loopback(host: str | None) -> bool:
    """Also for no host at all (a UNIX socket, or no URL)."""
    return (host or "") in _LOOPBACK or str(host).startswith(("127.", "/"))
