"""Passwords: Argon2id (RFC 9106), 8 to 256 characters, no composition rules (NIST SP 800-63B §5.1.1.2)."""

from functools import lru_cache
from typing import Annotated

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import AfterValidator, ConfigDict, Field, SecretStr
from pydantic_core import PydanticCustomError

from app.kernel.api.schemas import ContractInput

MIN_LENGTH = 8
MAX_LENGTH = 256

# What guessing starts with. Long enough to pass the length rule, and nothing else is refused.
DENIED = frozenset(
    {
        "password",
        "passw0rd",
        "password1",
        "password123",
        "12345678",
        "123456789",
        "1234567890",
        "11111111",
        "00000000",
        "qwertyui",
        "qwertyuiop",
        "qwerty123",
        "1q2w3e4r",
        "abcd1234",
        "iloveyou",
        "sunshine",
        "princess",
        "football",
        "baseball",
        "trustno1",
        "letmein1",
        "changeme",
        "administrator",
    }
)

# OWASP's parameters for servers (Password Storage Cheat Sheet): 19 MiB, two passes, one lane. A dozen sign-ins at
# once then cost 230 MiB and no thread but their own; a stored hash of other parameters is renewed at sign-in.
_hasher = PasswordHash([Argon2Hasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)])


def _allowed(password: SecretStr) -> SecretStr:
    text = password.get_secret_value()
    if text.lower() in DENIED:
        raise PydanticCustomError("password_denied", "This password is among the first to be guessed")
    return password


class PasswordInput(ContractInput):
    """A body with a password, whose spaces are part of it."""

    model_config = ConfigDict(str_strip_whitespace=False)


NewPassword = Annotated[
    SecretStr, Field(min_length=MIN_LENGTH, max_length=MAX_LENGTH), AfterValidator(_allowed)
]
GivenPassword = Annotated[SecretStr, Field(max_length=1024)]


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def verify(password: str, stored: str | None) -> tuple[bool, str | None]:
    """Whether the password is right, and a new hash when the stored one is outdated.

    Without a stored hash a dummy is verified, so that an unknown user takes as long as a known one.
    """
    right, renewed = _hasher.verify_and_update(password, stored or _dummy())
    return (right, renewed) if stored is not None else (False, None)


@lru_cache(maxsize=1)
def _dummy() -> str:
    return _hasher.hash("nobody has this password")
