"""What can go wrong with a webhook endpoint and its deliveries."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.kernel.problem import Conflict, NotFound


class PendingMembers(BaseModel):
    next_attempt_at: datetime | None


class EndpointLimitMembers(BaseModel):
    limit: int = Field(examples=[50])


class WebhookNotFound(NotFound):
    """No such webhook endpoint in this tenant."""

    code, title = "webhook_not_found", "Webhook not found"


class WebhookDeliveryNotFound(NotFound):
    """No such delivery of this webhook endpoint."""

    code, title = "webhook_delivery_not_found", "Webhook delivery not found"


class WebhookInactive(Conflict):
    """The endpoint is switched off; set `is_active` before testing it or delivering again."""

    code, title = "webhook_inactive", "Webhook is inactive"


class WebhookDeliveryPending(Conflict):
    """The delivery is still being tried; there is nothing to replay yet."""

    code, title = "webhook_delivery_pending", "Delivery still pending"
    extra = PendingMembers


class WebhookLimitReached(Conflict):
    """The tenant has as many endpoints as it may have; `limit` says how many."""

    code, title = "webhook_limit_reached", "Webhook limit reached"
    extra = EndpointLimitMembers
