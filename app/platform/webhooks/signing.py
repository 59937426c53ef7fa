"""Signing secrets: made here, kept encrypted, and used to sign by the Standard Webhooks specification.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from standardwebhooks import Webhook

from app.platform.webhooks.config import current

_BYTES = 32
_PURPOSE = b"hangar webhook secrets v1"


class SecretUnreadable(Exception):  # noqa: N818 it is a state of the data, told to the operator
    """The secret was encrypted under a key that this process was not given."""


def new_secret() -> str:
    """A fresh secret: `whsec_` and 32 random bytes in base64, as the specification writes them."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def encrypt(secret: str) -> bytes:
    """Fernet (AES-128-CBC and HMAC-SHA256) under a key derived from the secret key of the settings."""
    return _cipher().encrypt(secret.encode())


def decrypt(ciphertext: bytes) -> str:
    """The secret. Previous secret keys of the settings still open it; raises `SecretUnreadable` otherwise."""
    try:
        return _cipher().decrypt(ciphertext).decode()
    except InvalidToken as error:
        raise SecretUnreadable("encrypted under another secret key") from error


def headers(message_id: str, at: datetime, body: str, signing: Sequence[str]) -> dict[str, str]:
    """The three headers of the specification; during a rotation there is one signature per secret."""
    signatures = [Webhook(secret).sign(message_id, at, body) for secret in signing]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _cipher() -> MultiFernet:
    settings = current()
    keys = [settings.secret_key, *settings.previous_secret_keys]
    return MultiFernet([Fernet(_derive(key.get_secret_value())) for key in keys])


def _derive(key: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(key.encode())
    return base64.urlsafe_b64encode(derived)
