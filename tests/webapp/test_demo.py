"""The demo: people, images and readings made through the real services; making it twice is once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.django_db


@pytest.fixture
def few_cases(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the demo with a tenth of its cases."""
    from webapp.demo import cases

    monkeypatch.setattr(cases, "TAUGHT", {"train": 30, "validation": 6, "test": 8})
    monkeypatch.setattr(cases, "OPEN", 2)
    monkeypatch.setattr(cases, "WAITING", 2)
    cases.all_cases.cache_clear()
    yield
    cases.all_cases.cache_clear()


def test_three_in_ten_of_what_teaches_is_wrong_and_what_tests_is_right() -> None:
    from webapp.demo.cases import HASTY, WRONG_SHARE, all_cases

    taught = [case for case in all_cases() if case.use == "taught"]
    training = [case for case in taught if case.split == "train"]
    wrong = [case for case in training if case.is_wrong]
    assert abs(len(wrong) / len(training) - WRONG_SHARE) < 0.01
    assert all(case.reader == HASTY for case in wrong)
    assert not any(case.is_wrong for case in taught if case.split == "test")
    assert not any(case.is_wrong for case in all_cases() if case.use != "taught")
    assert {case.split for case in all_cases() if case.patient_id == taught[0].patient_id} == {taught[0].split}


def test_what_a_picture_shows_is_the_same_however_patients_are_split(settings: object) -> None:
    from webapp.demo.cases import all_cases, visit_shown

    planted: list[dict[str, tuple[str, ...]]] = []
    for key in ("one key", "another key"):
        settings.OVERREAD_SPLIT_KEY = key  # type: ignore[attr-defined]
        all_cases.cache_clear()
        planted.append({case.study_instance_uid: case.lesions for case in all_cases()})
        for case in all_cases()[::50]:
            shown = visit_shown(patient_id=case.patient_id, study_instance_uid=case.study_instance_uid)
            assert (shown.lesions, shown.name) == (case.lesions, case.name)
    all_cases.cache_clear()
    both = planted[0].keys() & planted[1].keys()
    assert len(both) > 200
    assert planted[0].keys() != planted[1].keys()
    assert all(planted[0][uid] == planted[1][uid] for uid in both)


def test_sample_images_are_renamed_stored_and_shown(own_data_folder: object) -> None:
    from imaging.models import Instance, Study, UploadVerdict
    from webapp.demo.people import people_install
    from webapp.demo.projects import REAL, projects_install
    from webapp.demo.real_images import LEFT_OUT, SAMPLES, sample_files
    from webapp.demo.store import files_store

    assert not any(sample.path.endswith(tuple(LEFT_OUT)) for sample in SAMPLES)
    people = people_install()
    project = projects_install(people)[REAL]
    small = [(name, content) for name, content in sample_files() if len(content) < 3_000_000]
    for _ in range(2):
        files_store(project=project, by=people["demo-admin"], files=iter(small), stored=lambda _: None)
    assert Instance.objects.count() == len(small)
    assert not Instance.objects.filter(display__in=["undecodable", "no_pixels"]).exists()
    assert all(study.patient_name.startswith("SAMPLE^") for study in Study.objects.all())
    outcomes = UploadVerdict.objects.values_list("outcome", flat=True)
    assert sorted(outcomes) == ["already_stored"] * len(small) + ["stored"] * len(small)


def test_the_readings_are_signed_off_work_that_a_dataset_can_be_frozen_from(
    few_cases: None, own_data_folder: object
) -> None:
    from annotations.models import Finding, Workitem
    from annotations.services.snapshots import snapshot_preview
    from webapp.demo import install
    from webapp.demo.cases import all_cases
    from webapp.demo.people import people_install
    from webapp.demo.projects import SYNTHETIC, TAUGHT_LABEL, projects_install

    people = people_install()
    project = projects_install(people)[SYNTHETIC]
    progress = install.Progress(lambda _: None)
    for _ in range(2):
        install._cases(project, "taught", people, progress, title="taught", sign_off=True)
        install._cases(project, "waiting", people, progress, title="waiting")
        install._cases(project, "open", people, progress, title="open", read=False)
    states = sorted(Workitem.objects.values_list("state", flat=True))
    assert states == ["accepted"] * 44 + ["open"] * 2 + ["submitted"] * 2
    labels = Finding.objects.filter(kind="image_label").count()
    assert labels == 46
    drawn = [case for case in all_cases() if case.use == "waiting" or (case.use == "taught" and case.split == "test")]
    boxes = Finding.objects.filter(kind="rectangle", head__label__key=TAUGHT_LABEL).count()
    assert boxes == sum(case.truth for case in drawn)
    counts = snapshot_preview(project=project, question="classification", label_keys=[TAUGHT_LABEL])["counts"]
    assert counts["cases"] == 44
    said = sum(case.said for case in all_cases() if case.use == "taught")
    assert counts["labels"][TAUGHT_LABEL]["positive"] == said


def test_demo_people_are_not_made_in_production(settings: object) -> None:
    settings.PRODUCTION = True  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="published"):
        call_command("demo")


def test_a_demo_of_another_edition_is_left_as_it_is_and_not_read_again_by_todays_truth(
    own_data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from core.models import Project
    from webapp.demo.install import EDITION, marker

    marker().write_text(json.dumps({"edition": EDITION - 1}))
    call_command("demo")
    assert "served as it is" in capsys.readouterr().out
    assert not Project.objects.exists()
    with pytest.raises(CommandError, match="another version"):
        call_command("demo", "--second-reading")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_correcting_the_second_reader_and_retraining_raises_the_auc(own_data_folder: object, settings: object) -> None:
    """The promise of the demo: hasty labels, a weak model, ten corrections, a better model that passes the gate."""
    from annotations.models import Workitem
    from annotations.services.snapshots import snapshot_freeze
    from core.jobs import run_waiting_jobs
    from core.models import User
    from inference.models import EvaluationReport, ModelFamily
    from inference.services.training import training_request
    from webapp.demo.install import EDITION, SPLIT_KEY, edition_here
    from webapp.demo.projects import TAUGHT_LABEL

    # Set here, so that what the command sets is undone after the test.
    settings.OVERREAD_SPLIT_KEY = SPLIT_KEY  # type: ignore[attr-defined]
    call_command("demo")
    assert edition_here() == EDITION
    before = Workitem.objects.count()
    call_command("demo")
    assert Workitem.objects.count() == before
    call_command("demo", "--second-reading", "10")
    admin = User.objects.get(username="demo-admin")
    family = ModelFamily.objects.get()
    snapshot = snapshot_freeze(
        project=family.project, name="corrected", question="classification", label_keys=[TAUGHT_LABEL], by=admin
    )
    training_request(family=family, snapshot=snapshot, chosen={}, reason="corrected", requested_by=admin)
    run_waiting_jobs()
    report = EvaluationReport.objects.get(version__number=2)
    gain = next(one for one in report.gate["criteria"] if one["id"] == "non_inferior")["value"]
    assert report.gate["passed"] is True, report.gate["sentence"]
    assert gain >= 0.05
