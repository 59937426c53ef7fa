"""Where the credential of a request stands: pure, no I/O."""

import base64
import binascii


def credential_of(authorization: str, *, basic: bool) -> str:
    """The credential of an `Authorization` header; empty when there is none that can be read.

    `Bearer <token>` (RFC 6750 §2.1), or with `basic` also the token as password of any user name (RFC 7617 §2):
    stock Prometheus, Alertmanager and collectors are all able to send one of the two. Basic is never asked for,
    so no browser keeps such a password and sends it by itself.
    """
    scheme, _, value = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if basic and scheme.lower() == "basic":
        return _password(value.strip())
    return ""


def _password(encoded: str) -> str:
    try:
        pair = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return pair.partition(":")[2].strip()
