"""Webhooks: a tenant's events, signed and sent to the endpoints it names (Standard Webhooks).

The pieces that other modules send with: `refusal` and `post` (guarded egress), `new_secret`, `encrypt`, `decrypt` and
`signed_headers` (signing), `settings` (of this process).
"""

from app.platform.webhooks.config import configure
from app.platform.webhooks.config import current as settings
from app.platform.webhooks.egress import Outcome, post, refusal
from app.platform.webhooks.permissions import WEBHOOKS_WRITE
from app.platform.webhooks.signing import SecretUnreadable, decrypt, encrypt, new_secret
from app.platform.webhooks.signing import headers as signed_headers

__all__ = [
    "WEBHOOKS_WRITE",
    "Outcome",
    "SecretUnreadable",
    "configure",
    "decrypt",
    "encrypt",
    "new_secret",
    "post",
    "refusal",
    "settings",
    "signed_headers",
]
