"""`/api/observability/slo/openslo`."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from app.domains.observability import permissions as p
from app.domains.observability.slo import exchange
from app.domains.observability.slo.schemas import OpenSloImport, OpenSloOutcome
from app.kernel.api.routing import Router
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/observability/slo", tags=["Objectives"])


class YamlText(Response):
    """YAML sent as text: a stream of several documents is what few readers of application/yaml expect."""

    media_type = "text/plain"


@router.get("/openslo", permission=p.OBSERVABILITY_READ)
def export_openslo(tx: ReadTx, policy_key: Annotated[str | None, Query(max_length=120)] = None) -> YamlText:
    """Objectives as OpenSLO v1 documents: all, or the one of a key."""
    return YamlText(exchange.export(tx, policy_key))


@router.post("/openslo:import", permission=p.OBSERVABILITY_WRITE)
def import_openslo(body: OpenSloImport, tx: WriteTx) -> list[OpenSloOutcome]:
    """Make or change objectives from OpenSLO v1 documents, found by their keys: all of them or none."""
    found = exchange.take_in(tx, body.document, dry_run=body.dry_run)
    return [OpenSloOutcome.model_validate(one) for one in found]
