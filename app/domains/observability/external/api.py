"""`/api/observability/alertmanager`."""

from app.domains.observability import permissions as p
from app.domains.observability.external import service
from app.domains.observability.external.schemas import AlertmanagerMessage, AlertmanagerTaken
from app.kernel.api.routing import Router
from app.kernel.tx import WriteTx

router = Router("/api/observability", tags=["Alerts"])


@router.post("/alertmanager", permission=p.OBSERVABILITY_WRITE, status_code=200, basic=True)
def receive_alertmanager(body: AlertmanagerMessage, tx: WriteTx) -> AlertmanagerTaken:
    """Take in Alertmanager's webhook (version 4): firing alerts are raised, resolved ones closed.

    Name this URL in a `webhook_config`, with an API key as `http_config.authorization.credentials` or as the
    password of `http_config.basic_auth`.
    """
    return service.take(tx, body)
