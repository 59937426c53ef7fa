"""The server that most commands of the pages run against."""

from tests.demos.conftest import worker

__all__ = ["worker"]
