"""Our own style sheets, scripts and icon, read once: no other host is ever asked for anything."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from app.kernel.api.routing import Router
from app.kernel.problem import NotFound
from app.platform.pages.templating import environment

router = Router("/static")

_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class _Asset:
    body: bytes
    media_type: str
    tag: str


def _load(package: str) -> dict[str, _Asset]:
    found = {}
    for entry in files(package).joinpath("static").iterdir():
        suffix = entry.name[entry.name.rfind(".") :]
        if suffix in _TYPES:
            body = entry.read_bytes()
            found[entry.name] = _Asset(body, _TYPES[suffix], f'"{hashlib.sha256(body).hexdigest()[:16]}"')
    return found


_ASSETS = _load("app.platform.pages")


def add_static(package: str) -> None:
    """Also serve the files in the `static` directory of a package. Raises `ValueError` for a name that is taken."""
    found = _load(package)
    taken = sorted(_ASSETS.keys() & found.keys())
    if taken:
        raise ValueError(f"{package}: there is a static file {taken[0]} already")
    _ASSETS.update(found)


def static_url(name: str) -> str:
    """The address of one of our files, with its content's tag: a new release is never styled by an old sheet."""
    return f"/static/{name}?v={_ASSETS[name].tag.strip(chr(34))}"


environment.globals["static"] = static_url


@router.get("/{name}", public=True, page=True, limited=False)
async def get_static_file(name: str, request: Request, v: str = "") -> Response:
    """One of a fixed set of files; nothing is looked up on the disk. `v` names the content, for caches."""
    asset = _ASSETS.get(name)
    if asset is None:
        raise NotFound(f"There is no file {name}.")
    current = f'"{v}"' == asset.tag
    lifetime = "max-age=31536000, immutable" if current else "max-age=60"
    headers = {"ETag": asset.tag, "Cache-Control": f"public, {lifetime}"}
    if request.headers.get("if-none-match") == asset.tag:
        return Response(status_code=304, headers=headers)
    return Response(asset.body, media_type=asset.media_type, headers=headers)
