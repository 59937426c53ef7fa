"""The reader's rule: an endpoint is sent only what its owner may read now."""

from collections.abc import Iterable, Mapping

from app.kernel.events.envelope import catalogue
from app.kernel.security.permissions import EVERYTHING
from app.kernel.tx import ReadTx
from app.platform import identity
from app.platform.webhooks.events import DELIVERY_EVENTS, EndpointTested

_TEST = EndpointTested.event_type


def permissions_of(tx: ReadTx, owners: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """What each owner may do at this moment; nothing for one who is disabled, revoked or gone."""
    return {owner: identity.permissions_of(tx, owner) for owner in set(owners)}


def may_read(held: frozenset[str], event_type: str) -> bool:
    """Whether somebody holding these permissions may be sent an event of this type by webhook."""
    if event_type == _TEST:
        return True
    if event_type.startswith(DELIVERY_EVENTS):
        return False
    declared = catalogue().get(event_type)
    return declared.permission.granted_by(held) if declared is not None else EVERYTHING in held


def matches(patterns: Iterable[str], event_type: str) -> bool:
    """`*` is everything, `asset.*` everything below `asset`, anything else one type."""
    return any(
        pattern in {"*", event_type} or (pattern.endswith(".*") and event_type.startswith(pattern[:-1]))
        for pattern in patterns
    )
