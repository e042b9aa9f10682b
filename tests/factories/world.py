"""A small world with one row of everything, for tests that must name an object of each kind."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
from django.utils import timezone

from annotations.models import (
    Calibration,
    Comment,
    DatasetSnapshot,
    Finding,
    Label,
    Reading,
    ReadingProtocol,
    Revision,
    SnapshotRequest,
    Workitem,
)
from core import blobs
from core.jobs import job_digest
from core.models import ApiToken, Job, Project, User
from imaging.models import Instance, InstanceConflict, NearCopy, Patient, ProjectStudy, Series, Study, Upload
from inference.float_stacks import stack_put
from inference.models import (
    DeclaredPlan,
    EvaluationReport,
    ModelFamily,
    ModelVersion,
    Prediction,
    Registration,
    SaliencyMap,
    TrainingRun,
)

if TYPE_CHECKING:
    from uuid import UUID

STUDY_UID, SERIES_UID, INSTANCE_UID = (
    "1.2.826.0.1.3680043.8.498.1",
    "1.2.826.0.1.3680043.8.498.2",
    "1.2.826.0.1.3680043.8.498.3",
)
#: The header of the 4 x 4 image, as the archive stores it (DICOM JSON model); what its file holds is no image.
HEADER = {
    "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.1.1"]},
    "00080018": {"vr": "UI", "Value": [INSTANCE_UID]},
    "00080060": {"vr": "CS", "Value": ["DX"]},
    "00280002": {"vr": "US", "Value": [1]},
    "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]},
    "00280010": {"vr": "US", "Value": [4]},
    "00280011": {"vr": "US", "Value": [4]},
    "00280100": {"vr": "US", "Value": [8]},
    "00280101": {"vr": "US", "Value": [8]},
    "00280102": {"vr": "US", "Value": [7]},
    "00280103": {"vr": "US", "Value": [0]},
}


@dataclass
class World:
    """One row of everything."""

    project: Project
    workitem: Workitem
    finding: Finding
    revision: Revision
    comment: Comment
    label: Label
    snapshot: DatasetSnapshot
    request: SnapshotRequest
    near_copy: NearCopy
    family: ModelFamily
    version: ModelVersion
    run: TrainingRun
    report: EvaluationReport
    prediction: Prediction
    saliency: SaliencyMap
    upload: Upload
    job: Job
    token: ApiToken
    conflict: InstanceConflict
    calibration: Calibration

    def registration(self) -> Registration:
        """Return an alignment onto the world's series, made with the study it needs when first asked for."""
        fixed = Series.objects.get(series_instance_uid=SERIES_UID)
        moving = Series.objects.filter(series_instance_uid=f"{SERIES_UID}.7").first()
        moving = moving or make_study(self.project, 7).series.get()
        stack = stack_put([np.zeros((4, 4), np.float32)], [(INSTANCE_UID, 1)])
        found, _ = Registration.objects.get_or_create(
            workitem=self.workitem, fixed=fixed, moving=moving, method="deformable", input_digest="7" * 64,
            defaults={
                "state": "finished", "moved": {**stack, "low": 0.0, "high": 1.0}, "inconsistency": stack,
                "verdict": {"standing": "aligned", "reasons": []},
            },
        )  # fmt: skip
        return found

    def fill(self, route: str, user_id: UUID) -> str:
        """Return a route pattern such as ``workitems/<uuid:id>`` with the ids of this world in its places."""
        noun = route.split("/")[0]
        ids = {
            "workitems": self.workitem.pk,
            "findings": self.finding.pk,
            "snapshots": self.snapshot.pk,
            "snapshot-requests": self.request.pk,
            "near-copies": self.near_copy.pk,
            "models": self.family.pk,
            "versions": self.version.pk,
            "training": self.run.pk,
            "reports": self.report.pk,
            "predictions": self.prediction.pk,
            "saliency": self.saliency.pk,
            "uploads": self.upload.pk,
            "jobs": self.job.pk,
            "identities": self.workitem.study.patient_id,
            "conflicts": self.conflict.pk,
            "users": user_id,
            "auth": self.token.digest[:24],
        }
        if noun == "registrations":
            ids[noun] = self.registration().pk
        named = {
            "slug": self.project.slug,
            "user_id": user_id,
            "key": self.label.key,
            "calibration_id": self.calibration.pk,
            "study": STUDY_UID,
            "series": SERIES_UID,
            "instance": INSTANCE_UID,
            "frame_list": "1",
            "path": "00091010",
            "frame": "1",
            "tag": "7FE00010",
            "table": "0",
            "group": str(0x6000),
            "layer": INSTANCE_UID,
            "number": "1",
            "version": "first",
        }
        parts = []
        for part in route.split("/"):
            if part.startswith("<"):
                name = part.strip("<>").split(":")[-1]
                parts.append(str(named[name] if name in named else ids[noun]))
            else:
                parts.append(part)
        return "/".join(parts)


def make_study(project: Project, number: int = 0) -> Study:
    """Make a study with one series and one 4 x 4 instance in the project."""
    suffix = f".{number}" if number else ""
    patient = Patient.objects.create(patient_id=f"P{number}")
    study = Study.objects.create(
        study_instance_uid=STUDY_UID + suffix,
        patient=patient,
        patient_name="Sample^Patient",
        patient_sex="F",
        modalities_in_study="DX",
        number_of_study_related_series=1,
        number_of_study_related_instances=1,
    )
    ProjectStudy.objects.create(project=project, study=study)
    series = Series.objects.create(
        series_instance_uid=SERIES_UID + suffix,
        study=study,
        modality="DX",
        number_of_series_related_instances=1,
        indexed_at=timezone.now(),
    )
    Instance.objects.create(
        sop_instance_uid=INSTANCE_UID + suffix,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.1.1",
        series=series,
        instance_number=1,
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        blob_digest=blobs.put(bytes(200 + number)),
        byte_size=200 + number,
        pixel_digest="0" * 64,
        header_digest=blobs.put(zlib.compress(json.dumps(HEADER).encode())),
        rows=4,
        columns=4,
        number_of_frames=1,
        samples_per_pixel=1,
        bits_allocated=8,
        photometric_interpretation="MONOCHROME2",
        frame_spans=[[100, 16]],
        display=Instance.Display.AS_STORED,
    )
    return study


