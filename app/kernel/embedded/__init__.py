"""The default stack: PostgreSQL and Valkey from Python wheels, run and supervised by us."""

from app.kernel.embedded.process import StackError
from app.kernel.embedded.stack import EmbeddedStack, StackUrls, temporary_stack

__all__ = ["EmbeddedStack", "StackError", "StackUrls", "temporary_stack"]
