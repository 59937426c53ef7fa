"""Bodies that a handler reads itself: protocols with their own formats, and streams longer than memory should hold.

    @router.post("/write", permission=…, consumes={"application/x-protobuf": None}, max_body=16 << 20)
    def write(body: Upload, tx: WriteTx) -> None: …

The body is spooled to a file before the handler's thread starts, so a slow client holds no thread and no connection.
"""

import hashlib
import tempfile
from dataclasses import dataclass
from typing import IO

from starlette.requests import ClientDisconnect, Request

from app.kernel.problem import BadRequest, BodyTooLarge

_IN_MEMORY = 2 * 1024 * 1024
_DRAIN_LIMIT = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """The body as it was sent: `size` bytes in `file`, `digest` their SHA-256.

    `media_type` and `encoding` (of `Content-Encoding`) are lower-case and without parameters; each may be empty.
    `content_type` is the header as it was sent.
    """

    file: IO[bytes]
    size: int
    digest: bytes
    media_type: str
    encoding: str
    content_type: str

    def read(self) -> bytes:
        """The whole body."""
        self.file.seek(0)
        return self.file.read()


async def receive_upload(request: Request, limit: int) -> Upload:
    """Spool the body. Raises `BodyTooLarge` after draining, so that the client can read the answer."""
    declared = request.headers.get("content-length", "")
    digest = hashlib.sha256()
    total = 0
    too_large = declared.isdigit() and int(declared) > limit
    file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 closed when the request ends
    try:
        async for chunk in request.stream():
            total += len(chunk)
            too_large = too_large or total > limit
            if not too_large:
                digest.update(chunk)
                file.write(chunk)
            elif total > limit + _DRAIN_LIMIT:
                break
    except ClientDisconnect as error:
        file.close()
        raise BadRequest("The client went away while sending the body.") from error
    if too_large:
        file.close()
        raise BodyTooLarge(f"The body may hold at most {limit} bytes.", limit_bytes=limit)
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "").strip().lower()
    encoding = "" if encoding == "identity" else encoding
    return Upload(file, total, digest.digest(), media_type, encoding, content_type)
