"""What stands in a patient's images stays there: not in logs, errors, the audit trail, live events, jobs, messages."""

from __future__ import annotations

import http.client
import io
import json
import os
import subprocess
import sys
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from pydicom import config
from pydicom.dataset import Dataset

from tests.factories.dicom_files import ct_slice, dx_image, file_bytes, rle
from webapp.supervisor import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import FileDataset

ROOT = Path(__file__).resolve().parents[2]
#: In every planted value, whatever its case and form.
TOKEN = "ZQXJK"
FIELDS = {
    "PatientName": "Zqxjkname^Zqxjkgiven", "PatientID": "ZQXJKID1", "IssuerOfPatientID": "ZQXJKISSUER",
    "OtherPatientNames": "Zqxjkother^Name", "PatientComments": "ZQXJK comments", "PatientAddress": "Zqxjkstreet 1",
    "PatientTelephoneNumbers": ["ZQXJK-555"], "PatientMotherBirthName": "Zqxjkmother", "EthnicGroup": "ZQXJKETHNIC",
    "Occupation": "ZQXJKJOB", "AccessionNumber": "ZQXJKACC", "StudyDescription": "ZQXJK study", "StudyID": "ZQXJKSID",
    "SeriesDescription": "ZQXJK series", "ProtocolName": "ZQXJK protocol", "ImageComments": "ZQXJK image",
    "ReferringPhysicianName": "Zqxjkreferrer", "PerformingPhysicianName": "Zqxjkperformer",
    "OperatorsName": "Zqxjkoperator", "InstitutionName": "ZQXJK hospital", "InstitutionAddress": "ZQXJK road",
    "StationName": "ZQXJKSTATION", "RequestingPhysician": "Zqxjkrequester", "AdmissionID": "ZQXJKADM",
    "AdditionalPatientHistory": "ZQXJK history", "DeviceSerialNumber": "ZQXJKSERIAL",
}  # fmt: skip
#: Tables whose purpose is to hold what the images or their senders say.
HOLDS_PATIENTS = {
    "imaging.Patient", "imaging.Study", "imaging.Series", "imaging.Instance", "imaging.UploadVerdict",
    "imaging.InstanceConflict",
}  # fmt: skip
FAILING_SERVER = """
import os
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
import warnings
import uvicorn
from core import jobs
from core.models import ApiToken, Membership, Project, User
from datetime import timedelta
project = Project.objects.create(slug="chest", title="Chest", is_inbox=True)
user = User.objects.create(username="adm", role="admin")
Membership.objects.create(project=project, user=user, role="admin")
_, token = ApiToken.objects.create(user=user, expiry=timedelta(days=1), name="leaks")
import webapp.asgi
from annotations.services import comments, workitems
from imaging.dicomweb import frames_asgi
from imaging.models import Patient, Study
from webapp import shell

def quote_a_patient(*arguments, **named):
    patient = Study.objects.first()
    warnings.warn(f"odd value {patient.patient_name!r}", stacklevel=1)
    try:
        int(patient.patient_name)
    except ValueError as error:
        raise RuntimeError(f"cannot handle {patient.patient_name} {patient.patient.patient_id}") from error

def quote_a_name(*arguments, **named):
    raise RuntimeError("cannot send the image of Zqxjkname")

def break_a_constraint(*arguments, **named):
    patient = Patient.objects.first()
    Patient.objects.create(pk=patient.pk, patient_id=patient.patient_id)

workitems.workitem_release = quote_a_patient
workitems.workitem_withdraw = break_a_constraint
frames_asgi.frame_body = quote_a_name
shell.render = quote_a_patient
print(token, flush=True)
from webapp.server import OPTIONS
uvicorn.run("webapp.asgi:application", host="127.0.0.1", port=int(os.environ["PORT"]), log_config=None, **OPTIONS)
"""
FAILING_WORKER = """
import django
django.setup()
import warnings
from core import jobs
from imaging import tasks
from imaging.models import Patient, Study
from imaging.services.series_index import series_index

def quote_a_patient(**named):
    name = Study.objects.first().patient_name
    warnings.warn(f"odd value {name!r}", stacklevel=1)
    raise ValueError(f"cannot index {name}")

tasks.series_index = quote_a_patient
assert jobs.run_waiting_jobs() > 0
tasks.series_index = series_index
from django.utils import timezone
from core.models import Job
Job.objects.update(not_before=timezone.now())
assert jobs.run_waiting_jobs() > 0
assert Job.objects.filter(state="succeeded").exists()
"""


