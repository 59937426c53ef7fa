"""The embedded stack starts, stops and leaves nothing behind."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from app.kernel.embedded import EmbeddedStack, StackError, temporary_stack
from app.kernel.embedded.process import command_line, wait_until
from tests.kernel.embedded.conftest import Owner, processes_of


def test_a_temporary_stack_serves_every_role_and_leaves_no_process_and_no_file() -> None:
    with temporary_stack() as stack:
        running = processes_of(stack.home.path)
        urls = stack.urls
        roles = (urls.app_url, urls.owner_url, urls.ops_url, urls.superuser_url)
        for url, role in zip(roles, ("hangar_app", "hangar_owner", "hangar_ops", "postgres"), strict=True):
            with psycopg.connect(url) as connection:
                assert connection.execute("SELECT current_user, current_database()").fetchone() == (
                    role,
                    "hangar",
                )
        with contextlib.closing(redis.Redis.from_url(urls.redis_url)) as cache:
            assert cache.ping()
        home = stack.home.path
    assert {"postgres", "valkey"} < set(running)
    assert not [name for name, ref in running.items() if ref.alive()]
    assert not home.exists()


def test_the_database_belongs_to_the_owner_and_bootstrapping_twice_is_harmless(data_dir: Path) -> None:
    for _ in range(2):
        with EmbeddedStack(data_dir, valkey=False) as stack:
            stack.home.remember("roles", "forces roles.sql to run again")
            with psycopg.connect(stack.urls.superuser_url) as connection:
                owner = connection.execute(
                    "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'hangar'"
                ).fetchone()
    assert owner == ("hangar_owner",)


def test_a_durable_stack_is_durable(data_dir: Path) -> None:
    with EmbeddedStack(data_dir, valkey=False) as stack, psycopg.connect(stack.urls.app_url) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute("SELECT current_setting(%s)", [name]).fetchone() == ("on",)


def test_a_second_start_on_the_same_directory_is_refused_and_does_not_disturb_the_first(
    data_dir: Path,
) -> None:
    with EmbeddedStack(data_dir, valkey=False) as first:
        with pytest.raises(StackError, match=f"another Hangar .pid {os.getpid()}. is running"):
            EmbeddedStack(data_dir, valkey=False).start()
        with psycopg.connect(first.urls.app_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_secrets_are_private_files_and_on_no_command_line(data_dir: Path) -> None:
    with EmbeddedStack(data_dir) as stack:
        for name in ("config.json", "state.json"):
            assert (stack.home.path / name).stat().st_mode & 0o777 == 0o600
        secrets = [stack.home.password(name) for name in ("postgres", "hangar_app", "valkey")]
        seen = [word for ref in processes_of(stack.home.path).values() for word in command_line(ref.pid)]
        assert seen
        assert not [word for word in seen for secret in secrets if secret in word]


def test_nobody_gets_in_without_the_password(data_dir: Path) -> None:
    with EmbeddedStack(data_dir) as stack:
        wrong = stack.urls.app_url.replace(stack.home.password("hangar_app"), "wrong")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)
        assert stack.valkey
        anonymous = f"redis://127.0.0.1:{stack.valkey.port}/0"
        with (
            contextlib.closing(redis.Redis.from_url(anonymous)) as cache,
            pytest.raises(redis.AuthenticationError),
        ):
            cache.ping()


def test_killed_servers_are_revived_on_the_same_urls(data_dir: Path) -> None:
    with EmbeddedStack(data_dir) as stack:
        assert stack.postgres
        assert stack.valkey
        with psycopg.connect(stack.urls.superuser_url) as connection:
            connection.execute("CREATE TABLE kept (id int)")
            connection.execute("INSERT INTO kept VALUES (7)")
        stack.postgres.kill()
        stack.valkey.kill()
        assert stack.revive() == ["postgres", "valkey"]
        assert stack.revive() == []
        with psycopg.connect(stack.urls.superuser_url) as connection:
            assert connection.execute("SELECT id FROM kept").fetchall() == [(7,)]
        with contextlib.closing(redis.Redis.from_url(stack.urls.redis_url)) as cache:
            assert cache.ping()


def test_a_throwaway_stack_dies_with_its_killed_owner(
    owner: Callable[[str, Path], Owner], directory: Path
) -> None:
    held = owner("throwaway", directory)
    running = processes_of(held.home)
    assert {"postgres", "valkey"} < set(running)
    held.kill()
    assert wait_until(lambda: not any(ref.alive() for ref in running.values()), 30)
    assert wait_until(lambda: not held.home.exists(), 30)
