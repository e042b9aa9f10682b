"""Who is who: each study shows its own patient module; a Patient ID given to two persons is never merged silently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from annotations.dataset.split import patient_key
from core.errors import Invalid
from core.models import Project
from imaging.clashes import identity_group
from imaging.dicom.identity import Statement
from imaging.models import IdentityDecision, Patient, Study
from imaging.services.identity import identity_decide, statement_of
from tests.factories import dicom_files as made
from tests.imaging.arriving import arrived, told

if TYPE_CHECKING:
    from core.models import User

pytestmark = pytest.mark.django_db


def _file(name: str, number: int = 1, **stated: Any) -> bytes:
    dataset = made.ct_slice(name, number)
    dataset.PatientID = stated.pop("PatientID", "SHARED")
    for keyword, value in stated.items():
        setattr(dataset, keyword, value)
    return made.file_bytes(dataset)


ANNA = {"PatientName": "Alder^Anna", "PatientBirthDate": "19500101", "PatientSex": "F"}
BERTIL = {"PatientName": "Birch^Bertil", "PatientBirthDate": "20100101", "PatientSex": "M"}


def _study(name: str) -> Study:
    return Study.objects.select_related("patient").get(study_instance_uid=made.file_uid(name, "study"))


def _names(client: Client, **query: str) -> dict[str, str]:
    rows = client.get("/dicomweb/studies", query).json()
    return {row["0020000D"]["Value"][0]: row["00100010"]["Value"][0]["Alphabetic"] for row in rows}


def test_two_studies_with_one_patient_id_keep_their_own_names_and_the_clash_is_told(
    project: Project, radiologist: User
) -> None:
    assert told(arrived(_file("one", **ANNA), project, radiologist)) == [("stored", "")]
    [verdict] = arrived(_file("two", **BERTIL), project, radiologist)
    assert (verdict.outcome, verdict.code) == ("stored", "identity_clash")
    assert "name" in verdict.message
    assert "birth date" in verdict.message
    assert "Alder" not in verdict.message
    client = Client()
    client.force_login(radiologist)
    one, two = _study("one"), _study("two")
    assert _names(client, PatientID="SHARED") == {
        one.study_instance_uid: "Alder^Anna", two.study_instance_uid: "Birch^Bertil"
    }  # fmt: skip
    assert _names(client, PatientName="Birch*") == {two.study_instance_uid: "Birch^Bertil"}
    [row] = client.get("/dicomweb/studies", {"PatientName": "birch^bertil"}).json()
    assert (row["00100030"]["Value"], row["00100040"]["Value"]) == (["20100101"], ["M"])
    assert _study("one").patient.identity_clash
    assert _study("two").patient.identity_clash
    assert patient_key(one.patient) == patient_key(two.patient), "undecided: one split"


@pytest.mark.parametrize(
    "again",
    [
        {"PatientName": "ALDER^ANNA"},
        {"PatientName": "Anna^Alder"},
        {"PatientName": "Alder, Anna"},
        {"PatientName": "Alder^Anna^Maria^Dr"},
        {"PatientName": "Alder"},
        {"PatientName": "Ålder^Anna"},
        {"PatientName": "Alder^Anna=山田^花子"},
        {"PatientName": ""},
        {"PatientName": "Anonymous"},
        {"PatientBirthDate": ""},
        {"PatientSex": ""},
        {"PatientSex": "U"},
    ],
)
def test_what_says_nothing_against_one_person_is_no_clash(
    again: dict[str, str], project: Project, radiologist: User
) -> None:
    arrived(_file("one", **ANNA), project, radiologist)
    assert told(arrived(_file("two", **(ANNA | again)), project, radiologist)) == [("stored", "")]
    assert not Patient.objects.get().identity_clash


@pytest.mark.parametrize(
    "again", [{"PatientName": "Alder^Anne"}, {"PatientBirthDate": "19500102"}, {"PatientSex": "M"}]
)
def test_each_attribute_alone_makes_a_clash(again: dict[str, str], project: Project, radiologist: User) -> None:
    arrived(_file("one", **ANNA), project, radiologist)
    assert told(arrived(_file("two", **(ANNA | again)), project, radiologist)) == [("stored", "identity_clash")]


def test_the_issuer_and_its_qualifiers_are_part_of_the_identity(project: Project, radiologist: User) -> None:
    from pydicom.dataset import Dataset

    qualifiers = Dataset()
    qualifiers.UniversalEntityID, qualifiers.UniversalEntityIDType = "1.2.3.4", "ISO"
    arrived(_file("one", IssuerOfPatientID="NORTH", **ANNA), project, radiologist)
    for name, issuer in (
        ("two", {"IssuerOfPatientID": "SOUTH"}),
        ("three", {"IssuerOfPatientID": "NORTH", "IssuerOfPatientIDQualifiersSequence": [qualifiers]}),
    ):
        assert told(arrived(_file(name, **BERTIL, **issuer), project, radiologist)) == [("stored", "")]
    assert Patient.objects.count() == 3
    assert not Patient.objects.filter(identity_clash=True).exists()


def test_an_image_that_contradicts_its_own_study_is_told_and_changes_nothing(
    project: Project, radiologist: User
) -> None:
    arrived(_file("one", 1, **ANNA), project, radiologist)
    assert told(arrived(_file("one", 2, **BERTIL), project, radiologist)) == [("stored", "identity_clash")]
    study = _study("one")
    assert statement_of(study) == Statement("Alder^Anna", study.patient_birth_date, "F")
    assert study.patient.identity_clash


def test_what_a_study_lacked_is_filled_in_by_its_later_images(project: Project, radiologist: User) -> None:
    arrived(_file("one", **ANNA), project, radiologist)
    nameless = {"PatientName": "", "PatientBirthDate": "", "PatientSex": ""}
    arrived(_file("two", 1, **nameless), project, radiologist)
    assert told(arrived(_file("two", 2, **ANNA), project, radiologist)) == [("stored", "")]
    assert _study("two").patient_name == "Alder^Anna"
    assert told(arrived(_file("three", 1, **nameless), project, radiologist)) == [("stored", "")]
    arrived(_file("three", 2, **BERTIL), project, radiologist)
    assert _study("three").patient.identity_clash, "a name filled in later can clash as well"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_order_in_which_the_images_of_a_study_arrive_says_nothing_of_whose_it_is(
    order: tuple[int, ...], project: Project, radiologist: User
) -> None:
    said = [{"PatientID": ""}, {"PatientID": "SHARED"}, {"PatientID": "SHARED", "IssuerOfPatientID": "NORTH"}]
    files = [_file("one", number, **ANNA, **stated) for number, stated in enumerate(said, start=1)]
    for place in order:
        assert told(arrived(files[place], project, radiologist)) == [("stored", "")]
    assert (_study("one").patient.patient_id, _study("one").patient.issuer_of_patient_id) == ("SHARED", "NORTH")
    assert Patient.objects.count() == 1
    client = Client()
    client.force_login(radiologist)
    assert _names(client, PatientID="SHARED") == {_study("one").study_instance_uid: "Alder^Anna"}
    for other in ({"PatientID": "OTHER"}, {"PatientID": "SHARED", "IssuerOfPatientID": "SOUTH"}):
        assert told(arrived(_file("one", 4, **ANNA, **other), project, radiologist)) == [
            ("refused", "patient_mismatch")
        ]


def test_an_id_that_is_filled_in_later_can_clash_with_another_study(project: Project, radiologist: User) -> None:
    arrived(_file("one", **ANNA), project, radiologist)
    arrived(_file("two", 1, **(BERTIL | {"PatientID": ""})), project, radiologist)
    assert not Patient.objects.filter(identity_clash=True).exists()
    assert told(arrived(_file("two", 2, **BERTIL), project, radiologist)) == [("stored", "identity_clash")]
    assert _study("two").patient == _study("one").patient
    assert _study("one").patient.identity_clash


def test_studies_without_a_patient_id_have_nothing_to_do_with_each_other(
    project: Project, radiologist: User, admin: User
) -> None:
    nobody = {"PatientID": "", "PatientName": "", "PatientBirthDate": "", "PatientSex": ""}
    for name, stated in (("one", ANNA), ("two", ANNA), ("three", BERTIL), ("four", nobody)):
        assert told(arrived(_file(name, **(stated | {"PatientID": ""})), project, radiologist)) == [("stored", "")]
    assert Patient.objects.count() == 4
    assert not Patient.objects.filter(identity_clash=True).exists()
    [verdict] = arrived(_file("one", 2, **(BERTIL | {"PatientID": ""})), project, radiologist)
    assert (verdict.outcome, verdict.code) == ("stored", "identity_clash")
    assert verdict.message.startswith("Another image of this study has another name, birth date, sex.")
    clashing = Patient.objects.get(identity_clash=True)
    assert list(clashing.studies.all()) == [_study("one")]
    group = identity_group(clashing)
    assert {one.statement.patient_name for one in group.statements} == {"Alder^Anna", "Birch^Bertil"}
    identity_decide(
        patient=clashing, persons=[[one.statement for one in group.statements]], reason="a typing error", by=admin
    )
    assert Patient.objects.count() == 4
    assert not Patient.objects.filter(identity_clash=True).exists()


def test_long_patient_ids_are_told_apart_to_their_end_or_refused(project: Project, radiologist: User) -> None:
    for name, end in (("one", "1"), ("two", "2")):
        arrived(_file(name, **(ANNA | {"PatientID": "A" * 127 + end})), project, radiologist)
    assert _study("one").patient != _study("two").patient
    assert told(arrived(_file("three", **(ANNA | {"PatientID": "A" * 300})), project, radiologist)) == [
        ("refused", "identity_too_long")
    ]


@pytest.mark.parametrize("other", ["たいき", "ダイスケ", "แม้"])
def test_letters_that_only_look_accented_make_another_name(other: str, project: Project, radiologist: User) -> None:
    own = {"たいき": "だいき", "ダイスケ": "タイスケ", "แม้": "แม"}[other]
    arrived(_file("one", **(ANNA | {"PatientName": f"={own}"})), project, radiologist)
    assert told(arrived(_file("two", **(ANNA | {"PatientName": f"={other}"})), project, radiologist)) == [
        ("stored", "identity_clash")
    ]


def _decide(by: User, *persons: list[Statement], reason: str = "called the ward") -> IdentityDecision:
    return identity_decide(
        patient=Patient.objects.order_by("person_number")[0], persons=list(persons), reason=reason, by=by
    )


def test_an_admin_says_that_they_are_different_persons(project: Project, radiologist: User, admin: User) -> None:
    arrived(_file("one", **ANNA), project, radiologist)
    arrived(_file("two", **BERTIL), project, radiologist)
    anna, bertil = statement_of(_study("one")), statement_of(_study("two"))
    key = patient_key(_study("two").patient)
    _decide(admin, [anna], [bertil])
    one, two = _study("one"), _study("two")
    assert one.patient_id != two.patient_id
    assert (one.patient.identity_clash, two.patient.identity_clash) == (False, False)
    assert patient_key(two.patient) == key, "nobody changes the side of a split"
    assert told(arrived(_file("three", **BERTIL), project, radiologist)) == [("stored", "")]
    assert _study("three").patient_id == two.patient_id, "a new study goes to the person whom it names"
    stranger = {"PatientName": "Cedar^Carl", "PatientBirthDate": "19800101", "PatientSex": "M"}
    assert told(arrived(_file("four", **stranger), project, radiologist))[0][1] == "identity_clash"
    nobody = {"PatientName": "", "PatientBirthDate": "", "PatientSex": ""}
    arrived(_file("five", **nobody), project, radiologist)
    assert _study("five").patient.identity_clash, "it could be either"


def test_an_admin_says_that_they_are_one_person_and_may_decide_again(
    project: Project, radiologist: User, admin: User
) -> None:
    arrived(_file("one", **ANNA), project, radiologist)
    arrived(_file("two", **(ANNA | {"PatientName": "Birch^Anna"})), project, radiologist)
    anna, married = statement_of(_study("one")), statement_of(_study("two"))
    _decide(admin, [anna, married], reason="married")
    assert not _study("one").patient.identity_clash
    assert _study("two").patient_name == "Birch^Anna", "each study keeps what was sent in it"
    arrived(_file("three", **(ANNA | {"PatientName": "Birch^Anna"})), project, radiologist)
    assert not _study("three").patient.identity_clash, "what was decided stands"
    _decide(admin, [anna], [married], reason="it was her daughter")
    assert _study("one").patient_id != _study("three").patient_id == _study("two").patient_id
    assert list(IdentityDecision.objects.order_by("created_at").values_list("reason", flat=True)) == [
        "married", "it was her daughter"
    ]  # fmt: skip


def test_who_comes_after_a_decision_and_is_nobody_known_is_told(
    project: Project, radiologist: User, admin: User
) -> None:
    arrived(_file("one", 1, **ANNA), project, radiologist)
    arrived(_file("two", **BERTIL), project, radiologist)
    anna, bertil = statement_of(_study("one")), statement_of(_study("two"))
    _decide(admin, [anna], [bertil])
    _decide(admin, [anna, bertil], reason="a clerk's error")
    assert Patient.objects.get().identity_clash is False, "nobody is left without a study"
    stranger = {"PatientName": "Cedar^Carl", "PatientBirthDate": "19800101", "PatientSex": "M"}
    assert told(arrived(_file("three", **stranger), project, radiologist)) == [("stored", "identity_clash")]
    assert _study("three").patient == _study("one").patient
    assert {name: _study(name).patient_name for name in ("one", "two", "three")} == {
        "one": "Alder^Anna", "two": "Birch^Bertil", "three": "Cedar^Carl"
    }  # fmt: skip


def test_an_image_of_another_person_inside_a_study_makes_no_patient_without_a_study(
    project: Project, radiologist: User, admin: User
) -> None:
    arrived(_file("one", 1, **ANNA), project, radiologist)
    arrived(_file("one", 2, **BERTIL), project, radiologist)
    study = _study("one")
    [other] = [statement_of(row) for row in study.other_statements.all()]
    _decide(admin, [statement_of(study)], [other])
    assert list(Patient.objects.all()) == [study.patient]
    assert _study("one").patient.identity_clash, "its reader is told until the image is corrected"


def test_a_decision_names_everybody_once_and_has_a_reason(project: Project, radiologist: User, admin: User) -> None:
    arrived(_file("one", **ANNA), project, radiologist)
    arrived(_file("two", **BERTIL), project, radiologist)
    anna, bertil = statement_of(_study("one")), statement_of(_study("two"))
    for persons, reason in (
        ([[anna]], "x"),
        ([[anna], [anna, bertil]], "x"),
        ([[anna, bertil], []], "x"),
        ([[anna, bertil]], " "),
    ):
        with pytest.raises(Invalid):
            _decide(admin, *persons, reason=reason)
    assert not IdentityDecision.objects.exists()