def planted(dataset: FileDataset) -> FileDataset:
    """Write the token into every field that may name a patient, also inside sequences and private elements."""
    for keyword, value in FIELDS.items():
        setattr(dataset, keyword, value)
    nested = Dataset()
    nested.PatientName, nested.RequestedProcedureDescription = "Zqxjknested", "ZQXJK procedure"
    dataset.RequestAttributesSequence = [nested]
    dataset.private_block(0x0099, "ZQXJK CREATOR", create=True).add_new(1, "LO", "ZQXJK private")
    return dataset


def broken_files() -> dict[str, bytes]:
    """Files that are refused or odd, each with the token where a reader would stumble over it."""
    good = file_bytes(planted(ct_slice("broken")))
    numbers = planted(ct_slice("numbers"))
    numbers.ImagePositionPatient = [1.0, 2.0, 3.0]
    numbers.PixelSpacing = ["1.111111111", "1.222222222"]
    bad_uid = planted(ct_slice("uid"))
    bad_uid.StudyInstanceUID = "ZQXJK.1.2"
    dates = planted(ct_slice("dates"))
    dates.PatientBirthDate, dates.StudyDate, dates.StudyTime = "ZQXJKDOB", "ZQXJKDAY", "ZQXJK"
    dates.PatientAge, dates.PatientSex = "ZQXJ", "ZQXJKSEX"
    charset = file_bytes(planted(ct_slice("charset"))).replace(b"ISO_IR 192", b"ZQXJK_SET ")
    compressed = file_bytes(rle(planted(dx_image("rle"))))
    return {
        "text": b"Report of patient ZQXJK, born yesterday",
        "cut": good[: len(good) - 300],
        "cut-in-the-header": good[:700],
        "number": file_bytes(numbers).replace(b"1.111111111", b"ZQXJKNUMBER"),
        "bad-uid": file_bytes(bad_uid),
        "dates": file_bytes(dates),
        "charset": charset,
        "rle": compressed[:-60] + b"\xff" * 60,
        "garbled": good[:400] + b"ZQXJK\xff\xff" * 20 + good[540:],
    }


@pytest.fixture(autouse=True)
def lenient_writing() -> Iterator[None]:
    """The hostile values are written on purpose."""
    before = config.settings.writing_validation_mode
    config.settings.writing_validation_mode = config.IGNORE
    yield
    config.settings.writing_validation_mode = before


class Visitor:
    """Calls a real server with a token and keeps every refusal's body."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token
        self.refusals: list[tuple[str, int, bytes]] = []

    def __call__(
        self, method: str, address: str, body: bytes = b"", kind: str = "application/json", **headers: str
    ) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        given = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        connection.request(method, address, body, given | {key.replace("_", "-"): v for key, v in headers.items()})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status >= 400:
            self.refusals.append((f"{method} {address.split('?')[0]}", answer.status, content))
        try:
            return answer.status, json.loads(content)
        except ValueError:
            return answer.status, content

    def stow(self, *files: bytes) -> tuple[int, Any]:
        """Send files through STOW-RS."""
        parts = b"".join(b"--b\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n" for file in files)
        kind = 'multipart/related; type="application/dicom"; boundary=b'
        return self("POST", "/dicomweb/studies", parts + b"--b--\r\n", kind, Accept="application/dicom+json")

    def upload(self, batch: str, name: str, content: bytes) -> tuple[int, Any]:
        """Send one file through the browser's door."""
        head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        kind = "multipart/form-data; boundary=b"
        return self("POST", f"/api/v1/uploads/{batch}/files", head + content + b"\r\n--b--\r\n", kind)


