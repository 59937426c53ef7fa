"""What a running server really answers, asked over HTTP."""

from urllib.parse import urlsplit

import httpx

from app.domains.observability.inspections.checks.base import (
    Check,
    Ground,
    NotApplicable,
    Outcome,
    failed,
    named,
    passed,
    warned,
)
from app.domains.observability.inspections.words import Weight

TIMEOUT_SECONDS = 2.0  # of each phase: the check holds a transaction meanwhile
# Harmless, public, and answered by every server: one page of JSON and one for people.
PATHS = ("/healthz", "/login")


def security_headers(ground: Ground) -> Outcome | NotApplicable:
    """Ask the address that clients use, so that a proxy which drops a header is seen too."""
    base = ground.settings.inspection_url or ground.settings.public_url
    if not base:
        return NotApplicable(
            "No address of a running server: set HANGAR_PUBLIC_URL or HANGAR_INSPECTION_URL."
        )
    host = urlsplit(base).hostname
    missing: dict[str, list[str]] = {}
    for path in PATHS:
        try:
            answer = httpx.get(
                base.rstrip("/") + path, timeout=TIMEOUT_SECONDS, headers={"Accept": "text/html"}
            )
        except httpx.HTTPError as error:
            reason = type(error).__name__
            return warned(f"{host} can't be asked: {reason}.", host=host, error=reason)
        wrong = _missing(answer, https=base.startswith("https://"), page=path != "/healthz")
        if wrong:
            missing[path] = wrong
    if missing:
        every = sorted({name for names in missing.values() for name in names})
        return failed(f"Answers lack {named(every)}.", host=host, missing=missing)
    return passed(f"{len(PATHS)} answers carry every security header.", host=host)


def _missing(answer: httpx.Response, *, https: bool, page: bool) -> list[str]:
    headers = answer.headers
    found = []
    if headers.get("x-content-type-options", "").lower() != "nosniff":
        found.append("X-Content-Type-Options")
    policy = headers.get("content-security-policy", "")
    if (
        headers.get("x-frame-options", "").upper() not in {"DENY", "SAMEORIGIN"}
        and "frame-ancestors" not in policy
    ):
        found.append("X-Frame-Options")
    if not headers.get("referrer-policy"):
        found.append("Referrer-Policy")
    if page and not policy:
        found.append("Content-Security-Policy")
    if https and "max-age=" not in headers.get("strict-transport-security", ""):
        found.append("Strict-Transport-Security")
    return found


CHECKS = (
    Check(
        "http.security_headers",
        Weight.MEDIUM,
        "Answers carry security headers",
        "The server sends them itself: find the proxy in between that removes the named ones.",
        security_headers,
    ),
)
