"""API keys."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx
from app.platform.identity.errors import ApiKeyNotFound, UserNotFound
from app.platform.identity.keys import service
from app.platform.identity.keys.schemas import ApiKeyCreate, ApiKeyFilter, ApiKeyMade, ApiKeyRead
from app.platform.identity.models import ApiKey
from app.platform.identity.permissions import IDENTITY_READ, IDENTITY_WRITE

router = Router("/api/identity/api-keys", tags=["Identity"])

_COLUMNS = select(
    ApiKey.id,
    ApiKey.tenant_id,
    ApiKey.name,
    ApiKey.user_id,
    ApiKey.scopes,
    ApiKey.expires_at,
    ApiKey.revoked_at,
    ApiKey.last_used_at,
    ApiKey.created_at,
)
_KEYS = {"created_at": ApiKey.created_at, "name": ApiKey.name, "id": ApiKey.id}


@router.post("", permission=IDENTITY_WRITE, status_code=201, secret=True, errors=[UserNotFound])
def create_api_key(body: ApiKeyCreate, tx: WriteTx) -> ApiKeyMade:
    """Make a key with scopes that the caller holds. The answer is the only place its secret is ever shown."""
    key, secret = service.create_key(tx, body.name, body.scopes, body.expires_at, body.user_id)
    return ApiKeyMade(**ApiKeyRead.model_validate(key).model_dump(), secret=secret)


@router.get("", permission=IDENTITY_READ)
def list_api_keys(tx: ReadTx, paging: Annotated[ApiKeyFilter, Query()]) -> Page[ApiKeyRead]:
    """The tenant's keys, revoked ones included, oldest first."""
    wanted = _COLUMNS if paging.user_id is None else _COLUMNS.where(ApiKey.user_id == paging.user_id)
    return page(tx, wanted, paging, ApiKeyRead.model_validate, keys=_KEYS, default="created_at")


@router.get("/{api_key_id:uuid}", permission=IDENTITY_READ, errors=[ApiKeyNotFound])
def get_api_key(api_key_id: UUID, tx: ReadTx) -> ApiKeyRead:
    """One API key, without its secret."""
    return ApiKeyRead.model_validate(tx.one(_COLUMNS.where(ApiKey.id == api_key_id), ApiKeyNotFound))


@router.delete("/{api_key_id:uuid}", permission=IDENTITY_WRITE, errors=[ApiKeyNotFound])
def revoke_api_key(api_key_id: UUID, tx: WriteTx) -> None:
    """Revoke a key; it stops working with its next request."""
    service.revoke_key(tx, api_key_id)