@contextmanager
def failing_house(folder: Path) -> Iterator[tuple[Visitor, Path, dict[str, str]]]:
    """A real server process, some of whose services fail with a patient's name in their mouth; yields its log."""
    port = free_port("127.0.0.1", 18400)
    elsewhere = {"REDIS_URL", "DATABASE_URL", "CELERY_BROKER_URL", "OVERREAD_VALKEY_SOCKET"}
    env = {name: value for name, value in os.environ.items() if name not in elsewhere} | {
        "OVERREAD_DATA_DIR": str(folder / "house"), "OVERREAD_BROKER": "filesystem", "OVERREAD_JOBS_WAKE": "broker",
        "OVERREAD_LOG_LEVEL": "debug", "DJANGO_SETTINGS_MODULE": "webapp.settings", "PYTHONPATH": str(ROOT),
        "PORT": str(port), "PYTHONWARNINGS": "always",
    }  # fmt: skip
    log = folder / "server.log"
    with (
        log.open("wb") as stream,
        subprocess.Popen(
            [sys.executable, "-c", FAILING_SERVER], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=stream, text=True
        ) as server,
    ):
        try:
            assert server.stdout is not None
            token = server.stdout.readline().strip()
            assert token, log.read_text()
            visitor = Visitor(port, token)
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                try:
                    if visitor("GET", "/api/v1/system/health")[0] == 200:
                        break
                except OSError:
                    time.sleep(0.1)
            yield visitor, log, env
        finally:
            server.terminate()
            server.wait(timeout=30)


def leaks(text: str) -> list[str]:
    """Return the lines that hold the token, shortened around it."""
    found = []
    for line in text.splitlines():
        at = line.lower().find(TOKEN.lower())
        if at >= 0:
            found.append(line[max(0, at - 80) : at + 60])
    return found


def live_through(visit: Visitor) -> None:
    """Store good and bad files through both doors, look at them, and fail in every way there is."""
    good = [file_bytes(planted(ct_slice("good", number))) for number in (1, 2)]
    assert visit.stow(*good)[0] == 200
    other = planted(ct_slice("good", 1))
    other.ImageComments = "ZQXJK changed"
    assert visit.stow(file_bytes(other))[0] in (202, 409), "the same UID with other content"
    stranger = planted(ct_slice("good", 3))
    stranger.PatientID = "ZQXJKID2"
    visit.stow(file_bytes(stranger), *broken_files().values())
    visit("POST", "/dicomweb/studies", b"ZQXJK", "multipart/related; boundary=ZQXJK")
    status, batch = visit("POST", "/api/v1/uploads", b'{"project": "chest"}')
    assert status == 201
    codes = set()
    for name, content in broken_files().items():
        for verdict in visit.upload(batch["id"], f"ZQXJK-{name}.dcm", content)[1]["verdicts"]:
            codes.add(verdict["code"])
            assert leaks(verdict["message"]) == []
    assert len(codes) >= 4
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in broken_files().items():
            archive.writestr(f"ZQXJK/{name}.dcm", content)
    assert visit.upload(batch["id"], "ZQXJK.zip", packed.getvalue())[0] == 200
    assert visit("POST", f"/api/v1/uploads/{batch['id']}/finish")[0] == 200
    assert visit.upload(batch["id"], "ZQXJK.dcm", good[0])[0] == 409


def look_and_fail(visit: Visitor) -> None:
    """Read what is stored, and ask wrongly."""
    status, page = visit("GET", "/api/v1/workitems?q=zqxjk")
    assert status == 200
    assert page["results"], "the archive itself does know the patient"
    workitem, study = page["results"][0]["id"], page["results"][0]["study"]["study_instance_uid"]
    status, instances = visit("GET", f"/dicomweb/studies/{study}/instances", Accept="application/dicom+json")
    assert status == 200
    series, instance = instances[0]["0020000E"]["Value"][0], instances[0]["00080018"]["Value"][0]
    place = f"/dicomweb/studies/{study}/series/{series}/instances/{instance}"
    assert visit("GET", f"{place}/metadata")[0] == 200
    assert visit("GET", f"{place}/rendered", Accept="image/png")[0] == 200
    assert visit("GET", "/dicomweb/studies?PatientName=Zqxjk*")[0] == 200
    expected = {
        f"{place}/frames/1": 500, f"{place}/frames/99": 404, f"{place}/bulkdata/ZQXJK": 404, "/dicomweb/ZQXJK": 404,
        "/dicomweb/studies?StudyDate=ZQXJK": 400, "/dicomweb/studies?limit=ZQXJK": 400, "/api/v1/ZQXJK": 404,
        "/api/v1/workitems?cursor=ZQXJK": 422, "/api/v1/workitems?limit=ZQXJK": 422, "/read/ZQXJK": 500,
        "/dicomweb/studies/1.2.3/metadata": 404, "/api/v1/workitems/ZQXJK": 404, "/static/ZQXJK.js": 404,
    }  # fmt: skip
    told = {address: visit("GET", address)[0] for address in expected}
    assert told == expected
    work = f"/api/v1/workitems/{workitem}"
    assert visit("POST", f"{work}/claim", b"", If_Match='"77"')[0] == 412
    assert visit("POST", f"{work}/claim", b"")[0] == 428
    assert visit("POST", f"{work}/release", b"", If_Match='"1"')[0] == 500
    assert visit("POST", f"{work}/withdraw", b"", If_Match='"1"')[0] == 500
    assert visit("POST", f"{work}/submit", b"{}", If_Match='"1"')[0] == 409
    assert visit("POST", f"{work}/comments", b'{"text": "' + b"ZQXJK" * 2_000_000 + b'"}')[0] == 413
    assert visit("POST", f"{work}/comments", b"ZQXJK")[0] == 400
    assert visit("POST", f"{work}/decide", b'{"event": "accept"}', If_Match='"1"')[0] in (409, 422)
    assert visit("DELETE", f"{work}/comments", b"ZQXJK")[0] == 405


