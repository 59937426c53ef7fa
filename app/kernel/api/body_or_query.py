"""Bodies whose fields older clients send as query parameters.

`Annotated[Model, BodyOrQuery(Model)]` on a handler takes every field of `Model` from the JSON body or from the
query, the body first. A field's further names (`AliasChoices`) are parameters too. Both are in the OpenAPI
document; a query parameter that is no field is 400 as everywhere. Every field of `Model` must have a default: what
is required can come from either place, so the use case asks for it.
"""

import inspect
from typing import Annotated, Any, TypeVar

from fastapi import Body, Depends, Query
from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo

from app.kernel.api.schemas import BlankIsNone

M = TypeVar("M", bound=BaseModel)


def BodyOrQuery(model: type[M]) -> Any:  # noqa: N802 used as an annotation, like Query and Depends
    """The dependency for `model`. Raises `TypeError` when a field has no default."""
    parameters, fields = [], {}
    for name, field in model.model_fields.items():
        if field.is_required():
            raise TypeError(
                f"{model.__name__}.{name} needs a default: it may come from the body or the query"
            )
        for number, alias in enumerate(_names(name, field)):
            argument = f"{name}_{number}"
            fields[argument] = alias
            parameters.append(_parameter(argument, alias, field))

    async def merge(**values: Any) -> M:
        body: M | None = values.pop("body")
        given = {fields[key]: value for key, value in values.items() if value is not None}
        said = body.model_dump(exclude_unset=True) if body is not None else {}
        return model.model_validate(_without(given, said, model) | said)

    body = inspect.Parameter(
        "body", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[model | None, Body()]
    )
    merge.__signature__ = inspect.Signature([body, *parameters])  # type: ignore[attr-defined]
    return Depends(merge)


def _names(name: str, field: FieldInfo) -> list[str]:
    if isinstance(field.validation_alias, AliasChoices):
        return [str(choice) for choice in field.validation_alias.choices]
    return [name]


def _parameter(argument: str, alias: str, field: FieldInfo) -> inspect.Parameter:
    kind: Any = field.annotation
    for extra in field.metadata:
        kind = Annotated[kind, extra]
    query = Query(alias=alias, description="Older clients send it here instead of in the body.")
    return inspect.Parameter(
        argument,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, BlankIsNone, query],
    )


def _without(given: dict[str, Any], said: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """The query's values whose field the body does not give under any name."""
    spoken = {alias for name in said for alias in _names(name, model.model_fields[name])}
    return {alias: value for alias, value in given.items() if alias not in spoken}
