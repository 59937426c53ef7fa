"""Readiness says what a load balancer must know."""

import re

import httpx
import psycopg

from tests.support.databases import TEMPLATE, Servers
from tests.support.server import Server, settings_for


def readiness(server: Server) -> tuple[int, dict[str, str]]:
    answer = httpx.get(f"{server.url}/readyz", timeout=10)
    return answer.status_code, answer.json()["checks"]


def test_readiness_follows_the_schema(pg: Servers, worker_id: str) -> None:
    """Behind is not ready; ahead is: during a deployment the old release serves on the new schema."""
    name = f"health_{worker_id}"
    urls = pg.create_database(name, TEMPLATE)
    try:
        with Server(settings_for(urls), urls) as server:
            assert readiness(server) == (200, {"db": "ok", "migrations": "ok", "redis": "ok"})
            with psycopg.connect(urls.superuser_url, autocommit=True) as conn:
                conn.execute("UPDATE alembic_version SET version_num = '202602010001'")
                assert readiness(server) == (503, {"db": "ok", "migrations": "behind", "redis": "ok"})
                conn.execute("UPDATE alembic_version SET version_num = '299901010001'")
                assert readiness(server)[0] == 200
                conn.execute("DELETE FROM alembic_version")
                assert readiness(server)[0] == 503
    finally:
        pg.drop_database(name)


def test_metrics_name_routes_and_never_tenants(server: Server) -> None:
    httpx.get(f"{server.url}/healthz")
    text = httpx.get(f"{server.url}/metrics").text
    assert 'hangar_http_requests_total{method="GET",route="/healthz",status="200"}' in text
    labels = set(re.findall(r'[{,]([a-z_]+)="', text))
    assert {"method", "route", "status"} <= labels
    assert not {label for label in labels if "tenant" in label}
