"""Transactions of the tenant beside its HTTP clients, as the fleet's tests have them; and a plant."""

import pytest

from tests.assets.conftest import raw, working
from tests.manufacturing.plant import Plant
from tests.support.tenants import Tenant

__all__ = ["raw", "working"]


@pytest.fixture
def plant(tenant: Tenant) -> Plant:
    """The tenant's production, worked on over HTTP."""
    return Plant(tenant)
