"""Pure: the name of the next revision, and the digest of what a revision says."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.domains.manufacturing.bom.words import plain

_NUMBERED = re.compile(r"^(.*?)(\d+(?:\.\d+)?)$")
LONGEST = 30


def next_label(label: str) -> str:
    """`Rev 1.0` → `Rev 1.1`, `Rev 1.9` → `Rev 2.0`, `Rev 1.25` → `Rev 1.26`, `7` → `8`, `B` → `B 2`.

    Counts in the last decimal place, in decimal arithmetic.
    """
    found = _NUMBERED.match(label)
    if found is None:
        return f"{label[: LONGEST - 2]} 2"
    number = Decimal(found[2])
    exponent = number.as_tuple().exponent
    step = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
    return f"{found[1]}{number + step}"[-LONGEST:]


def content_hash(header: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256 over a revision: header, lines in order with their variants, and per component its own hash.

    Each entry of `lines` holds `below`, the hash of the component's revision in force (null when it has none):
    a Merkle tree (Merkle, 1987), so two revisions of equal hash agree on every level.
    """
    document = {"header": _canonical(header), "lines": [_canonical(line) for line in lines]}
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return value
