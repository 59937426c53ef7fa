"""A small S3-compatible server in process: PUT, GET, DELETE and ListObjectsV2 of one bucket in memory.

Request signatures are required to be there and to name the access key; they are not recomputed.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

ACCESS_KEY = "backup-writer"
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


class Bucket:
    """What the server holds, by key. `broken` makes every request fail; `writes` are the keys in order of writing."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.objects: dict[str, bytes] = {}
        self.writes: list[str] = []
        self.broken = False
        self.endpoint = ""


class _Server(ThreadingHTTPServer):
    bucket: Bucket


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_PUT(self) -> None:
        key, body = self._key(), self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self._allowed():
            self.server.bucket.objects[key] = body
            self.server.bucket.writes.append(key)
            self._answer(200, b"", ETag='"0"')

    def do_GET(self) -> None:
        key = self._key()
        if not self._allowed():
            return
        if not key:
            prefix = parse_qs(urlsplit(self.path).query).get("prefix", [""])[0]
            self._answer(200, _listing(self.server.bucket, prefix), **{"Content-Type": "application/xml"})
        elif key in self.server.bucket.objects:
            self._answer(200, self.server.bucket.objects[key], ETag='"0"')
        else:
            self._answer(404, _error("NoSuchKey"), **{"Content-Type": "application/xml"})

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        key = self._key()
        if self._allowed():
            self.server.bucket.objects.pop(key, None)
            self._answer(204, b"")

    def _key(self) -> str:
        path = unquote(urlsplit(self.path).path).removeprefix(f"/{self.server.bucket.name}")
        return path.removeprefix("/")

    def _allowed(self) -> bool:
        signed = f"Credential={ACCESS_KEY}/" in self.headers.get("Authorization", "")
        if self.server.bucket.broken or not signed:
            self._answer(403, _error("AccessDenied"), **{"Content-Type": "application/xml"})
            return False
        return True

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Last-Modified", "Sun, 22 Nov 2026 00:00:00 GMT")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _listing(bucket: Bucket, prefix: str) -> bytes:
    found = "".join(
        f"<Contents><Key>{escape(key)}</Key><LastModified>2026-11-22T00:00:00.000Z</LastModified>"
        f"<ETag>&quot;0&quot;</ETag><Size>{len(body)}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for key, body in sorted(bucket.objects.items())
        if key.startswith(prefix)
    )
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="{NAMESPACE}"><Name>{bucket.name}</Name>'
        f"<Prefix>{escape(prefix)}</Prefix><IsTruncated>false</IsTruncated>{found}</ListBucketResult>"
    )
    return text.encode()


def _error(code: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>no</Message></Error>'.encode()


@contextmanager
def bucket_server(name: str = "hangar-backups") -> Iterator[Bucket]:
    bucket = Bucket(name)
    server = _Server(("127.0.0.1", 0), _Handler)
    server.bucket = bucket
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    bucket.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield bucket
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
