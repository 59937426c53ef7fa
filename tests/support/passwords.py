"""Cheap password hashes, so that a tenant per test costs milliseconds. Real ones take 19 MiB and 20 ms each."""

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.platform.identity import passwords

_REAL = "m=19456,t=2,p=1"
_CHEAP = "m=8,t=1,p=1"


def make_hashes_cheap() -> None:
    """Still Argon2id, still through the product's code; refuses when what is replaced is not what it should be."""
    made = passwords.hash_password("a-long-test-password")
    if _CHEAP in made:
        return
    if _REAL not in made:
        raise AssertionError(f"the product's password hashes are no longer made with {_REAL}")
    passwords._hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    passwords._dummy.cache_clear()
