"""Long-running work: started with its job in one transaction, followed, waited for, canceled."""

from app.platform.operations.kinds import Kind, start
from app.platform.operations.permissions import OPERATIONS_READ
from app.platform.operations.run import Canceled, Superseded, Work
from app.platform.operations.service import is_finished

__all__ = ["OPERATIONS_READ", "Canceled", "Kind", "Superseded", "Work", "is_finished", "start"]
