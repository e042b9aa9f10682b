"""Datasets: only signed-off work, patients never straddle splits, statements weigh what they are worth."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from annotations.dataset.groups import age_band
from annotations.dataset.rows import snapshot_rows
from annotations.dataset.split import patient_key, split_of
from annotations.models import DatasetSnapshot, Finding, ReadingProtocol, Workitem
from annotations.selectors import snapshot_cases
from annotations.services.reviews import review_record
from annotations.services.revisions import Proposal, finding_create, proposals_record
from annotations.services.sign_off import workitem_decide
from annotations.services.snapshots import snapshot_freeze, snapshot_preview
from annotations.services.workitems import workitem_claim, workitem_open, workitem_submit
from core import blobs
from core.errors import Conflict, Invalid
from core.models import Project, User
from imaging.models import Instance, Patient, Series
from tests.factories import dicom_files
from tests.factories.reading import (
    FRAME_OF_REFERENCE,
    box,
    drawn,
    image_label,
    image_of,
    make_instance,
    make_label,
    make_workitem,
    painted,
)
from tests.imaging.arriving import arrived

KEY = "split-key-of-the-tests"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def split_key(settings: Any) -> None:
    settings.OVERREAD_SPLIT_KEY = KEY


def _patient(split: str) -> Patient:
    """Make a patient whom the site's key puts into ``split``."""
    number = Patient.objects.count() * 1000
    while split_of(patient_key(Patient(patient_id=f"S{number}"))) != split:
        number += 1
    return Patient.objects.create(patient_id=f"S{number}")


def _read(project: Project, reader: User, *contents: Any, split: str = "train", **study: Any) -> Workitem:
    patient = study.pop("patient", None) or _patient(split)
    workitem = make_workitem(project, reader, patient=patient, **{"patient_name": "Split^Patient", **study})
    for content in contents:
        finding_create(workitem=workitem, author=reader, content=content(workitem) if callable(content) else content)
    return workitem


def _sign(workitem: Workitem, reviewer: User, event: str = "accept") -> Workitem:
    reader = workitem.reader
    assert reader is not None
    workitem = Workitem.objects.get(pk=workitem.pk)
    if workitem.state == "claimed":
        workitem = workitem_submit(workitem=workitem, by=reader, version=workitem.version, nothing_found=True)
    return workitem_decide(workitem=workitem, by=reviewer, version=workitem.version, event=event)


def _full(project: Project, reader: User, reviewer: User) -> None:
    for split in ("train", "validation", "test"):
        for present in (True, False):
            _sign(_read(project, reader, image_label(present=present), split=split), reviewer)


def _rows(
    project: Project, question: str = "classification", keys: tuple[str, ...] = ("nodule",)
) -> list[dict[str, Any]]:
    return snapshot_rows(project=project, question=question, label_keys=list(keys)).rows


def _proposed(workitem: Workitem, content: dict[str, Any], key: str = "p") -> Finding:
    proposal = Proposal(content["kind"], content["label_key"], content, 0.9, "chest", "1", key, threshold=0.5)
    return proposals_record(workitem=workitem, proposals=[proposal])[0]


def _submitted(workitem: Workitem) -> Workitem:
    assert workitem.reader is not None
    return workitem_submit(workitem=workitem, by=workitem.reader, version=workitem.version, nothing_found=True)


def _judge(finding: Finding, reviewer: User, decision: str, **more: Any) -> None:
    finding = Finding.objects.select_related("head").get(pk=finding.pk)
    review_record(finding=finding, reviewer=reviewer, decision=decision, if_match=finding.head.digest, **more)


@given(st.lists(st.text("abcXYZ0189-_ ", min_size=1, max_size=12), min_size=1, max_size=40, unique=True))
def test_a_patient_keeps_the_split_as_data_grow(names: list[str]) -> None:
    def splits(known: list[str]) -> dict[str, str]:
        return {name: split_of(patient_key(Patient(patient_id=name))) for name in known}

    whole = splits(names)
    for cut in range(len(names)):
        assert splits(names[:cut]).items() <= whole.items()
    assert len({patient_key(Patient(patient_id=name)) for name in names}) == len(names)


def test_splits_are_seventy_fifteen_fifteen_and_depend_on_the_sites_key() -> None:
    patients = [Patient(patient_id=str(number)) for number in range(4000)]
    share = defaultdict(int)
    for patient in patients:
        share[split_of(patient_key(patient))] += 1 / len(patients)
    assert share["train"] == pytest.approx(0.70, abs=0.03)
    assert share["test"] == pytest.approx(0.15, abs=0.03)
    here = [split_of(patient_key(patient)) for patient in patients[:50]]
    with override_settings(OVERREAD_SPLIT_KEY="another"):
        assert [split_of(patient_key(patient)) for patient in patients[:50]] != here


