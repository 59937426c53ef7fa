"""Every route of the product, as its author declared it: what the policy and isolation suites run over.

Routes come from the registry, so a module's routes are covered the moment it is registered.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from uuid import UUID

from fastapi.params import Query
from pydantic import BaseModel

from app.kernel.api.routing import Spec
from app.registry import ROUTERS

_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


@dataclass(frozen=True)
class Surface:
    """One route."""

    spec: Spec

    @property
    def name(self) -> str:
        """`METHOD /path`, with the path as declared: how the literal lists name a route."""
        return f"{self.spec.method} {self.spec.path}"

    @property
    def operation(self) -> str:
        return self.spec.handler.__name__

    @property
    def parameters(self) -> list[str]:
        return _PARAMETER.findall(self.spec.path)

    @property
    def ids(self) -> list[str]:
        """The parameters that are ids of rows; the others are words, which every tenant has the same of."""
        return re.findall(r"\{(\w+):uuid\}", self.spec.path)

    def url(self, values: dict[str, str]) -> str:
        return _PARAMETER.sub(lambda found: values[found[1]], self.spec.path)

    def url_of_nothing(self) -> str:
        """The path with ids that no tenant has."""
        return self.url(dict.fromkeys(self.parameters, str(UUID(int=1))))

    @property
    def body(self) -> type[BaseModel] | None:
        """The model of the JSON body, when the route takes one."""
        hints = get_type_hints(self.spec.handler, include_extras=True)
        models = [hint for name, hint in hints.items() if name != "return" and isinstance(hint, type)]
        return next((model for model in models if issubclass(model, BaseModel)), None)

    @property
    def query(self) -> type[BaseModel] | None:
        """The model of the query parameters, when the route declares one."""
        for hint in get_type_hints(self.spec.handler, include_extras=True).values():
            if get_origin(hint) is Annotated and any(isinstance(extra, Query) for extra in get_args(hint)):
                model = get_args(hint)[0]
                if isinstance(model, type) and issubclass(model, BaseModel):
                    return model
        return None

    def options(self) -> dict[str, Any]:
        """How httpx sends it without a body."""
        return {"headers": {"Accept": "application/json"}}


ROUTES = [Surface(spec) for router in ROUTERS for spec in router.specs]


def named(route: Surface) -> str:
    """For pytest's ids."""
    return route.name.replace(" ", "_")
