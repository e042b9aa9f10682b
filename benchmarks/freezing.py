"""How long counting and freezing take, and how much memory: on an invented project in a database of its own.

    .venv/bin/python benchmarks/freezing.py [--cases 10000]

Rows are written as the services leave them, without pixels; every case is read blind and signed off.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE))
FOLDER = tempfile.TemporaryDirectory(prefix="overread-freezing-")
os.environ["OVERREAD_DATA_DIR"] = FOLDER.name
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from annotations.models import Finding, Label, Reading, ReadingProtocol, Revision, Workitem  # noqa: E402
from annotations.services.snapshots import pictures_compare, snapshot_freeze, snapshot_preview  # noqa: E402
from core import blobs  # noqa: E402
from core.models import Project, User  # noqa: E402
from imaging.models import Instance, Patient, PictureHash, ProjectStudy, Series, Study  # noqa: E402


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def plant(cases: int) -> Project:
    """Write a project of ``cases`` signed-off radiographs, two thirds of them of patients with one."""
    reader = User.objects.create(username="reader", role="radiologist")
    reviewer = User.objects.create(username="reviewer", role="reviewer")
    project = Project.objects.create(slug="bench", title="Bench")
    ReadingProtocol.objects.get_or_create(project=project)
    Label.objects.create(
        project=project, key="nodule", code_value="n", coding_scheme_designator="99B", code_meaning="Nodule",
        uses=["image"], color="#ffffff",
    )  # fmt: skip
    header, now = blobs.put(b"x\x9c\xab\xae\x05\x00\x01u\x00\xf9"), timezone.now()
    made: dict[type, list[Any]] = {model: [] for model in (Patient, Study, ProjectStudy, Series, Instance, PictureHash,
                                                           Workitem, Reading, Finding, Revision)}  # fmt: skip
    for n in range(cases):
        if n % 3 != 2:
            made[Patient].append(Patient(patient_id=f"B{n}"))
        patient = made[Patient][-1]
        born = timezone.datetime(1940, 1, 1).date() + timezone.timedelta(days=len(made[Patient]) * 2 % 20000)
        study = Study(
            study_instance_uid=f"1.2.3.{n}", patient=patient, patient_name=f"Bench^N{len(made[Patient])}",
            patient_birth_date=born, patient_sex="FM"[n % 2],
        )  # fmt: skip
        series = Series(series_instance_uid=f"1.2.4.{n}", study=study, modality="DX", geometry={"kind": "single"})
        image = Instance(
            sop_instance_uid=f"1.2.5.{n}", sop_class_uid="1.2.840.10008.5.1.4.1.1.1.1", series=series,
            transfer_syntax_uid="1.2.840.10008.1.2.1", blob_digest=f"{n:064x}", byte_size=1, header_digest=header,
            pixel_digest=f"{n + 1:064x}", decoded_digest=f"{n + 2:064x}", rows=64, columns=64, number_of_frames=1,
            display="as_stored", created_at=now,
        )  # fmt: skip
        bits = uuid.uuid5(uuid.NAMESPACE_OID, str(n)).hex + uuid.uuid5(uuid.NAMESPACE_URL, str(n)).hex
        work = Workitem(project=project, study=study, state="accepted", reviewer=reviewer)
        reading = Reading(
            workitem=work, reader=reader, state="submitted", reveal="after_own_answer", submitted_at=now, claimed_at=now
        )
        finding = Finding(workitem=work, reading=reading, kind="image_label", author=reader)
        content = {"kind": "image_label", "label_key": "nodule", "present": n % 4 == 0, "geometry": None, "mask": None}
        revision = Revision(finding=finding, number=1, author=reader, content=content, digest=f"{n:064x}")
        for row in (study, series, image, work, reading, finding, revision):
            made[type(row)].append(row)
        made[ProjectStudy].append(ProjectStudy(project=project, study=study))
        made[PictureHash].append(PictureHash(instance=image, blob_digest=image.blob_digest, bits=bits, revision=1))
    for model, rows in made.items():
        model.objects.bulk_create(rows, batch_size=500)  # type: ignore[attr-defined]
    for finding, revision in zip(made[Finding], made[Revision], strict=True):
        finding.head = revision
    Finding.objects.bulk_update(made[Finding], ["head"], batch_size=500)
    return project


def main() -> None:
    """Plant, count, freeze, freeze again; print seconds, rows a second and the largest memory of the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    cases = parser.parse_args().cases
    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    project = plant(cases)
    print(f"planted {cases} cases in {time.perf_counter() - began:.1f} s; memory {_memory():.0f} MiB")
    asked: dict[str, Any] = {"project": project, "question": "classification", "label_keys": ["nodule"]}
    steps = {
        "compare pictures": lambda: pictures_compare(project=project),
        "preview": lambda: snapshot_preview(**asked),
        "freeze": lambda: snapshot_freeze(**asked, name="bench", by=None),
        "freeze the same again": lambda: snapshot_freeze(**asked, name="again", by=None),
    }
    for name, step in steps.items():
        began = time.perf_counter()
        step()
        took = time.perf_counter() - began
        print(f"{name}: {took:.1f} s, {cases / took:.0f} images/s; memory {_memory():.0f} MiB")


if __name__ == "__main__":
    main()