def test_all_studies_of_a_patient_lie_in_one_split(project: Project, radiologist: User, reviewer: User) -> None:
    make_label(project)
    patients = [_patient(split) for split in ("train", "validation", "test")]
    for _ in range(3):
        for patient in patients:
            _sign(_read(project, radiologist, image_label(), patient=patient, images=2), reviewer)
    found: dict[str, set[str]] = defaultdict(set)
    for row in _rows(project):
        found[row["patient_key"]].add(row["split"])
    assert sorted(map(sorted, found.values())) == [["test"], ["train"], ["validation"]]
    assert "Split^Patient" not in json.dumps(_rows(project))


def test_only_signed_off_work_counts(project: Project, radiologist: User, reviewer: User) -> None:
    make_label(project)
    workitem = _read(project, radiologist, image_label())
    assert _rows(project) == []
    submitted = _submitted(workitem)
    assert _rows(project) == []
    _sign(submitted, reviewer)
    row = _rows(project)[0]
    assert row["labels"] == {"nodule": 1}
    assert (row["provenance"], row["weight"]) == ("blind_read", 1.0)
    assert row["groups"] == {"sex": "F", "age_band": "40-59", "view": "PA", "scanner": "Acme"}


def test_freezing_the_same_twice_gives_the_same_row_and_new_work_another(
    project: Project, radiologist: User, reviewer: User, admin: User
) -> None:
    make_label(project)
    _full(project, radiologist, reviewer)

    def freeze(name: str) -> DatasetSnapshot:
        return snapshot_freeze(project=project, name=name, question="classification", label_keys=["nodule"], by=admin)

    first = freeze("one")
    assert freeze("two") == first
    assert DatasetSnapshot.objects.count() == 1
    assert first.counts["splits"]["test"]["labels"]["nodule"] == {
        "positive": 1, "negative": 1, "unknown": 0, "share_positive": 0.5,
        "positive_patients": 1, "negative_patients": 1,
    }  # fmt: skip
    manifest = blobs.get(first.manifest_digest)
    _sign(_read(project, radiologist, image_label()), reviewer)
    third = freeze("three")
    assert third != first
    assert blobs.get(first.manifest_digest) == manifest
    cases = snapshot_cases(third)
    assert len(cases) == 7
    assert [case.patient_key for case in cases] == sorted(case.patient_key for case in cases)


def test_an_incomplete_dataset_is_refused_with_sentences(project: Project, radiologist: User, reviewer: User) -> None:
    make_label(project)
    _sign(_read(project, radiologist, image_label()), reviewer)
    preview = snapshot_preview(project=project, question="classification", label_keys=["nodule"])
    assert not preview["ready"]
    assert preview["missing"] == [
        "The train split has no case with 'nodule' absent.",
        "The validation split has no case: sign off studies of more patients.",
        "The test split has no case: sign off studies of more patients.",
    ]
    with pytest.raises(Invalid) as refused:
        snapshot_freeze(project=project, name="x", question="classification", label_keys=["nodule"], by=None)
    assert (refused.value.code, refused.value.detail["missing"]) == ("snapshot_incomplete", preview["missing"])
    with pytest.raises(Invalid):
        snapshot_preview(project=project, question="classification", label_keys=["ghost"])


def test_a_models_finding_counts_for_what_the_reviewer_said_of_it(
    project: Project, radiologist: User, reviewer: User
) -> None:
    make_label(project)
    make_label(project, "mass")
    expected: dict[str, tuple[int | None, str, int]] = {}
    for decision, reason, state in (
        ("accepted", "", (1, "ai_accepted", 1)),
        ("rejected", "not_present", (0, "ai_rejected", 2)),
        ("rejected", "right_for_wrong_reason", (1, "ai_accepted", 1)),
    ):
        workitem = _read(project, radiologist)
        finding = _proposed(workitem, image_label())
        workitem = _submitted(workitem)
        _judge(finding, reviewer, decision, reason=reason)
        _sign(workitem, reviewer)
        expected[workitem.study.study_instance_uid] = state
    poor = _read(project, radiologist)
    finding = _proposed(poor, image_label())
    poor = _submitted(poor)
    _judge(finding, reviewer, "rejected", reason="poor_image")
    _sign(poor, reviewer)
    renamed = _read(project, radiologist)
    finding = _proposed(renamed, image_label())
    renamed = _submitted(renamed)
    _judge(finding, reviewer, "corrected", corrected_content=image_label("mass"))
    _sign(renamed, reviewer)
    rows = {row["study_instance_uid"]: row for row in _rows(project, keys=("nodule", "mass"))}
    for uid, (state, provenance, sampling) in expected.items():
        assert rows[uid]["labels"]["nodule"] == state
        assert (rows[uid]["provenance"], rows[uid]["sampling"]) == (provenance, sampling)
    assert poor.study.study_instance_uid not in rows, "an image nobody could judge teaches nothing"
    assert rows[renamed.study.study_instance_uid]["labels"] == {"nodule": 0, "mass": 1}


