"""Process references, back-off and the other small parts."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.kernel.embedded.home import StackHome
from app.kernel.embedded.janitor import CHECKOUT
from app.kernel.embedded.process import ProcessRef, StackError, child_environment, stop_all, wait_until
from app.kernel.embedded.stack import StackUrls
from app.kernel.embedded.supervisor import Backoff


def test_a_reference_is_to_one_process_only() -> None:
    me = ProcessRef.of(os.getpid())
    assert me
    assert me.alive()
    assert not ProcessRef(me.pid, "another start").alive()


def test_a_zombie_counts_as_gone() -> None:
    with subprocess.Popen(["true"]) as child:
        assert wait_until(lambda: ProcessRef.of(child.pid) is None, 10)


def test_a_process_that_ignores_the_first_signal_gets_the_next() -> None:
    code = "import signal, sys; signal.signal(15, signal.SIG_IGN); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout
        child.stdout.readline()
        ref = ProcessRef.of(child.pid)
        assert ref
        with pytest.raises(StackError, match=f"cannot stop left-over processes: {child.pid}"):
            stop_all([ref], [(signal.SIGTERM, 0.2)])
        stop_all([ref], [(signal.SIGTERM, 0.2), (signal.SIGKILL, 10.0)])
        assert child.wait() == -signal.SIGKILL


def test_back_off_doubles_to_a_limit_and_forgets_after_health() -> None:
    backoff = Backoff()
    now, waits = 1000.0, []
    for _ in range(8):
        backoff.started(now)
        backoff.failed(now)
        waits.append(next(w / 4 for w in range(100) if backoff.due(now + w / 4)))
    assert waits == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    backoff.started(now)
    backoff.failed(now + 31)
    assert backoff.due(now + 31.25)


def test_a_child_dies_with_its_supervisor() -> None:
    child = "from app.kernel.embedded.process import die_with; import os, time; "
    child += "die_with(os.getppid()); print(os.getpid(), flush=True); time.sleep(600)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    environment = child_environment({"PYTHONPATH": str(CHECKOUT)})
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdout=subprocess.PIPE, env=environment
    ) as supervisor:
        assert supervisor.stdout
        orphan = ProcessRef.of(int(supervisor.stdout.readline()))
        assert orphan
        supervisor.kill()
        assert orphan.wait_gone(10)


def test_ports_and_passwords_are_kept(tmp_path: Path) -> None:
    first, second = (StackHome(tmp_path, None) for _ in range(2))
    assert first.password("a") == second.password("a") != first.password("b")
    assert first.port("postgres") == second.port("postgres")
    assert first.port("postgres") != first.port("postgres", renew=True)


def test_urls_of_another_database_and_of_absent_services() -> None:
    urls = StackUrls(
        app_url="postgresql://hangar_app:x@127.0.0.1:5/hangar", redis_url="redis://:y@127.0.0.1:6/0"
    )
    other = urls.for_database("other")
    assert other.app_url == "postgresql://hangar_app:x@127.0.0.1:5/other"
    assert other.redis_url == urls.redis_url
    assert urls.environment() == {"DATABASE_URL": urls.app_url, "REDIS_URL": urls.redis_url}
    assert StackUrls().for_database("other").environment() == {}
