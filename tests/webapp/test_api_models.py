"""Models through the front door: families, versions, promotion with a reason, the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inference.models import EvaluationReport, ModelFamily, ModelVersion
from tests.factories.api import Api
from tests.inference.planted_archive import freeze, make_family, make_square_label

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = pytest.mark.django_db


def _judged(family: ModelFamily, number: int, *, passed: bool, live: ModelVersion | None) -> EvaluationReport:
    version = ModelVersion.objects.create(
        family=family, number=number, state="evaluated", weights_digest=str(number) * 64, card_digest="c" * 64
    )
    return EvaluationReport.objects.create(
        version=version, snapshot=family.project.snapshots.get(), compared_with=live, report={},
        outputs_digest="o" * 64,
        gate={"passed": passed, "sentence": "Passed." if passed else "Refused.", "criteria": []},
        digest=str(number) * 64,
    )  # fmt: skip


def test_an_admin_begins_a_family_and_everybody_in_the_project_sees_it(
    project: Project, admin: User, radiologist: User, stranger: User
) -> None:
    make_square_label(project)
    given = {"project": project.slug, "slug": "squares", "title": "Squares", "recipe": "classification",
             "label_keys": ["square"], "modalities": ["dx"], "reason": "as agreed"}  # fmt: skip
    assert Api(admin)("POST", "models", {**given, "reason": " "})[0] == 422, "a plan is declared with a reason"
    status, family = Api(admin)("POST", "models", given)
    assert (status, family["live"], family["versions"], family["modalities"]) == (201, None, [], ["DX"])
    asked = {one["name"]: one for one in family["training_settings"]}
    assert asked["image_shape"]["default"] == [128, 128]
    assert (asked["epochs"]["minimum"], asked["epochs"]["maximum"], asked["epochs"]["kind"]) == (1, 1000, "count")
    assert {"spacing_mm", "dimensions", "threads"}.isdisjoint(asked), "what changes nothing for it is not asked"
    assert all(one["title"] and one["description"] for one in asked.values())
    assert Api(admin)("POST", "models", given)[1]["code"] == "slug_taken"
    assert Api(radiologist)("POST", "models", {**given, "slug": "mine"})[0] == 403
    assert [one["slug"] for one in Api(radiologist)("GET", f"models?project={project.slug}")[1]] == ["squares"]
    assert Api(stranger)("GET", "models") == (200, [])
    assert Api(stranger)("GET", f"models?project={project.slug}")[0] == 404
    assert Api(stranger)("GET", f"models/{family['id']}")[0] == 404


def test_a_version_is_promoted_on_its_report_with_a_reason_and_taken_back_in_one_call(
    project: Project, admin: User, reviewer: User
) -> None:
    family = make_family(project, admin)
    freeze(project, {})
    api = Api(admin)
    first = _judged(family, 1, passed=True, live=None)
    status, body = api("POST", f"versions/{first.version_id}/promote", {"report_id": str(first.pk), "reason": ""})
    assert (status, body["code"]) == (422, "fields_wrong")
    wanted = {"report_id": str(first.pk), "reason": "the first one"}
    assert Api(reviewer)("POST", f"versions/{first.version_id}/promote", wanted)[0] == 403
    status, shown = api("POST", f"versions/{first.version_id}/promote", wanted)
    assert (status, shown["live"]["number"], shown["roll_back_to"]) == (200, 1, None)

    second = _judged(family, 2, passed=True, live=first.version)
    refused = _judged(family, 3, passed=False, live=first.version)
    status, body = api(
        "POST", f"versions/{refused.version_id}/promote", {"report_id": str(refused.pk), "reason": "please"}
    )
    assert (status, body["code"], body["detail"]["gate"]["sentence"]) == (409, "gate_not_passed", "Refused.")
    wanted = {"report_id": str(second.pk), "reason": "better"}
    status, shown = api("POST", f"versions/{second.version_id}/promote", wanted)
    assert (shown["live"]["number"], shown["roll_back_to"]["number"]) == (2, 1)
    assert [one["state"] for one in shown["versions"]] == ["evaluated", "live", "retired"]

    status, shown = api("POST", f"models/{family.pk}/roll-back", {"reason": "misses small ones"})
    assert (status, shown["live"]["number"]) == (200, 1)
    assert api("POST", f"models/{family.pk}/roll-back", {"reason": "again"})[1]["code"] == "nothing_to_go_back_to"
    _, moves = Api(reviewer)("GET", f"models/{family.pk}/promotions")
    assert [(one["direction"], one["to_version"]["number"], one["reason"]) for one in moves] == [
        ("roll_back", 1, "misses small ones"),
        ("promote", 2, "better"),
        ("promote", 1, "the first one"),
    ]
    assert moves[0]["decided_by"]["display_name"] == "Adm"

    status, report = Api(reviewer)("GET", f"reports/{second.pk}")
    assert (status, report["gate"]["passed"], report["is_current"]) == (200, True, True)
    status, version = Api(reviewer)("GET", f"versions/{second.version_id}")
    assert (status, version["state"], [row["passed"] for row in version["reports"]]) == (200, "retired", [True])
    assert len(Api(reviewer)("GET", f"versions/{second.version_id}/reports")[1]) == 1
    status, put_aside = api("POST", f"versions/{refused.version_id}/refuse", {"reason": "worse"})
    assert (status, put_aside["state"]) == (200, "refused")
