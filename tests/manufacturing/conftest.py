"""Transactions of the tenant beside its HTTP clients, as the fleet's tests have them."""

from tests.assets.conftest import raw, working

__all__ = ["raw", "working"]
