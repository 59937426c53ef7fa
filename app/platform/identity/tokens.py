"""Access tokens: JSON Web Tokens (RFC 7519), HS256, checked without any I/O.

A token names its user, tenant and session and carries no permission: those are read with every request. The
signing key is derived from the deployment's secret; tokens of previous secrets stay valid until they expire.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

import jwt

from app.kernel import clock
from app.kernel.ids import new_id
from app.kernel.problem import Unauthenticated
from app.settings import Settings

ALGORITHM = "HS256"
NAME = "hangar"
REQUIRED = ["iss", "aud", "sub", "tid", "sid", "jti", "iat", "exp"]
EXPIRED = "The token has expired."
REMEMBERED = 10_000
_LABEL = b"hangar.access-token.v1"


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a token with a good signature says."""

    tenant_id: UUID
    user_id: UUID
    session_id: UUID


class Keyring:
    """The signing key and its predecessors, by key id."""

    def __init__(self, settings: Settings) -> None:
        secrets = [settings.secret_key, *settings.previous_secret_keys]
        derived = [
            hmac.digest(secret.get_secret_value().encode(), _LABEL, hashlib.sha256) for secret in secrets
        ]
        self._keys = {_key_id(key): key for key in derived}
        self._current = _key_id(derived[0])
        self.seconds = settings.access_token_seconds
        self._verified = lru_cache(maxsize=REMEMBERED)(self._verify)

    def sign(self, claims: AccessClaims, now: datetime) -> str:
        """A token that is good for `seconds` from `now`."""
        payload = {
            "iss": NAME,
            "aud": NAME,
            "sub": str(claims.user_id),
            "tid": str(claims.tenant_id),
            "sid": str(claims.session_id),
            "jti": str(new_id()),
            "iat": now,
            "exp": now + timedelta(seconds=self.seconds),
        }
        return jwt.encode(payload, self._keys[self._current], ALGORITHM, headers={"kid": self._current})

    def read(self, token: str) -> AccessClaims:
        """The claims of a token. Raises `Unauthenticated` for any other signature, key, audience or time.

        A token that was verified is remembered by its whole text, so only its time is checked again.
        """
        claims, expires_at = self._verified(token)
        if expires_at <= clock.now().timestamp():
            raise Unauthenticated(EXPIRED)
        return claims

    def _verify(self, token: str) -> tuple[AccessClaims, float]:
        try:
            key = self._keys.get(str(jwt.get_unverified_header(token).get("kid")))
            if key is None:
                raise Unauthenticated("The token was signed with a key that is no longer known.")
            payload = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=NAME,
                issuer=NAME,
                options={"require": REQUIRED, "verify_iat": False},
            )
            claims = AccessClaims(UUID(payload["tid"]), UUID(payload["sub"]), UUID(payload["sid"]))
            return claims, float(payload["exp"])
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated(EXPIRED) from error
        except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError) as error:
            raise Unauthenticated("The credential can't be read.") from error


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"kid" + key).hexdigest()[:12]