def test_the_reviewers_decision_comes_after_the_readers_word(
    project: Project, radiologist: User, reviewer: User
) -> None:
    make_label(project)
    workitem = _read(project, radiologist, image_label(present=False))
    finding = _proposed(workitem, image_label())
    workitem = _submitted(workitem)
    _judge(finding, reviewer, "accepted")
    with pytest.raises(Conflict, match="disagree on nodule"):
        _sign(workitem, reviewer)
    answer = Finding.objects.get(workitem=workitem, author=radiologist)
    _judge(answer, reviewer, "corrected", corrected_content=image_label())
    _sign(workitem, reviewer, "correct")
    assert _rows(project)[0]["labels"] == {"nodule": 1}


def test_a_nod_adds_nothing_to_a_blind_read_and_a_finding_the_model_missed_is_drawn_often(
    project: Project, radiologist: User, reviewer: User
) -> None:
    make_label(project)
    make_label(project, "mass")
    both = _read(project, radiologist, image_label())
    finding = _proposed(both, image_label())
    both = _submitted(both)
    _judge(finding, reviewer, "accepted")
    _sign(both, reviewer)
    missed = _read(project, radiologist, image_label("mass"))
    proposals_record(workitem=missed, proposals=[], ai_score=0.1, looked_for=["mass"])
    _sign(missed, reviewer)
    not_asked = _read(project, radiologist, image_label("mass"))
    proposals_record(workitem=not_asked, proposals=[], ai_score=0.1, looked_for=["nodule"])
    _sign(not_asked, reviewer)
    rows = {row["study_instance_uid"]: row for row in _rows(project, keys=("nodule", "mass"))}
    agreed, added = rows[both.study.study_instance_uid], rows[missed.study.study_instance_uid]
    assert (agreed["labels"]["nodule"], agreed["provenance"], agreed["weight"]) == (1, "blind_read", 1.0)
    assert (added["provenance"], added["sampling"], added["label_weights"]) == ("human_added", 3, {"mass": 1.0})
    assert added["label_sampling"] == {"mass": 3}
    # A model that does not know the label cannot have missed it.
    assert rows[not_asked.study.study_instance_uid]["label_provenance"] == {"mass": "blind_read"}


def test_an_accepted_region_says_present_and_a_rejected_one_only_where_nothing_is(
    project: Project, radiologist: User, reviewer: User
) -> None:
    make_label(project)
    workitem = _read(project, radiologist, box, images=2)
    finding = _proposed(workitem, box(workitem, x0=30, x1=40))
    workitem = _submitted(workitem)
    _judge(finding, reviewer, "rejected", reason="not_present")
    _sign(workitem, reviewer)
    rows = _rows(project)
    assert [row["sop_instance_uid"] for row in rows] == [image_of(workitem).sop_instance_uid]
    assert rows[0]["labels"] == {"nodule": 1}
    assert [region["points_px"][0] for region in rows[0]["regions"]] == [[5.0, 5.0]]
    (place,) = rows[0]["rejected_regions"]
    assert place["points_px"][0] == [30.0, 5.0]
    assert (place["provenance"], place["weight"], place["sampling"]) == ("ai_rejected", 1.0, 2)


def test_regions_drawn_in_patient_space_arrive_in_pixels(project: Project, radiologist: User, reviewer: User) -> None:
    make_label(project)
    workitem = _read(project, radiologist, spacing_mm=(0.5, 0.25), patient_space=True)
    content = drawn(workitem, "rectangle", [[-9, -18, 30], [-8, -18, 30], [-8, -17, 30], [-9, -17, 30]])
    content["geometry"].update(space="patient", frame_of_reference_uid=FRAME_OF_REFERENCE)
    finding_create(workitem=workitem, author=radiologist, content=content)
    _sign(workitem, reviewer)
    assert _rows(project)[0]["regions"][0]["points_px"] == [[4, 4], [8, 4], [8, 6], [4, 6]]


def test_volumes_and_cine_are_not_taken_for_flat_images(project: Project, radiologist: User, reviewer: User) -> None:
    make_label(project)
    _sign(_read(project, radiologist, image_label(), images=3), reviewer)
    Series.objects.update(geometry={"kind": "volume"})
    assert _rows(project) == []


