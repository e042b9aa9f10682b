"""Who may be one person stands on one side of every dataset; what cannot be shown to be another's does not test."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from annotations.dataset import apart, withheld
from annotations.dataset.rows import Rows, snapshot_rows
from annotations.dataset.split import SPLITS, patient_key, split_of
from annotations.models import Workitem
from annotations.services.revisions import finding_create
from annotations.services.snapshots import snapshot_freeze
from annotations.services.withdrawals import patient_withdraw, reader_withdraw
from annotations.services.workitems import workitem_claim, workitem_open
from core.errors import Conflict, Invalid
from core.models import Project, User
from imaging.models import Instance, InstanceConflict, NearCopy, Patient, PictureHash, Study
from imaging.one_person import MOST_OF_ONE_NAME
from imaging.services.looks import near_copy_decide
from imaging.services.one_person import same_person_decide
from tests.annotations.test_snapshots import KEY, _full, _patient, _read, _sign
from tests.conftest import ROOT
from tests.factories.reading import image_label, image_of, make_label
from tests.imaging.arriving import arrived

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def split_key(settings: Any) -> None:
    settings.OVERREAD_SPLIT_KEY = KEY


@pytest.fixture
def readers(project: Project, radiologist: User, reviewer: User) -> tuple[Project, User, User]:
    make_label(project)
    return project, radiologist, reviewer


def _signed(readers: tuple[Project, User, User], split: str = "train", **study: Any) -> Workitem:
    project, reader, reviewer = readers
    return _sign(_read(project, reader, image_label(), split=split, **study), reviewer)


def _built(project: Project) -> Rows:
    return snapshot_rows(project=project, question="classification", label_keys=["nodule"])


def _splits(built: Rows) -> dict[str, str]:
    return {row["study_instance_uid"]: row["split"] for row in built.rows}


def _uid(workitem: Workitem) -> str:
    return str(workitem.study.study_instance_uid)


def _own(patient: Patient) -> str:
    return split_of(patient_key(patient))


def test_who_was_joined_over_any_number_of_steps_stands_on_the_strictest_side_of_all(
    readers: tuple[Project, User, User], admin: User
) -> None:
    lots = random.Random(6)
    worked = [_signed(readers, patient=Patient.objects.create(patient_id=f"J{n}")) for n in range(24)]
    people = [workitem.study.patient for workitem in worked]
    pairs = [lots.sample(range(24), 2) for _ in range(14)]
    for one, other in pairs:
        same_person_decide(first=people[one], second=people[other], verdict="one_person", reason="seen", by=admin)
    near = defaultdict(set)
    for one, other in pairs:
        near[one].add(other)
        near[other].add(one)
    expected = {}
    for start in range(24):
        reached, waiting = {start}, [start]
        while waiting:
            fresh = near[waiting.pop()] - reached
            reached |= fresh
            waiting += fresh
        expected[_uid(worked[start])] = max((_own(people[who]) for who in reached), key=SPLITS.index)
    built = _built(readers[0])
    assert _splits(built) == expected
    moved = Counter(f"{_own(people[n])} → {expected[_uid(worked[n])]}" for n in range(24))
    assert built.facts["persons"]["images_in_a_stricter_split"] == {
        step: count for step, count in moved.items() if len(set(step.split(" → "))) > 1
    }
    assert len(set(expected.values())) > 1, "the lots are such that not everybody is joined"


def test_a_later_word_stands_before_an_earlier_one_and_before_what_suggests_it(
    readers: tuple[Project, User, User], admin: User
) -> None:
    teaches, tests = _signed(readers, "train"), _signed(readers, "test")
    Study.objects.update(patient_name="Twin^Tom", patient_birth_date=date(1980, 5, 5))
    one, other = teaches.study.patient, tests.study.patient
    assert _splits(_built(readers[0])) == {_uid(teaches): "test", _uid(tests): "test"}
    same_person_decide(first=other, second=one, verdict="different", reason="twins", by=admin)
    assert _splits(_built(readers[0])) == {_uid(teaches): "train", _uid(tests): "test"}
    same_person_decide(first=one, second=other, verdict="one_person", reason="a clerk's error", by=admin)
    assert _splits(_built(readers[0])) == {_uid(teaches): "test", _uid(tests): "test"}
    right: dict[str, Any] = {"first": one, "second": other, "verdict": "different", "reason": "x", "by": admin}
    for wrong in ({"reason": " "}, {"verdict": "cousins"}, {"second": one}):
        with pytest.raises(Invalid):
            same_person_decide(**(right | wrong))


@pytest.mark.parametrize(
    ("names", "births", "together"),
    [
        (("Olm^Ada", "OLM^ADA^^Dr"), ("1950-01-02", "1950-01-02"), True),
        (("Olm^Ada", "Olm^Ida"), ("1950-01-02", "1950-01-02"), False),
        (("Olm^Ada", "Olm^Ada"), ("1950-01-02", "1950-01-03"), False),
        (("Anonymous", "Anonymous"), ("1950-01-02", "1950-01-02"), False),
        (("", ""), ("1950-01-02", "1950-01-02"), False),
    ],
)
def test_one_name_and_birth_date_under_two_numbers_count_as_one_person(
    names: tuple[str, str], births: tuple[str, str], together: bool, readers: tuple[Project, User, User]
) -> None:
    teaches, tests = _signed(readers, "train"), _signed(readers, "test")
    for workitem, name, born in zip((teaches, tests), names, births, strict=True):
        Study.objects.filter(pk=workitem.study_id).update(patient_name=name, patient_birth_date=born)
    built = _built(readers[0])
    assert _splits(built) == {_uid(teaches): "test" if together else "train", _uid(tests): "test"}
    assert built.facts["persons"]["reasons"] == ({"same_name_and_birth_date": 1} if together else {})


@pytest.mark.parametrize(
    ("names", "births", "sexes", "together"),
    [
        (("Olm^Ada", "OLM^Ada"), (None, "1950-01-02"), ("F", ""), True),
        (("Olm^Ada", "Olm^Ada"), (None, None), ("F", "F"), True),
        (("Olm^Ada", "Olm^Ada"), (None, None), ("F", "M"), False),
        (("Olm^Ada", "Olm^Ida"), (None, None), ("F", "F"), False),
        (("Anonymous", "Anonymous"), (None, None), ("F", "F"), False),
    ],
)
def test_one_name_under_two_numbers_counts_as_one_person_where_a_birth_date_is_not_known(
    names: tuple[str, str], births: Any, sexes: tuple[str, str], together: bool, readers: tuple[Project, User, User]
) -> None:
    teaches, tests = _signed(readers, "train"), _signed(readers, "test")
    for workitem, name, born, sex in zip((teaches, tests), names, births, sexes, strict=True):
        rows = Study.objects.filter(pk=workitem.study_id)
        rows.update(patient_name=name, patient_birth_date=born, patient_sex=sex)
    built = _built(readers[0])
    assert _splits(built) == {_uid(teaches): "test" if together else "train", _uid(tests): "test"}
    assert built.facts["persons"]["reasons"] == ({"same_name_no_birth_date": 1} if together else {})


def test_a_name_that_a_whole_site_gives_to_everybody_joins_nobody(readers: tuple[Project, User, User]) -> None:
    teaches, tests = _signed(readers, "train"), _signed(readers, "test")
    for number in range(MOST_OF_ONE_NAME - 1):
        patient = Patient.objects.create(patient_id=f"EVERYBODY-{number}")
        Study.objects.create(study_instance_uid=f"2.25.9000{number}", patient=patient)
    Study.objects.update(patient_name="Research^Subject", patient_birth_date=None)
    assert _splits(_built(readers[0])) == {_uid(teaches): "train", _uid(tests): "test"}
    Study.objects.filter(patient__patient_id="EVERYBODY-0").update(patient_name="Olm^Ada")
    assert _splits(_built(readers[0])) == {_uid(teaches): "test", _uid(tests): "test"}


@pytest.mark.parametrize(("born", "together"), [(None, True), (date(1931, 1, 1), False)])
def test_one_patient_id_of_two_issuers_counts_as_one_person_unless_they_are_shown_to_be_two(
    born: date | None, together: bool, readers: tuple[Project, User, User]
) -> None:
    teaches, tests = _signed(readers, "train"), _signed(readers, "test")
    number = 0
    while _own(Patient(patient_id=teaches.study.patient.patient_id, issuer_of_patient_id=f"H{number}")) != "test":
        number += 1
    Patient.objects.filter(pk=tests.study.patient_id).update(
        patient_id=teaches.study.patient.patient_id, issuer_of_patient_id=f"H{number}"
    )
    Study.objects.filter(pk=tests.study_id).update(patient_birth_date=born)
    assert _splits(_built(readers[0]))[_uid(teaches)] == ("test" if together else "train")


def test_one_picture_under_two_numbers_joins_the_persons_but_a_plain_one_joins_nobody(
    readers: tuple[Project, User, User],
) -> None:
    teaches, tests = _signed(readers, "train", images=2), _signed(readers, "test", images=2)
    images = [image_of(workitem) for workitem in (teaches, tests)]
    Instance.objects.filter(pk__in=[image.pk for image in images]).update(decoded_digest="d" * 64)
    built = _built(readers[0])
    assert Counter(_splits(built).values()) == {"test": 2}
    assert {row["sop_instance_uid"] for row in built.rows} == set(
        Instance.objects.exclude(pk=images[0].pk).values_list("sop_instance_uid", flat=True)
    ), "of the picture the copy that was in training is left out; the patient's other picture tests now"
    assert built.left_out["copies_in_a_stricter_split"] == 1
    assert built.facts["copies"] == {"pictures": 1, "images": 2, "patients": 2, "left_out": 1}
    for image in images:
        PictureHash.objects.create(instance=image, blob_digest=image.blob_digest, code="plain", revision=1)
    assert _splits(_built(readers[0])) == {_uid(teaches): "train", _uid(tests): "test"}


def test_pictures_that_came_raw_and_compressed_under_two_numbers_are_taught_once(
    readers: tuple[Project, User, User], real_images: Path
) -> None:
    project, reader, reviewer = readers
    files = sorted((real_images / "field" / "same-picture-twice").glob("*.dcm"))
    for path in files:
        [verdict] = arrived(path.read_bytes(), project, reader)
        assert verdict.instance is not None, verdict.message
        workitem = workitem_open(project=project, study=verdict.instance.series.study)
        workitem = workitem_claim(workitem=workitem, by=reader, version=workitem.version)
        finding_create(workitem=workitem, author=reader, content=image_label())
        _sign(workitem, reviewer)
    built = _built(project)
    digests = dict(Instance.objects.values_list("sop_instance_uid", "decoded_digest"))
    taught = defaultdict(set)
    for row in built.rows:
        taught[digests[row["sop_instance_uid"]]].add(row["split"])
    assert len(taught) == len(set(digests.values())) == len(files) // 2
    assert all(len(splits) == 1 for splits in taught.values())
    own = defaultdict(set)
    for image in Instance.objects.select_related("series__study__patient"):
        own[image.decoded_digest].add(_own(image.series.study.patient))
    assert taught == {digest: {max(splits, key=SPLITS.index)} for digest, splits in own.items()}
    assert built.facts["copies"]["pictures"] == len(files) // 2
    assert built.facts["persons"]["persons_with_several_numbers"] == len(files) // 2


def test_what_has_no_patient_id_never_tests_and_what_could_be_anybodys_teaches_nothing(
    readers: tuple[Project, User, User],
) -> None:
    def nameless(split: str) -> Patient:
        number = Patient.objects.count() * 1000
        while _own(Patient(unidentified=f"none-{number}")) != split:
            number += 1
        return Patient.objects.create(unidentified=f"none-{number}")

    known = {split: _signed(readers, patient=nameless(split)) for split in ("train", "test")}
    nobody = {split: _signed(readers, patient=nameless(split)) for split in ("train", "test")}
    for workitem in nobody.values():
        Study.objects.filter(pk=workitem.study_id).update(patient_name="", patient_birth_date=None)
    built = _built(readers[0])
    assert _splits(built) == {_uid(known["train"]): "train"}
    assert (built.left_out["no_patient_id_in_test"], built.left_out["nobody_known"]) == (1, 2)


def test_an_image_of_which_two_versions_came_does_not_test_before_somebody_decides(
    readers: tuple[Project, User, User],
) -> None:
    tests = _signed(readers, "test")
    image = image_of(tests)
    InstanceConflict.objects.create(
        instance=image, first_digest=image.blob_digest, first_header_digest=image.header_digest,
        refused_digest="f" * 64, byte_size=1, source="stow",
    )  # fmt: skip
    built = _built(readers[0])
    assert (built.rows, built.left_out["version_undecided_in_test"]) == ([], 1)


def test_near_copies_across_the_border_of_the_test_wait_for_a_person(
    readers: tuple[Project, User, User], admin: User
) -> None:
    teaches, tests = _signed(readers, "train"), _signed(readers, "test")
    first, second = image_of(teaches), image_of(tests)
    near = NearCopy.objects.create(first=first, second=second, distance=20)
    built = _built(readers[0])
    assert (_splits(built), built.left_out["near_copy_not_judged"]) == ({_uid(teaches): "train"}, 1)

    def say(verdict: str) -> Rows:
        seen = (first.blob_digest, second.blob_digest)
        near_copy_decide(near_copy=near, verdict=verdict, seen=seen, remark="", by=admin)
        return _built(readers[0])

    assert _splits(say("different")) == {_uid(teaches): "train", _uid(tests): "test"}
    built = say("one_picture")
    assert _splits(built) == {_uid(tests): "test"}
    assert built.left_out["copies_in_a_stricter_split"] == 1
    assert built.facts["near_copies"]["one_picture"] == 1
    Instance.objects.filter(pk=second.pk).update(blob_digest="a" * 64)
    assert _splits(_built(readers[0])) == {_uid(teaches): "train"}, "another picture is shown now: look again"


def test_who_was_joined_after_they_had_taught_does_not_test_a_model_that_knows_them(
    readers: tuple[Project, User, User], admin: User
) -> None:
    project = readers[0]
    _full(*readers)
    teaches, tests = _signed(readers, "train"), _signed(readers, "test")
    frozen = {"project": project, "question": "classification", "label_keys": ["nodule"], "by": admin}
    old = snapshot_freeze(name="old", **frozen)
    same_person_decide(
        first=teaches.study.patient, second=tests.study.patient, verdict="one_person", reason="seen", by=admin
    )
    built = _built(project)
    assert {_uid(teaches), _uid(tests)}.isdisjoint(_splits(built))
    assert built.left_out["learned_from_before"] == 2
    assert snapshot_freeze(name="new", **frozen) != old


def test_who_was_withdrawn_teaches_no_more_and_may_teach_again(
    readers: tuple[Project, User, User], admin: User, make_user: Any
) -> None:
    project, _, reviewer = readers
    mine, twin = _signed(readers), _signed(readers)
    same_person_decide(first=mine.study.patient, second=twin.study.patient, verdict="one_person", reason="x", by=admin)
    other_reader = make_user("ben", "radiologist", project)
    others = _sign(_read(project, other_reader, image_label()), reviewer)
    patient_withdraw(patient=mine.study.patient, withdrawn=True, reason="asked for it", by=admin)
    built = _built(project)
    assert _splits(built).keys() == {_uid(others)}, "a patient is withdrawn under all their numbers"
    assert built.left_out["patient_withdrawn"] == 2
    with pytest.raises(Conflict):
        patient_withdraw(patient=mine.study.patient, withdrawn=True, reason="again", by=admin)
    reader_withdraw(reader=other_reader, withdrawn=True, reason="mixed two labels up", by=admin)
    built = _built(project)
    assert (built.rows, built.left_out["reader_withdrawn"]) == ([], 1)
    patient_withdraw(patient=mine.study.patient, withdrawn=False, reason="asked for it", by=admin)
    assert _splits(_built(project)).keys() == {_uid(mine), _uid(twin)}
    study, elsewhere = mine.study, _patient("validation")
    patient_withdraw(patient=study.patient, withdrawn=True, reason="asked for it", by=admin)
    Study.objects.filter(pk=study.pk).update(patient=elsewhere)
    assert _uid(mine) not in _splits(_built(project)), "a study that is filed elsewhere later stays withdrawn"
    patient_withdraw(patient=elsewhere, withdrawn=False, reason="asked for it", by=admin)
    assert _uid(mine) in _splits(_built(project)), "and teaches again by a word about the number it has now"
    reader_withdraw(reader=reviewer, withdrawn=True, reason="signed without looking", by=admin)
    assert _built(project).rows == []


def test_every_reason_for_leaving_something_out_has_words_on_the_page() -> None:
    codes = set(re.findall(r'leave_out\(\s*"(\w+)"', Path(apart.__file__).read_text()))
    codes |= set(re.findall(r'"(\w+_withdrawn)"', Path(withheld.__file__).read_text()))
    assert {"nobody_known", "learned_from_before", "near_copy_not_judged", "patient_withdrawn"} <= codes
    page = "".join(path.read_text() for path in (ROOT / "frontend/src/pages/datasets").glob("*.ts*"))
    assert [code for code in codes if f"{code}:" not in page] == []
