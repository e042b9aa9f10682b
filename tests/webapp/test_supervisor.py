"""One command starts everything, keeps it running and stops all of it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.patience import SECONDS, eventually
from webapp import broker
from webapp.settings.environment import Environment
from webapp.supervisor import Part, Supervisor, free_port, worker_part

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent.parent
SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]
#: Starts a child of its own in the same group, writes its pid, and ignores being asked to end.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open(sys.argv[1], "w").write(str(child.pid))
time.sleep(60)
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path / "log", say=lambda _: None)
    yield made
    made.stop()


def test_a_part_that_dies_is_started_again_after_a_pause(house: Supervisor) -> None:
    house.start(Part("sleeper", SLEEPS))
    first = house.pids()["sleeper"]
    os.kill(first, signal.SIGKILL)
    assert house.wait_until(lambda: house.pids().get("sleeper", first) != first, seconds=SECONDS)
    assert alive(house.pids()["sleeper"])


def test_a_part_that_always_dies_is_started_ever_more_rarely(tmp_path: Path) -> None:
    now = [0.0]
    said: list[str] = []
    house = Supervisor(tmp_path / "log", say=said.append, clock=lambda: now[0])
    house.start(Part("broken", [sys.executable, "-c", "raise SystemExit(3)"]))
    for _ in range(4):
        assert eventually(lambda: not house.pids())
        house.look_after()
        now[0] += 100.0 if not said else float(said[-1].split(" in ")[1].split()[0])
        house.look_after()
    house.stop()
    pauses = [float(line.split(" in ")[1].split()[0]) for line in said]
    assert pauses[0] == 1.0
    assert pauses[1:] == sorted(pauses[1:])
    assert pauses[-1] > pauses[0]
    assert "code 3" in said[0]


def test_stopping_ends_a_stubborn_part_and_everything_it_started(tmp_path: Path) -> None:
    house = Supervisor(tmp_path / "log", say=lambda _: None)
    note = tmp_path / "pid"
    house.start(Part("stubborn", [sys.executable, "-c", STUBBORN, str(note)], patience=0.3))
    assert eventually(lambda: note.exists() and note.read_text() != "")
    parent, child = house.pids()["stubborn"], int(note.read_text())
    assert alive(parent)
    assert alive(child)
    house.stop()
    assert not alive(parent)
    assert eventually(lambda: not alive(child))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux only")
def test_parts_end_when_the_supervisor_itself_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom webapp.supervisor import Part, Supervisor\n"
        f"house = Supervisor(Path({str(tmp_path)!r}))\n"
        "house.start(Part('sleeper', [sys.executable, '-c', 'import time; time.sleep(60)']))\n"
        "print(house.pids()['sleeper'], flush=True)\nhouse.run()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT) as supervisor:
        assert supervisor.stdout is not None
        child = int(supervisor.stdout.readline())
        assert alive(child)
        supervisor.kill()
    assert eventually(lambda: not alive(child))


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port("127.0.0.1", port) != port
    assert free_port("127.0.0.1", port) == port


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [
        ("127.0.0.1", "taken", "Port {port} on 127.0.0.1 is taken. Stop what listens there"),
        ("203.0.113.5", "18000", "Cannot listen on 203.0.113.5"),
        ("127.0.0.1", "70000", "{port} is no port"),
    ],
)
def test_a_port_that_was_named_and_cannot_be_had_stops_the_start(
    host: str, port: str, sentence: str, tmp_path: Path
) -> None:
    env = dict(os.environ) | {"OVERREAD_DATA_DIR": str(tmp_path / "house"), "REDIS_URL": "", "DATABASE_URL": ""}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        named = str(taken.getsockname()[1]) if port == "taken" else port
        command = [sys.executable, "manage.py", "serve", "--host", host, "--port", named]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode != 0
    assert sentence.format(port=named) in done.stderr
    assert "Overread is at" not in done.stdout
    assert not (tmp_path / "house" / "overread.sqlite3").exists()


@pytest.mark.skipif(broker.valkey_binary() is None, reason="no bundled Valkey for this platform")
def test_a_command_beside_a_running_house_finds_its_broker(tmp_path: Path, house: Supervisor) -> None:
    binary = broker.valkey_binary()
    assert binary is not None
    environment = Environment(data_dir=tmp_path, redis_url="", valkey_socket="", broker="auto")
    assert environment.redis_address == ""
    socket_file = broker.socket_path(tmp_path)
    house.start(Part("broker", broker.valkey_command(binary, socket_file=socket_file, data_dir=tmp_path)))
    assert house.wait_until(lambda: broker.answers(socket_file), seconds=SECONDS)
    assert environment.redis_address == f"unix://{socket_file}"
    assert environment.model_copy(update={"broker": "filesystem"}).redis_address == ""
    assert environment.model_copy(update={"redis_url": "redis://there"}).redis_address == "redis://there"
    house.stop()
    assert environment.redis_address == ""


def test_a_socket_path_too_long_for_the_kernel_moves_to_a_short_private_folder(tmp_path: Path) -> None:
    assert broker.socket_path(Path("/srv/overread")) == Path("/srv/overread/run/valkey.sock")
    deep = tmp_path / ("very-long-folder-name" * 6)
    found = broker.socket_path(deep)
    assert len(os.fsencode(found)) <= broker.SOCKET_PATH_LIMIT
    assert broker.socket_path(deep) == found
    assert broker.socket_path(deep / "other") != found


@pytest.mark.skipif(broker.valkey_binary() is None, reason="no bundled Valkey for this platform")
def test_the_bundled_broker_answers_on_a_private_socket_and_on_no_port(tmp_path: Path, house: Supervisor) -> None:
    binary = broker.valkey_binary()
    assert binary is not None
    socket_file = broker.socket_path(tmp_path)
    house.start(Part("broker", broker.valkey_command(binary, socket_file=socket_file, data_dir=tmp_path)))
    assert house.wait_until(lambda: broker.answers(socket_file), seconds=SECONDS)
    assert socket_file.stat().st_mode & 0o077 == 0
    assert socket_file.parent.stat().st_mode & 0o077 == 0
    import redis

    client = redis.Redis(unix_socket_path=str(socket_file))
    assert client.config_get("port") == {"port": "0"}
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    client.set("kept", "yes")
    client.close()
    pid = house.pids()["broker"]
    time.sleep(1.2)  # appendfsync everysec
    os.kill(pid, signal.SIGKILL)
    assert house.wait_until(
        lambda: house.pids().get("broker", pid) != pid and broker.answers(socket_file), seconds=SECONDS
    )
    again = redis.Redis(unix_socket_path=str(socket_file))
    assert again.get("kept") == b"yes"
    again.close()


@pytest.mark.e2e
@pytest.mark.parametrize("kind", ["auto", pytest.param("filesystem", marks=pytest.mark.slow)])
def test_one_command_serves_a_url_and_ctrl_c_leaves_no_process(tmp_path: Path, kind: str) -> None:
    env = {key: value for key, value in os.environ.items() if key not in {"REDIS_URL", "DATABASE_URL"}}
    env |= {"OVERREAD_DATA_DIR": str(tmp_path / "house"), "OVERREAD_BROKER": kind, "OVERREAD_MODE": "demo"}
    env |= {"OVERREAD_JOBS_WAKE": "broker"}
    command = [sys.executable, "manage.py", "serve", "--port", str(free_port("127.0.0.1", 18000))]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as served:
        try:
            assert served.stdout is not None
            lines: list[str] = []
            url = ""
            for line in served.stdout:
                lines.append(line)
                if found := re.search(r"Overread is at\s+(http://\S+)", line):
                    url = found.group(1)
                if "Ctrl-C" in line:
                    break
            assert url, "".join(lines)
            with urllib.request.urlopen(f"{url}/api/v1/system/health", timeout=SECONDS) as answer:
                assert answer.status == 200
            started = subprocess.run(
                ["pgrep", "-P", str(served.pid)], capture_output=True, text=True, check=True
            ).stdout.split()
            assert len(started) == (5 if kind == "auto" and broker.valkey_binary() else 4)
            assert any("demo-reviewer" in line for line in lines)
        finally:
            served.send_signal(signal.SIGINT)
            assert served.wait(timeout=SECONDS) == 0
    assert eventually(lambda: not any(alive(int(pid)) for pid in started))
    left = subprocess.run(["pgrep", "-f", str(tmp_path / "house")], capture_output=True, text=True, check=False)
    assert left.stdout == ""


_STATE = """
import django; django.setup()
from core.models import Job
row = Job.objects.get(kind="patient")
print(row.state, row.attempt, row.progress.get("phase"))
"""
_REQUEST = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
import tests.webapp.patient_worker
from core.jobs import job_request
job_request(kind="patient", arguments={})
"""


@pytest.mark.e2e
def test_a_job_whose_worker_is_told_to_end_goes_back_into_the_queue_and_loses_no_attempt(tmp_path: Path) -> None:
    # Said empty, not left out: the supervisor's parts have all of this process's environment that they are not told.
    env = dict(os.environ) | {"REDIS_URL": "", "DATABASE_URL": ""}
    env |= {"OVERREAD_DATA_DIR": str(tmp_path / "house"), "OVERREAD_BROKER": "filesystem"}
    env |= {"OVERREAD_JOBS_WAKE": "broker", "DJANGO_SETTINGS_MODULE": "webapp.settings", "PYTHONPATH": str(ROOT)}

    def told(program: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env=env, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    told(_REQUEST)
    house = Supervisor(tmp_path / "log", env=env, say=lambda _: None)
    worker = worker_part(queue="cpu", processes=1)
    command = [word.replace("webapp", "tests.webapp.patient_worker") for word in worker.command]
    house.start(Part(worker.name, command, patience=worker.patience, ask_group=worker.ask_group))
    try:
        assert eventually(lambda: told(_STATE) == "running 1 working"), house.log_tail(worker.name)
    finally:
        house.stop()
    assert told(_STATE) == "queued 0 working"
