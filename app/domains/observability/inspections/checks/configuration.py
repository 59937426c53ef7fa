"""The settings of this process. Secrets are judged and never shown."""

from collections.abc import Iterator
from urllib.parse import parse_qs, unquote, urlsplit

from app.domains.observability.inspections.checks.base import (
    Check,
    Ground,
    Outcome,
    failed,
    is_loopback,
    named,
    passed,
    warned,
)
from app.domains.observability.inspections.words import CheckStatus, Weight
from app.settings import DEV_SECRET, Settings

SHORTEST_SECRET = 32
FEWEST_CHARACTERS = 10
SHORTEST_PASSWORD = 12
ACCESS_SECONDS_USUAL, ACCESS_SECONDS_MOST = 3600, 4 * 3600
REFRESH_DAYS_USUAL = 90
ENCRYPTED = {"require", "verify-ca", "verify-full"}
WELL_KNOWN = {"postgres", "password", "hangar", "secret", "admin", "changeme", "123456"}


def default_or_weak(ground: Ground) -> Outcome:
    """Grave where others than the people of this machine are served, a warning on a developer's."""
    found = [*_weak_secrets(ground.settings), *_weak_passwords(ground.settings)]
    if not found:
        return passed("Every secret is long and of your own.")
    status = CheckStatus.FAIL if ground.exposed else CheckStatus.WARN
    return Outcome(
        status, f"Weak or default: {named(found)}.", {"settings": found, "exposed": ground.exposed}
    )


def _weak_secrets(settings: Settings) -> Iterator[str]:
    keys = [("HANGAR_SECRET_KEY", settings.secret_key.get_secret_value())]
    keys += [("HANGAR_PREVIOUS_SECRET_KEYS", old.get_secret_value()) for old in settings.previous_secret_keys]
    token = settings.bootstrap_token
    keys.append(("HANGAR_BOOTSTRAP_TOKEN", token.get_secret_value() if token else ""))
    for name, secret in keys:
        if secret == DEV_SECRET:
            yield f"{name} (the default)"
        elif len(secret) < SHORTEST_SECRET or len(set(secret)) < FEWEST_CHARACTERS:
            yield f"{name} ({'short or of few characters' if secret else 'not set'})"


def _weak_passwords(settings: Settings) -> Iterator[str]:
    for name, url in _urls(settings):
        parts = urlsplit(url)
        if parts.password is None:
            continue
        password = unquote(parts.password)
        if len(password) < SHORTEST_PASSWORD or password in WELL_KNOWN or password == parts.username:
            yield f"the password in {name}"


def _urls(settings: Settings) -> Iterator[tuple[str, str]]:
    for name in (
        "database_url",
        "database_owner_url",
        "ops_database_url",
        "database_direct_url",
        "redis_url",
    ):
        url = getattr(settings, name)
        if url:
            yield name.upper(), url


def token_lifetimes(ground: Ground) -> Outcome:
    """An access token can't be taken back by whoever lost it, so it is short; a refresh token ends some day."""
    seconds, days = ground.settings.access_token_seconds, ground.settings.refresh_token_days
    evidence = {"access_token_seconds": seconds, "refresh_token_days": days}
    if seconds > ACCESS_SECONDS_MOST:
        return failed(f"Access tokens are good for {seconds} seconds.", **evidence)
    if seconds > ACCESS_SECONDS_USUAL or days > REFRESH_DAYS_USUAL:
        return warned(f"Access tokens last {seconds} s, refresh tokens {days} days.", **evidence)
    return passed(f"Access tokens last {seconds} s, refresh tokens {days} days.", **evidence)


def tls_settings(ground: Ground) -> Outcome:
    """Nothing crosses a network in the clear: neither clients' requests nor the database's answers."""
    settings = ground.settings
    public = urlsplit(settings.public_url)
    plain = [name for name, url in _urls(settings) if not _encrypted(url)]
    evidence = {"public_scheme": public.scheme, "unencrypted": plain}
    if public.scheme == "http" and not is_loopback(public.hostname):
        return failed("HANGAR_PUBLIC_URL is http: clients send their tokens in the clear.", **evidence)
    parts = [f"without TLS to another machine: {named(plain)}"] if plain else []
    if not settings.public_url and settings.profile == "production":
        parts.append("HANGAR_PUBLIC_URL is not set, so nobody can tell whether clients use https")
    if parts:
        return warned(f"{'; '.join(parts)}.", **evidence)
    return passed("What leaves this machine is encrypted.", **evidence)


def _encrypted(url: str) -> bool:
    parts = urlsplit(url)
    if is_loopback(parts.hostname) or parts.scheme == "rediss":
        return True
    return parts.scheme != "redis" and parse_qs(parts.query).get("sslmode", [""])[-1] in ENCRYPTED


def cors_settings(ground: Ground) -> Outcome:
    """A page of a named origin may use what its visitor's browser holds."""
    origins = ground.settings.cors_origins
    plain = [o for o in origins if urlsplit(o).scheme != "https" and not is_loopback(urlsplit(o).hostname)]
    evidence = {"origins": origins}
    if "*" in origins:
        return failed("HANGAR_CORS_ORIGINS lets every page call this API.", **evidence)
    if "null" in origins:
        return failed("HANGAR_CORS_ORIGINS names the origin null, which any sandboxed page has.", **evidence)
    if plain:
        return warned(f"Origins without https: {named(plain)}.", **evidence)
    return passed(f"{len(origins)} origins may call this API from a browser.", **evidence)


def rate_limit(ground: Ground) -> Outcome:
    settings = ground.settings
    evidence = {"per_second": settings.rate_limit_per_second, "exposed": ground.exposed}
    if settings.rate_limit_enabled:
        return passed(f"{settings.rate_limit_per_second} requests a second for each caller.", **evidence)
    status = CheckStatus.FAIL if ground.exposed else CheckStatus.WARN
    return Outcome(
        status, "HANGAR_RATE_LIMIT_ENABLED is off: passwords can be tried at full speed.", evidence
    )


CHECKS = (
    Check(
        "secrets.default_or_weak",
        Weight.CRITICAL,
        "Secrets are long and of your own",
        "Set the named settings to random values of at least 32 characters; docs/guides/deploying.md.",
        default_or_weak,
    ),
    Check(
        "tokens.lifetimes",
        Weight.MEDIUM,
        "Tokens are short-lived",
        "Lower HANGAR_ACCESS_TOKEN_SECONDS and HANGAR_REFRESH_TOKEN_DAYS.",
        token_lifetimes,
    ),
    Check(
        "tls.settings",
        Weight.HIGH,
        "Nothing goes over a network in the clear",
        "Serve behind https and name it in HANGAR_PUBLIC_URL; add sslmode=verify-full to the database URLs.",
        tls_settings,
    ),
    Check(
        "cors.settings",
        Weight.HIGH,
        "Browsers of named origins only",
        "Name the origins of your own pages in HANGAR_CORS_ORIGINS, with https.",
        cors_settings,
    ),
    Check(
        "rate_limit.enabled",
        Weight.MEDIUM,
        "Callers are limited",
        "Set HANGAR_RATE_LIMIT_ENABLED=true.",
        rate_limit,
    ),
)
