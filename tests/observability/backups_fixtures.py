"""Fixtures of the backup tests, imported by their modules."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domains.observability.backups import config
from tests.observability.backing_up import Backups
from tests.support.server import Server
from tests.support.tenants import Tenant


@pytest.fixture
def backup_dir(server: Server, tmp_path: Path) -> Iterator[Path]:
    """The backup directory of this test; the jobs run with the test server's settings."""
    before = list(config._given)
    config.configure(server.settings.model_copy(update={"backup_dir": tmp_path / "backups"}))
    yield tmp_path / "backups"
    config._given[:] = before


@pytest.fixture
def backups(server: Server, tenant: Tenant, backup_dir: Path) -> Backups:
    return Backups(server, tenant)
