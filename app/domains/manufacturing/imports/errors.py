"""What can go wrong with imports."""

from pydantic import BaseModel

from app.domains.manufacturing.imports.schemas import RowError
from app.kernel.problem import Conflict, NotFound, Problem


class RowMembers(BaseModel):
    rows: list[RowError]
    error_count: int


class ImportNotFound(NotFound):
    """No such import plan in this tenant."""

    code, title = "import_not_found", "Import plan not found"


class ImportRefused(Conflict):
    """The plan has rows that can't be carried out; nothing was changed. `rows` names the first of them."""

    code, title = "import_refused", "Import refused"
    extra = RowMembers


class FileUnreadable(Problem):
    """The file is no CSV or XLSX of items or bills of materials."""

    status, code, title = 422, "file_unreadable", "File unreadable"
