"""An evaluation says where a version looks; a first model that fails only there is answered for by a person."""

from __future__ import annotations

import base64
import io
import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from annotations.models import ReadingProtocol
from annotations.services.workitems import workitem_claim
from core import blobs
from core.models import AuditEvent
from inference.models import EvaluationReport, ModelFamily, ModelVersion
from inference.services.evaluation import evaluation_request
from tests.factories.api import Api
from tests.inference.planted_archive import freeze, install, make_family, open_workitem, plant, plant_many

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.models import Project, User

pytestmark = pytest.mark.django_db


def judged(family: ModelFamily, number: int, *, live: ModelVersion | None = None, **gate: Any) -> EvaluationReport:
    version = ModelVersion.objects.create(
        family=family, number=number, state="evaluated", weights_digest=f"{number}" * 64, card_digest="c" * 64
    )
    return EvaluationReport.objects.create(
        version=version, snapshot=family.project.snapshots.get(), report={},
        gate={"passed": False, "sentence": "Refused.", "verdict": "refused", **gate}, compared_with=live,
        outputs_digest="o" * 64, digest=f"{number}" * 64,
    )  # fmt: skip


def test_a_first_model_that_fails_only_for_where_it_looks_goes_live_by_a_named_persons_reason_for_ever(
    project: Project, admin: User, reviewer: User
) -> None:
    family = make_family(project, admin)
    freeze(project, {})
    api, report = Api(admin), judged(family, 1, excusable=True)
    address, wanted = f"versions/{report.version_id}/promote", {"report_id": str(report.pk), "reason": "the first"}
    for answered in ({}, {"answered_for": ""}, {"answered_for": "   "}):
        status, body = api("POST", address, {**wanted, **answered})
        assert (status, body["code"]) == (409, "gate_not_passed")
    said = {"answered_for": "Boxes come next month; readers are told."}
    assert Api(reviewer)("POST", address, {**wanted, **said})[0] == 403
    status, shown = api("POST", address, {**wanted, **said})
    assert (status, shown["live"]["number"]) == (200, 1)
    later = judged(family, 2, live=report.version, passed=True, verdict="passed")
    wanted = {"report_id": str(later.pk), "reason": "better"}
    status, body = api("POST", f"versions/{later.version_id}/promote", {**wanted, **said})
    assert (status, body["code"]) == (422, "nothing_to_answer_for")
    assert api("POST", f"versions/{later.version_id}/promote", wanted)[0] == 200
    versions = {one["number"]: one for one in Api(reviewer)("GET", f"models/{family.pk}")[1]["versions"]}
    assert versions[1]["state"] == "retired"
    answered = versions[1]["answered_for"]
    assert (answered["by"]["display_name"], answered["reason"]) == ("Adm", said["answered_for"])
    assert versions[2]["answered_for"] is None
    moves = Api(reviewer)("GET", f"models/{family.pk}/promotions")[1]
    assert [one["answered_for"] for one in moves] == ["", said["answered_for"]]
    events = AuditEvent.objects.filter(event_type="model.promoted").order_by("pk")
    assert [one.detail.get("answered_for") for one in events] == [said["answered_for"], None]


def test_a_challenger_has_no_such_way(project: Project, admin: User) -> None:
    family = make_family(project, admin)
    freeze(project, {})
    report = judged(family, 1, excusable=False)
    wanted = {"report_id": str(report.pk), "reason": "the first", "answered_for": "I know better"}
    status, body = Api(admin)("POST", f"versions/{report.version_id}/promote", wanted)
    assert (status, body["code"]) == (409, "gate_not_passed")


def test_an_evaluation_keeps_where_a_version_looks_and_shows_the_pictures_to_those_who_may_see_them(
    project: Project, admin: User, reviewer: User, radiologist: User, square_model: Path, run_jobs: Callable[[], int]
) -> None:
    """Nine marked cases: too few to grade maps or to judge grounding, and enough to ask about."""
    version = install(make_family(project, admin, change_plan={"smallest": 5}), square_model)
    planted = plant_many(project, train=4, validation=2, test=18)
    snapshot = freeze(project, planted)
    evaluation_request(version=version, snapshot=snapshot, requested_by=admin)
    run_jobs()
    report = EvaluationReport.objects.get(version=version)
    gaze = report.report["labels"]["square"]["gaze"]
    outputs = json.loads(zlib.decompress(blobs.get(report.outputs_digest)))["gaze"]
    cases = outputs["version"]
    assert (gaze["cases"], gaze["positives"], len(cases)) == (18, 9, 18)
    logits = np.array([one["whole"]["square"] for one in cases])
    truth = np.array([one["truth"]["square"] for one in cases])
    assert gaze["gap"] == pytest.approx(logits[truth == 1].mean() - logits[truth == 0].mean())
    places = [one["places"]["square"] for one in cases if one["places"]]
    shares = [(np.mean(one["elsewhere"]) - one["painted_over"]) / gaze["gap"] for one in places]
    assert gaze["marked"] == len(places) > 0
    assert gaze["grounding"]["value"] == pytest.approx(np.clip(shares, -1, 1).mean())
    assert gaze["grounding"]["value"] > 0.5, "the model learned bright squares"
    assert "patients with a reader's mark of it are needed" in gaze["sentences"][0]
    rows = {one["id"]: one for one in report.gate["criteria"]}
    assert {"grounding", "outside", "shortcut"} <= set(rows)
    assert (rows["grounding"]["passed"], rows["grounding"]["role"]) == (None, "guard")

    for one in planted["test"]:
        open_workitem(project, one)
    address = f"reports/{report.pk}/gaze"
    assert Api(radiologist)("GET", address)[0] == 403
    status, shown = Api(reviewer)("GET", address)
    assert status == 200
    assert [one["case_id"] for one in outputs["examples"]] == list(
        dict.fromkeys(e["case_id"] for e in outputs["examples"])
    )
    assert len(shown) == len(outputs["examples"]) == 3
    by_id = {one["case_id"]: one for one in cases}
    for one, kept in zip(shown, outputs["examples"], strict=True):
        said = {picture["kind"]: picture["logit"] for picture in one["pictures"]}
        case = by_id[kept["case_id"]]
        assert said["original"] == pytest.approx(case["whole"]["square"], abs=1e-4)
        assert said["edge"] == pytest.approx(case["without"]["edge"]["square"], abs=1e-4)
        first = Image.open(io.BytesIO(base64.b64decode(one["pictures"][0]["png"])))
        assert (first.format, first.mode) == ("PNG", "L")
    assert "case_id" not in shown[0]
    assert "png" not in json.dumps(report.report)

    ReadingProtocol.objects.filter(project=project).update(reveal="always")
    uid = outputs["examples"][0]["case_id"].split("/")[0]
    first = next(one for one in planted["test"] if one.instance.sop_instance_uid == uid)
    workitem = open_workitem(project, first)
    workitem_claim(workitem=workitem, by=reviewer, version=workitem.version)
    hidden = Api(reviewer)("GET", address)[1][0]
    assert (hidden["pictures"], hidden["workitem_id"]) == ([], None)
    assert "being read again" in hidden["why"]


def test_a_report_of_before_says_nothing_of_where_its_version_looks(project: Project, admin: User) -> None:
    family = make_family(project, admin)
    plant(project, 1, bright=True)
    freeze(project, {})
    report = judged(family, 1)
    assert Api(admin)("GET", f"reports/{report.pk}/gaze") == (200, [])
    assert Api(admin)("GET", f"reports/{report.pk}")[1]["gate"].get("excusable", False) is False
