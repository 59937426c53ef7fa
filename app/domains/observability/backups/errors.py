"""What can go wrong with backups: problems that a client sees, and reasons that a run or a drill records."""

from pydantic import BaseModel, Field

from app.kernel.problem import Conflict, NotFound, Problem


class BackupRunNotFound(NotFound):
    """No such backup run in this tenant."""

    code, title = "backup_run_not_found", "Backup run not found"


class RestoreDrillNotFound(NotFound):
    """No such restore drill in this tenant."""

    code, title = "restore_drill_not_found", "Restore drill not found"


class BackupWithoutArtefact(Conflict):
    """The backup failed, or retention has deleted what it wrote: there is nothing to restore."""

    code, title = "backup_without_artefact", "Nothing to restore"


class BackupNotMade(Problem):
    """A backup was begun and could not be finished; the run's `reason_code` and `reason` say why."""

    code, title = "backup_not_made", "Backup not made"


class ReasonMembers(BaseModel):
    reason_code: str = Field(examples=["bytes_changed"])


class RestoreFailed(Problem):
    """The new tenant could not be filled, and was not made; `reason_code` says why."""

    code, title = "restore_failed", "Restore failed"
    extra = ReasonMembers


class RestoreNameTaken(Conflict):
    """A tenant of this name exists: a backup is restored into a new one."""

    code, title = "restore_name_taken", "Tenant name taken"


class Broken(Exception):  # noqa: N818 it is a finding, recorded with the run or the drill
    """Why a run or a drill failed. `code` is stable; the text names the file, table or constraint."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class OpsRoleMissing(Broken):
    """This server has no role that may make scratch databases: the drill proves nothing, but nothing is broken."""

    def __init__(self, detail: str) -> None:
        super().__init__("ops_role_missing", detail)
