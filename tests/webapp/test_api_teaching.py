"""Who teaches no more, who is one person, which pictures are one: through the front door, by an admin alone."""

from __future__ import annotations

from typing import Any

import pytest

from annotations.dataset.split import patient_key, split_of
from annotations.models import DatasetSnapshot, Withdrawal
from core.models import AuditEvent, Project, User
from imaging.models import Patient, SamePersonDecision, Study
from inference.learned_from import withdrawn_sentence
from inference.models import DeclaredPlan, EvaluationReport, ModelFamily, ModelVersion, TrainingRun
from tests.factories.api import Api
from tests.factories.reading import make_label, make_reading_study
from tests.webapp.test_api_snapshots import WANTED, _asked, _six

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def split_key(settings: Any) -> None:
    settings.OVERREAD_SPLIT_KEY = "split-key-of-the-tests"


def _learned(project: Project, snapshot: DatasetSnapshot, admin: User) -> tuple[ModelVersion, EvaluationReport]:
    """Make a version that was trained on a snapshot, and its report."""
    family = ModelFamily.objects.create(
        project=project, slug="nodules", title="Nodules", recipe="classification", label_keys=["nodule"]
    )
    plan = DeclaredPlan.objects.create(family=family, number=1, reason="as usual")
    run = TrainingRun.objects.create(
        family=family, plan=plan, snapshot=snapshot, config={}, config_digest="d" * 64, requested_by=admin
    )
    version = ModelVersion.objects.create(
        family=family, number=1, state="live", training_run=run, weights_digest="1" * 64, card_digest="2" * 64
    )
    report = EvaluationReport.objects.create(
        version=version, snapshot=snapshot, report={}, outputs_digest="3" * 64, digest="e" * 64
    )
    return version, report


def test_what_learned_from_a_withdrawn_patient_or_reader_is_listed_and_a_dataset_without_them_is_frozen(
    project: Project, radiologist: User, reviewer: User, admin: User
) -> None:
    make_label(project)
    _six(project, radiologist, reviewer)
    study = Study.objects.select_related("patient").order_by("created_at").first()
    assert study is not None
    _six(project, radiologist, reviewer, first=1000, splits=(split_of(patient_key(study.patient)),))
    api = Api(admin)
    old = DatasetSnapshot.objects.get(pk=_asked(api, "", {**WANTED, "name": "with all"})["snapshot"]["id"])
    version, report = _learned(project, old, admin)
    assert Api(reviewer)("POST", "withdrawals", {"reader_id": str(radiologist.pk), "reason": "x"})[0] == 403
    assert api("POST", "withdrawals", {"reason": "nobody is named"})[0] == 422
    said = {"study_instance_uid": study.study_instance_uid, "reason": "asked for it"}
    status, gone = api("POST", "withdrawals", said)
    assert (status, gone["named"], [one["id"] for one in gone["snapshots"]]) == (
        201, study.patient.patient_id, [str(old.pk)],
    )  # fmt: skip
    assert sum(gone["snapshots"][0]["images"].values()) == 1
    assert [one["id"] for one in gone["versions"]] == [str(version.pk)]
    assert [one["id"] for one in gone["reports"]] == [str(report.pk)]
    assert api("POST", "withdrawals", said)[1]["code"] == "already_so"
    assert gone["without"] == []
    preview = _asked(api, "/preview", WANTED)["preview"]
    assert (preview["counts"]["cases"], preview["counts"]["left_out"]["patient_withdrawn"]) == (7, 1)
    without = _asked(api, "", {**WANTED, "name": "without"})["snapshot"]
    assert without["id"] != str(old.pk)
    assert [one["id"] for one in api("GET", "withdrawals")[1]["results"][0]["snapshots"]] == [str(old.pk)]
    status, work = api("POST", "withdrawals", {"reader_id": str(radiologist.pk), "reason": "mixed labels up"})
    assert {one["name"] for one in work["snapshots"]} == {"with all", "without"}
    assert api("POST", "withdrawals", {**said, "withdrawn": False})[0] == 201
    assert [one["kind"] for one in api("GET", "withdrawals")[1]["results"]] == ["reader"]
    assert Withdrawal.objects.count() == 3, "what was said before is kept"
    kept = AuditEvent.objects.filter(event_type="teaching.withdrawn")
    assert sorted(kept.values_list("outcome", flat=True)) == ["teaches_again", "withdrawn", "withdrawn"]
    assert "asked for it" not in str(list(kept.values_list("detail", flat=True)))