@pytest.mark.parametrize("question", ["classification", "segmentation"])
def test_a_localizer_teaches_nothing_and_is_counted_among_what_was_left_out(
    question: str, project: Project, radiologist: User, reviewer: User
) -> None:
    make_label(project)
    workitem = _sign(_read(project, radiologist, image_label(present=False), images=3), reviewer)
    scout, *others = Instance.objects.filter(series__study=workitem.study).order_by("sop_instance_uid")
    Series.objects.update(geometry={"kind": "stack", "localizers": [scout.sop_instance_uid]})
    built = snapshot_rows(project=project, question=question, label_keys=["nodule"])
    assert {row["sop_instance_uid"] for row in built.rows} == {one.sop_instance_uid for one in others}
    assert built.left_out["localizers"] == 1


def test_a_painted_series_gives_every_frame_and_its_own_runs(
    project: Project, radiologist: User, reviewer: User
) -> None:
    make_label(project)
    workitem = _read(project, radiologist, lambda w: painted(w, [7, 3]), images=3)
    _sign(workitem, reviewer)
    _sign(_read(project, radiologist, image_label(present=False)), reviewer)
    rows = _rows(project, "segmentation")
    assert sorted(row["labels"]["nodule"] for row in rows) == [0, 0, 0, 1]
    [region] = [region for row in rows for region in row["regions"]]
    assert region["mask"] == {"rows": 40, "columns": 50, "runs": [7, 3]}


def test_the_test_split_takes_nothing_a_reader_could_have_copied(
    project: Project, radiologist: User, reviewer: User
) -> None:
    make_label(project)
    ReadingProtocol.objects.update_or_create(project=project, defaults={"reveal": "always", "required_labels": []})
    for split in ("train", "test"):
        workitem = _read(project, radiologist, split=split)
        finding = _proposed(workitem, image_label())
        workitem = _submitted(workitem)
        _judge(finding, reviewer, "accepted")
        _sign(workitem, reviewer)
    built = snapshot_rows(project=project, question="classification", label_keys=["nodule"])
    assert [row["split"] for row in built.rows] == ["train"]
    assert built.left_out["test_nodded_at"] == 1


def test_one_image_under_two_patients_stays_on_the_stricter_side(
    project: Project, radiologist: User, reviewer: User
) -> None:
    make_label(project)
    for split in ("train", "test"):
        _sign(_read(project, radiologist, image_label(), split=split), reviewer)
    Instance.objects.update(pixel_digest="e" * 64)
    built = snapshot_rows(project=project, question="classification", label_keys=["nodule"])
    assert [row["split"] for row in built.rows] == ["test"]
    assert built.left_out["copies_in_a_stricter_split"] == 1


def _file_of(split: str, *, compressed: bool) -> bytes:
    """Make the same radiograph for a patient of a split, as it is or compressed."""
    number = 0
    while split_of(patient_key(Patient(patient_id=f"F{number}"))) != split:
        number += 1
    dataset = dicom_files.dx_image(f"copy of {split}")
    dataset.PatientID = f"F{number}"
    return dicom_files.file_bytes(dicom_files.rle(dataset) if compressed else dataset)


@pytest.mark.parametrize("compressed", ["train", "test"])
def test_one_picture_raw_and_compressed_under_two_patients_stays_on_the_stricter_side(
    compressed: str, project: Project, radiologist: User, reviewer: User
) -> None:
    make_label(project)
    ReadingProtocol.objects.update_or_create(project=project, defaults={"required_labels": []})
    for split in ("train", "test"):
        [verdict] = arrived(_file_of(split, compressed=split == compressed), project, radiologist)
        assert verdict.instance is not None
        image = Instance.objects.get(pk=verdict.instance.pk)
        workitem = workitem_open(project=project, study=image.series.study)
        workitem = workitem_claim(workitem=workitem, by=radiologist, version=workitem.version)
        finding_create(workitem=workitem, author=radiologist, content=image_label())
        _sign(workitem, reviewer)
    assert len(set(Instance.objects.values_list("pixel_digest", flat=True))) == 2
    built = snapshot_rows(project=project, question="classification", label_keys=["nodule"])
    assert [row["split"] for row in built.rows] == ["test"]
    assert built.left_out["copies_in_a_stricter_split"] == 1


@pytest.mark.parametrize(
    ("age", "band"),
    [("017Y", "0-17"), ("018Y", "18-39"), ("080Y", "80+"), ("011M", "0-17"), ("", "40-59"), ("xx", "40-59")],
)
def test_age_bands_come_from_age_or_birth_date(age: str, band: str) -> None:
    assert age_band(age, date(1980, 1, 1), date(2026, 1, 1)) == band
    assert age_band("", None, date(2026, 1, 1)) == "unknown"


def test_a_study_with_an_unshown_image_gives_rows_for_the_shown_ones(
    project: Project, radiologist: User, reviewer: User
) -> None:
    make_label(project)
    workitem = _read(project, radiologist, image_label())
    hidden = make_instance(workitem.study.series.get())
    Instance.objects.filter(pk=hidden.pk).update(display="undecodable")
    _sign(workitem, reviewer)
    assert len(_rows(project)) == 1
