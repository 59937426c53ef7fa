"""The user the servers run as. PostgreSQL refuses to run as root, rightly."""

import os
import pwd
import shutil
from pathlib import Path

from app.kernel.embedded.process import Account, StackError, run

NAME = "hangar-db"
_FALLBACK = "nobody"


def server_account(cluster: Path) -> Account | None:
    """The account for servers of this cluster; None when we are a normal user and run them ourselves.

    As root: whoever owns the existing cluster, else `hangar-db` (made when missing), else `nobody`.
    Raises StackError when the cluster belongs to somebody we cannot become.
    """
    me = os.geteuid()
    owner = cluster.stat().st_uid if _exists(cluster) else None
    if me != 0:
        if owner not in (None, me):
            raise StackError(
                f"{cluster} belongs to user {_name(owner)}: run as root (as it was made) or choose another --data-dir"
            )
        return None
    if owner:
        return _account(pwd.getpwuid(owner))
    return _existing(NAME) or _created() or _required(_FALLBACK)


def can_enter(directory: Path, account: Account) -> bool:
    return _test("-x", directory, account)


def can_execute(program: Path, account: Account) -> bool:
    return _test("-x", program, account)


def _test(flag: str, path: Path, account: Account) -> bool:
    # Asked of the kernel as that user: mode bits alone miss parents, ACLs and mount options.
    return (
        run(["/bin/sh", "-c", f'test {flag} "$0"', path], env={}, account=account, cwd=Path("/")).returncode
        == 0
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        return False


def _name(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:
        return str(uid)


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _existing(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return _account(entry) if entry.pw_uid != 0 else None


def _created() -> Account | None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin")
    if useradd is None:
        return None
    shell = shutil.which("nologin", path="/usr/sbin:/sbin") or "/bin/false"
    arguments = [
        "--system",
        "--user-group",
        "--no-create-home",
        "--home-dir",
        "/nonexistent",
        "--shell",
        shell,
    ]
    run([useradd, *arguments, NAME], env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    return _existing(NAME)  # two starts at once: the second useradd fails and finds the first one's user


def _required(name: str) -> Account:
    account = _existing(name)
    if account is None:
        raise StackError(
            f"PostgreSQL does not run as root, and neither {NAME} nor {name} exists here as a user"
        )
    return account