def test_a_version_that_began_with_the_weights_of_one_that_learned_from_them_learned_from_them_too(
    project: Project, radiologist: User, reviewer: User, admin: User
) -> None:
    make_label(project)
    _six(project, radiologist, reviewer)
    study = Study.objects.select_related("patient").order_by("created_at")[0]
    _six(project, radiologist, reviewer, first=1000, splits=(split_of(patient_key(study.patient)),))
    api = Api(admin)
    old = DatasetSnapshot.objects.get(pk=_asked(api, "", {**WANTED, "name": "with all"})["snapshot"]["id"])
    first, _report = _learned(project, old, admin)
    api("POST", "withdrawals", {"study_instance_uid": study.study_instance_uid, "reason": "asked for it"})
    new = DatasetSnapshot.objects.get(pk=_asked(api, "", {**WANTED, "name": "without"})["snapshot"]["id"])
    made = [first]
    for number, parent in ((2, None), (3, first), (4, 3)):
        run = TrainingRun.objects.create(
            family=first.family, plan=DeclaredPlan.objects.get(), snapshot=new, config={},
            config_digest=str(number) * 64, parent=made[parent - 1] if isinstance(parent, int) else parent,
        )  # fmt: skip
        made.append(
            ModelVersion.objects.create(
                family=first.family, number=number, training_run=run, weights_digest=str(number) * 64,
                card_digest="2" * 64,
            )
        )  # fmt: skip
    [row] = api("GET", "withdrawals")[1]["results"]
    assert [(one["number"], one["started_from"]) for one in row["versions"]] == [(1, None), (3, 1), (4, 3)]
    assert [one["number"] for one in row["without"]] == [2]
    assert [bool(withdrawn_sentence(one)) for one in made] == [True, False, True, True]
    assert withdrawn_sentence(made[3]).startswith("Version 4 learned from a patient who was withdrawn from teaching.")
    api("POST", "withdrawals", {"study_instance_uid": study.study_instance_uid, "reason": "agreed", "withdrawn": False})
    assert not any(map(withdrawn_sentence, made)), "they teach again"


def test_numbers_that_share_name_and_birth_date_are_listed_until_an_admin_decides_about_them(
    project: Project, admin: User, reviewer: User
) -> None:
    for number in range(2):
        patient = Patient.objects.create(patient_id=f"T{number}")
        make_reading_study(project, patient=patient, patient_name="Twin^Tom")
    Study.objects.update(patient_birth_date="1980-05-05")
    api = Api(admin)
    assert Api(reviewer)("GET", "same-person")[0] == 403
    [pair] = api("GET", "same-person")[1]["results"]
    assert (pair["reasons"], pair["version"], pair["decisions"]) == (["same_name_and_birth_date"], 0, [])
    assert {pair["first"]["patient_id"], pair["second"]["patient_id"]} == {"T0", "T1"}
    said = {"first": pair["first"]["id"], "second": pair["second"]["id"], "verdict": "different", "reason": "twins"}
    [decided] = api("POST", "same-person/decide", said, match=0)[1]["results"]
    assert (decided["version"], decided["decisions"][0]["verdict"]) == (1, "different")
    assert api("POST", "same-person/decide", said, match=0)[1]["code"] == "decision_moved"
    assert api("POST", "same-person/decide", said)[0] == 428
    assert SamePersonDecision.objects.get().decided_by == admin
