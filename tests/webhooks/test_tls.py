"""Over TLS the certificate must be the named host's, although the connection goes to a checked address."""

import datetime as dt
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.platform.webhooks import addresses, egress
from app.platform.webhooks.egress import post

HOST = "hooks.example"


def _certificate(path: Path) -> None:
    """A self-signed certificate of `HOST` with its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A TLS server with the certificate of `HOST`, which our side trusts; every name resolves to it."""
    pem = tmp_path / "host.pem"
    _certificate(pem)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the base class's name
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> Any:
            connection, address = super().get_request()
            return context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that refuses the certificate hangs up."""

    async def resolve(host: str, port: int, *, allow_private: bool) -> list[Any]:
        return [addresses.ip_address("127.0.0.1")]

    monkeypatch.setattr(egress, "checked_addresses", resolve)
    monkeypatch.setattr(egress, "_tls", lambda: ssl.create_default_context(cafile=pem))
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_the_hosts_own_certificate_is_accepted(port: int) -> None:
    outcome = post(f"https://{HOST}:{port}/", b"{}", {}, allow_private=True)
    assert (outcome.status_code, outcome.error) == (204, None)


def test_the_certificate_of_another_host_is_refused(port: int) -> None:
    outcome = post(f"https://other.example:{port}/", b"{}", {}, allow_private=True)
    assert outcome.status_code is None
    assert outcome.error is not None
    assert "CERTIFICATE_VERIFY_FAILED" in outcome.error


def test_a_certificate_of_nobody_we_know_is_refused(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    async def resolve(host: str, port: int, *, allow_private: bool) -> list[Any]:
        return [addresses.ip_address("127.0.0.1")]

    monkeypatch.setattr(egress, "checked_addresses", resolve)
    outcome = post(f"https://{HOST}:{port}/", b"{}", {}, allow_private=True)
    assert outcome.error is not None
    assert "CERTIFICATE_VERIFY_FAILED" in outcome.error
