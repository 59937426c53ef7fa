"""One attempt at telling a receiver, outside any transaction. Nothing raises for what the other side does."""

import json
import smtplib
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

from app.domains.observability.notify import payload
from app.kernel.clock import now
from app.platform import webhooks

SMTP_TIMEOUT_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Letter:
    """All that an attempt needs."""

    delivery_id: UUID
    receiver: str
    kind: str
    config: dict[str, Any]
    secret: bytes | None
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """`error` is None when it was delivered; `final` when trying again would be no use."""

    status_code: int | None = None
    error: str | None = None
    final: bool = False


def send(letter: Letter) -> Result:
    try:
        return _by_email(letter) if letter.kind == "email" else _by_http(letter)
    except webhooks.SecretUnreadable:
        return Result(
            error="the secret was encrypted under another secret key; set the target again", final=True
        )


def _by_http(letter: Letter) -> Result:
    headers: dict[str, str] = {}
    if letter.kind == "alertmanager":
        body = json.dumps(payload.alertmanager(letter.document, letter.receiver))
        if letter.secret is not None:
            headers["Authorization"] = f"Bearer {webhooks.decrypt(letter.secret)}"
    else:
        body = json.dumps(letter.document)
        secret = [webhooks.decrypt(letter.secret)] if letter.secret is not None else []
        headers = webhooks.signed_headers(f"msg_{letter.delivery_id.hex}", now(), body, secret)
    allowed = webhooks.settings().egress_allow_private
    outcome = webhooks.post(letter.config["url"], body.encode(), headers, allow_private=allowed)
    if outcome.delivered:
        return Result(outcome.status_code)
    error = outcome.error or f"answered {outcome.status_code}"
    return Result(outcome.status_code, error, final=outcome.gone)


def _by_email(letter: Letter) -> Result:
    settings = webhooks.settings()
    url = urlsplit(settings.smtp_url.get_secret_value())
    if not url.hostname:
        return Result(error="this installation has no mail server (HANGAR_SMTP_URL)", final=True)
    message = payload.email(
        letter.document,
        sender=settings.smtp_from,
        to=letter.config["to"],
        message_id=letter.delivery_id.hex,
    )
    try:
        with _connect(url.scheme, url.hostname, url.port) as server:
            if parse_qs(url.query).get("starttls") == ["true"]:
                server.starttls(context=ssl.create_default_context())
            if url.username:
                server.login(unquote(url.username), unquote(url.password or ""))
            server.send_message(message)
    except smtplib.SMTPResponseException as refused:
        return Result(refused.smtp_code, f"{type(refused).__name__}: {refused.smtp_code}")
    except (smtplib.SMTPException, OSError) as failure:
        return Result(error=f"{type(failure).__name__}: {failure}"[:500])
    return Result(250)


def _connect(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    if scheme == "smtps":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port or 465, timeout=SMTP_TIMEOUT_SECONDS, context=context)
    return smtplib.SMTP(host, port or 25, timeout=SMTP_TIMEOUT_SECONDS)