def make_world(project: Project, reader: User, admin: User) -> World:
    """Make one row of everything in ``project``; ``reader`` holds the work item."""
    ReadingProtocol.objects.get_or_create(project=project, defaults={"required_labels": []})
    label = Label.objects.create(
        project=project,
        key="nodule",
        code_value="27925004",
        coding_scheme_designator="SCT",
        code_meaning="Nodule",
        uses=["image", "region", "segment"],
        color="#ff8800",
    )
    study = make_study(project)
    series = study.series.get()
    workitem = Workitem.objects.create(project=project, study=study, state="claimed")
    calibration = Calibration.objects.create(
        workitem=workitem, author=reader, series_instance_uid=SERIES_UID, sop_instance_uid=INSTANCE_UID, rows=4,
        columns=4, points=[[0, 0], [3, 3]], length_mm=3, row_mm=1, column_mm=1,
    )  # fmt: skip
    reading = Reading.objects.create(workitem=workitem, reader=reader, reveal="after_own_answer")
    finding = Finding.objects.create(workitem=workitem, reading=reading, kind="image_label", author=reader)
    revision = Revision.objects.create(
        finding=finding,
        number=1,
        author=reader,
        label=label,
        content={
            "kind": "image_label", "label_key": "nodule", "name": "", "text": "", "present": True, "color": None,
            "locked": False, "geometry": None, "mask": None, "measures": {},
        },
        digest="a" * 64,
    )  # fmt: skip
    finding.head = revision
    finding.save()
    comment = Comment.objects.create(workitem=workitem, author=reader, text="look here")
    manifest = blobs.put(b"")
    snapshot = DatasetSnapshot.objects.create(
        project=project, name="first", digest="b" * 64, manifest_digest=manifest, question="classification",
        label_keys=["nodule"],
    )  # fmt: skip
    request = SnapshotRequest.objects.create(
        project=project, kind="preview", question="classification", label_keys=["nodule"], requested_by=admin
    )
    counted = {"request_id": str(request.pk)}
    Job.objects.create(kind="snapshot", arguments=counted, digest=job_digest("snapshot", counted), project=project)
    family = ModelFamily.objects.create(
        project=project, slug="chest-nodule", title="Nodule", recipe="classification", label_keys=["nodule"]
    )
    plan = DeclaredPlan.objects.create(family=family, number=1, reason="as usual", declared_by=admin)
    run = TrainingRun.objects.create(
        family=family, plan=plan, snapshot=snapshot, config={}, config_digest="d" * 64, requested_by=admin
    )
    asked = {"training_run_id": str(run.pk)}
    job = Job.objects.create(kind="train", arguments=asked, digest=job_digest("train", asked), project=project)
    run.job = job
    run.save()
    weights = blobs.put(b"weights")
    version = ModelVersion.objects.create(
        family=family, number=1, state="live", training_run=run, weights_digest=weights, card_digest=weights
    )
    family.live = version
    family.save()
    report = EvaluationReport.objects.create(
        version=version, snapshot=snapshot, report={}, outputs_digest=weights, digest="e" * 64
    )
    prediction = Prediction.objects.create(
        workitem=workitem, series=series, version=version, state="finished", input_digest="f" * 64
    )
    saliency = SaliencyMap.objects.create(
        prediction=prediction, label_key="nodule", method="hirescam", state="finished",
        map_digest=blobs.put(zlib.compress(bytes(16))), shape_kji=[1, 4, 4],
        sop_instance_uids=[[INSTANCE_UID, 1]],
    )  # fmt: skip
    upload = Upload.objects.create(door="browser", project=project, received_by=reader)
    token, _ = ApiToken.objects.create(user=admin, expiry=timedelta(days=1), name="script")
    instance = Instance.objects.get(series=series)
    conflict = InstanceConflict.objects.create(
        instance=instance, first_digest=instance.blob_digest, first_header_digest=instance.header_digest,
        refused_digest=blobs.put(bytes(300)), header_digest=instance.header_digest, kind="pixels", byte_size=300,
        source="stow:part 1",
    )  # fmt: skip
    return World(
        project, workitem, finding, revision, comment, label, snapshot, request, _near_copy(instance), family, version,
        run, report, prediction, saliency, upload, job, token, conflict, calibration,
    )  # fmt: skip


def _near_copy(first: Instance) -> NearCopy:
    """Make a pair of the image and one of somebody else's, whose study is in no project."""
    patient = Patient.objects.create(patient_id="ELSEWHERE-1")
    study = Study.objects.create(study_instance_uid=f"{STUDY_UID}.9", patient=patient)
    series = Series.objects.create(series_instance_uid=f"{SERIES_UID}.9", study=study, modality="DX")
    second = Instance.objects.create(
        sop_instance_uid=f"{INSTANCE_UID}.9", sop_class_uid=first.sop_class_uid, series=series,
        transfer_syntax_uid=first.transfer_syntax_uid, blob_digest="9" * 64, byte_size=1,
        header_digest=first.header_digest, display="undecodable",
    )  # fmt: skip
    return NearCopy.objects.create(first=first, second=second, distance=12)
