"""kill -9 of a worker in the middle of a job loses nothing, on either broker, without anybody's help."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.patience import SECONDS, eventually
from webapp import broker
from webapp.supervisor import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="reads process groups from /proc"),
]
EPOCHS = 12
#: Plants a few images, freezes them, and asks for a training, as the API would; prints what to look for.
ASK = f"""
import json
import django
django.setup()
from core.models import Project, User
from inference.services.training import training_request
from tests.inference.planted_archive import CONFIG, freeze, make_family, plant_many
admin = User.objects.create(username="adm", role="admin")
project = Project.objects.create(slug="chest", title="Chest")
family = make_family(project, admin)
snapshot = freeze(project, plant_many(project, train=48, validation=8, test=6))
chosen = {{**CONFIG, "epochs": {EPOCHS}}}
run = training_request(family=family, snapshot=snapshot, chosen=chosen, reason="killed", requested_by=admin)
print(json.dumps({{"job": run.job_id.hex, "run": run.pk.hex}}))
"""


@pytest.fixture(params=["valkey", pytest.param("filesystem", marks=pytest.mark.slow)])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The environment of a house of its own: its data folder, its database, its broker, and short leases."""
    if request.param == "valkey" and broker.valkey_binary() is None:
        pytest.skip("no bundled Valkey for this platform")
    elsewhere = {"REDIS_URL", "DATABASE_URL", "CELERY_BROKER_URL", "OVERREAD_VALKEY_SOCKET"}
    return {name: value for name, value in os.environ.items() if name not in elsewhere} | {
        "OVERREAD_DATA_DIR": str(tmp_path / "house"),
        "OVERREAD_BROKER": request.param,
        "OVERREAD_MODE": "development",
        "OVERREAD_JOBS_WAKE": "broker",
        "OVERREAD_JOB_LEASE_SECONDS": "3",
        "OVERREAD_LOG_LEVEL": "warning",
        "OMP_NUM_THREADS": "1",
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
        "PYTHONPATH": str(ROOT),
    }


@pytest.fixture
def house(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """``manage.py serve``: web, workers, beat and the broker, each a process of its own."""
    command = [sys.executable, "manage.py", "serve", "--port", str(free_port("127.0.0.1", 18200))]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        lines = []
        for line in served.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        try:
            assert served.poll() is None, "".join(lines)
            yield served
        finally:
            served.send_signal(signal.SIGINT)
            served.wait(timeout=SECONDS)


def worker_group(served: subprocess.Popen[str], queue: str) -> int:
    """Return the process group of the worker of this queue: its first process and the children that compute."""
    for pid in Path(f"/proc/{served.pid}/task/{served.pid}/children").read_text().split():
        if f"{queue}@%h".encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            return os.getpgid(int(pid))
    raise AssertionError(f"no worker for {queue}")


def group_members(group: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, its_group = stat.read_text().rsplit(")", 1)[1].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(its_group) == group and state != "Z":
            found.append(int(stat.parent.name))
    return found


def test_a_training_whose_worker_is_killed_goes_on_by_itself_and_ends_once(
    environment: dict[str, str], house: subprocess.Popen[str]
) -> None:
    answer = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    asked = json.loads(answer.stdout)

    def rows(question: str, *values: object) -> list[sqlite3.Row]:
        with closing(
            sqlite3.connect(Path(environment["OVERREAD_DATA_DIR"]) / "overread.sqlite3", timeout=SECONDS)
        ) as held:
            held.row_factory = sqlite3.Row
            return held.execute(question, values).fetchall()

    def job() -> sqlite3.Row:
        return rows("SELECT * FROM core_job WHERE id = ?", asked["job"])[0]

    def in_the_middle() -> bool:
        progress = json.loads(job()["progress"])
        return progress.get("phase") == "training" and progress.get("epoch", 0) >= 2

    assert eventually(in_the_middle), dict(job())
    before = job()
    assert (before["state"], before["attempt"]) == ("running", 1)
    group = worker_group(house, "gpu")
    assert len(group_members(group)) >= 2, "the worker and its child"
    os.killpg(group, signal.SIGKILL)
    assert eventually(lambda: not group_members(group))
    assert job()["state"] == "running", "nobody had the time to say that it died"
    assert json.loads(job()["progress"])["epoch"] < EPOCHS

    assert eventually(lambda: job()["state"] not in {"queued", "running"}), dict(job())
    after = job()
    assert (after["state"], after["attempt"], after["error_code"]) == ("succeeded", 2, "")
    assert after["worker"] != before["worker"]
    assert after["started_at"] == before["started_at"]
    assert len(rows("SELECT id FROM inference_modelversion")) == 1
    assert len(rows("SELECT id FROM core_job WHERE kind = 'train'")) == 1
    finished = rows("SELECT id FROM core_auditevent WHERE event_type = 'training.finished'")
    assert len(finished) == 1, "one result, written down once"
    curves = json.loads(rows("SELECT curves FROM inference_trainingrun WHERE id = ?", asked["run"])[0]["curves"])
    assert [entry["epoch"] for entry in curves] == list(range(1, EPOCHS + 1)), "it went on from its checkpoint"