@pytest.mark.django_db
def test_nothing_of_a_patient_leaves_the_archive_by_the_back_doors(
    tmp_path: Path, django_db_blocker: pytest.FixtureRequest
) -> None:
    with failing_house(tmp_path) as (visit, log, env):
        live_through(visit)
        worked = subprocess.run(
            [sys.executable, "-c", FAILING_WORKER], cwd=ROOT, env=env, capture_output=True, text=True
        )
        assert worked.returncode == 0, worked.stderr
        look_and_fail(visit)

    server_log = log.read_text()
    assert leaks(server_log) == []
    assert leaks(worked.stderr + worked.stdout) == []
    for _, _, body in visit.refusals:
        assert leaks(body.decode()) == []
    statuses = {status for _, status, _ in visit.refusals}
    assert {400, 404, 405, 409, 412, 413, 422, 428, 500} <= statuses
    messages = [path for path in (tmp_path / "house" / "broker").rglob("*") if path.is_file()]
    assert messages, "workers were woken"
    assert [path.name for path in messages if leaks(path.read_bytes().decode("latin-1"))] == []
    assert_logs_still_help(server_log, worked.stderr)
    assert leaking_tables(tmp_path / "house" / "overread.sqlite3") == {}


def assert_logs_still_help(server_log: str, worker_log: str) -> None:
    """Check that every line is one JSON object and that a failure's place can be found in it."""
    lines = [json.loads(line) for line in server_log.splitlines()]
    failures = [line for line in lines if line["event"] == "unexpected_error"]
    assert len(failures) >= 3
    for failure in failures:
        assert "RuntimeError" in failure["exception"] or "IntegrityError" in failure["exception"]
        assert "in quote_a_" in failure["exception"] or "in break_a_constraint" in failure["exception"]
        assert len(failure["request_id"]) == 32
    assert any("builtins.ValueError" in failure["exception"] for failure in failures), "the cause is named, too"
    assert any(line["event"] == "warning" and line["kind"] == "UserWarning" for line in lines)
    crashed = [json.loads(line) for line in worker_log.splitlines() if "job.crashed" in line]
    assert "in quote_a_patient" in crashed[0]["exception"]


def leaking_tables(database: Path) -> dict[str, list[str]]:
    """Return the tables that hold the token though they hold no patients: audit, events, jobs, sessions and all."""
    import sqlite3

    meant = {apps.get_model(name)._meta.db_table for name in HOLDS_PATIENTS}
    found = {}
    with sqlite3.connect(database) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert {"core_auditevent", "core_event", "core_job"} <= set(tables)
        for table in sorted(set(tables) - meant):
            rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
            if lines := leaks("\n".join(repr(row) for row in rows)):
                found[table] = lines[:5]
        assert connection.execute("SELECT count(*) FROM core_auditevent").fetchone()[0] > 20
        assert connection.execute("SELECT count(*) FROM core_event").fetchone()[0] > 0
    return found
