"""The command line: `python -m app.cli COMMAND`, or `infra/dev COMMAND` from a fresh checkout."""

import importlib
import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from app.kernel.embedded.janitor import CHECKOUT
from app.kernel.embedded.process import StackError, child_environment, die_with
from app.settings import get_settings

SCRIPTS = CHECKOUT / "infra" / "scripts"
DEMOS = {"story": "demo_e2e"}

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
tenant = typer.Typer(no_args_is_help=True, help="Tenants of the configured database.")
cli.add_typer(tenant, name="tenant")

BaseUrl = Annotated[
    str, typer.Option(envvar="APP_BASE_URL", help="A running server; default: a temporary one.")
]
SupervisorPid = Annotated[int, typer.Option(hidden=True)]
Rest = Annotated[list[str] | None, typer.Argument(help="Options of the script itself.")]
_PASS_ON = {"ignore_unknown_options": True}


def _fail(message: object) -> NoReturn:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(1)


@cli.command()
def up(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes any.")] = 8000,
    data_dir: Annotated[Path, typer.Option(file_okay=False, help="Where the data lives.")] = CHECKOUT
    / ".hangar"
    / "data",
    supervisor_pid: SupervisorPid = 0,
) -> None:
    """Run everything: PostgreSQL and Valkey (unless DATABASE_URL, REDIS_URL name others), server and worker."""
    from app.kernel.embedded.up import Up  # noqa: PLC0415 the other commands start without it

    if supervisor_pid:
        die_with(supervisor_pid)
    settings = get_settings()

    def tell(line: str) -> None:
        typer.echo(line if line.startswith("\n") else f"{time.strftime('%H:%M:%S')} {line}")

    try:
        embed_postgres, embed_valkey = not settings.database_url, not settings.redis_url
        profile = settings.profile
        Up(data_dir, port, profile=profile, postgres=embed_postgres, valkey=embed_valkey, tell=tell).run()
    except StackError as error:
        _fail(error)
    tell("stopped")


@cli.command()
def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    fd: Annotated[int | None, typer.Option(hidden=True)] = None,
    supervisor_pid: SupervisorPid = 0,
) -> None:
    """Serve HTTP."""
    if supervisor_pid:
        die_with(supervisor_pid)
    import uvicorn  # noqa: PLC0415 a second of imports that the other commands do without

    config = uvicorn.Config(
        "app.main:create_app",
        factory=True,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        log_config=None,  # the app configures logging
        access_log=False,
        server_header=False,
        timeout_keep_alive=65,  # longer than a proxy's or client's own: the client closes first
        timeout_graceful_shutdown=10,  # event streams never end by themselves
    )
    server = uvicorn.Server(config)
    server.run(sockets=[socket.socket(fileno=fd)] if fd is not None else None)


@cli.command()
def worker(supervisor_pid: SupervisorPid = 0) -> None:
    """Run background jobs."""
    if supervisor_pid:
        die_with(supervisor_pid)
    _registry().run_worker()


@cli.command()
def migrate(target: str = "head") -> None:
    """Bring the schema of DATABASE_OWNER_URL (else DATABASE_URL) to TARGET."""
    _migrate(target)


@cli.command(hidden=True)
def prepare(answer: Path, base_url: str = "", supervisor_pid: SupervisorPid = 0) -> None:
    """What `up` does before it serves: migrate, seed the demo tenant, write what to show to ANSWER (JSON)."""
    if supervisor_pid:
        die_with(supervisor_pid)
    _migrate("head")
    seed = getattr(_registry(), "seed_demo", None)
    seeded = seed(base_url=base_url) if seed and get_settings().profile == "dev" else {}
    answer.write_text(json.dumps({str(name): str(text) for name, text in (seeded or {}).items()}))


@cli.command(context_settings=_PASS_ON)
def demo(name: str, options: Rest = None, base_url: BaseUrl = "") -> None:
    """Run a demo: story, phase09, …"""
    # The story's webhook receiver listens on this machine.
    _run_script(DEMOS.get(name, f"demo_{name}*"), base_url, options, HANGAR_EGRESS_ALLOW_PRIVATE="true")


@cli.command(context_settings=_PASS_ON)
def bench(name: str, options: Rest = None) -> None:
    """Run a benchmark on a temporary server without rate limits: platform, assets, …"""
    _run_script(f"bench_{name}", "", options, HANGAR_RATE_LIMIT_ENABLED="false")


@cli.command(context_settings=_PASS_ON)
def verify(name: str, options: Rest = None, base_url: BaseUrl = "") -> None:
    """Run a verification over HTTP: smoke, seeds, …"""
    _run_script(f"verify_{name}*", base_url, options)


@cli.command()
def openapi(path: Annotated[Path, typer.Argument()] = CHECKOUT / "docs" / "openapi.json") -> None:
    """Write the OpenAPI document."""
    command = [sys.executable, "-m", "app.infra.openapi_export", str(path.absolute())]
    raise typer.Exit(subprocess.run(command, cwd=CHECKOUT, check=False).returncode)  # noqa: S603


@tenant.command("create")
def create_tenant(
    name: str,
    admin: Annotated[str, typer.Option(help="Name of its first administrator.")] = "admin",
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)] = "",
) -> None:
    """Make a tenant with its first administrator."""
    typer.echo(_registry().create_tenant(name=name, username=admin, password=password))


def _registry() -> Any:
    # By name and late: it imports every module of the product, and `up` itself needs none of them.
    return importlib.import_module("app.registry")


def _migrate(target: str) -> None:
    settings = get_settings()
    if not settings.owner_dsn:
        _fail("set DATABASE_OWNER_URL or DATABASE_URL")
    importlib.import_module("app.kernel.db.migrate").upgrade(settings.owner_dsn, target)


def _run_script(pattern: str, base_url: str, options: list[str] | None = None, **settings: str) -> NoReturn:
    """Run the one script of that name against `base_url`, or against a temporary server when there is none."""
    from app.kernel.embedded.temporary_server import temporary_server  # noqa: PLC0415

    found = sorted(SCRIPTS.glob(f"{pattern}.py"))
    if len(found) != 1:
        known = (
            ", ".join(path.stem for path in sorted(SCRIPTS.glob(f"{pattern.partition('_')[0]}_*.py")))
            or "none"
        )
        _fail(f"{len(found)} scripts match {pattern}.py; there are: {known}")
    if base_url:
        raise typer.Exit(_script(found[0], options, {"APP_BASE_URL": base_url}))
    try:
        typer.echo("starting a temporary server", err=True)
        with temporary_server(settings) as variables:
            code = _script(found[0], options, variables)
    except StackError as error:
        _fail(error)
    raise typer.Exit(code)


def _script(path: Path, options: list[str] | None, variables: dict[str, str]) -> int:
    environment = child_environment({"PYTHONPATH": str(CHECKOUT), **variables})
    command = [sys.executable, str(path), *(options or [])]
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    cli()
