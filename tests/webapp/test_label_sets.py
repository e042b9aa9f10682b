"""A label set comes in whole from a file or another project, or not at all, and goes out as it came in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from annotations.models import Label
from annotations.services.projects import label_change
from core.models import AuditEvent, Project
from tests.factories.api import Api

if TYPE_CHECKING:
    from core.models import User

pytestmark = pytest.mark.django_db
CSV = """key,meaning,code,scheme,uses,colour
nodule,Solitary nodule of lung,427359005,SCT,image region,#1F8EF1
effusion,"Effusion, pleural",60046008,SCT,image,
"""
ADDRESS = "projects/chest/label-set"


def sent(admin: User, content: str, form: str = "csv", address: str = ADDRESS) -> tuple[int, Any]:
    return Api(admin)("POST", address, {"form": form, "content": content})


def stored(slug: str = "chest") -> list[tuple[Any, ...]]:
    names = ("key", "code_meaning", "code_value", "coding_scheme_designator", "uses", "color", "position")
    return list(Label.objects.filter(project__slug=slug).values_list(*names))


def test_a_csv_becomes_the_labels_of_the_project_in_its_order(project: Project, admin: User) -> None:
    status, answer = sent(admin, CSV)
    assert (status, answer) == (200, {"added": ["nodule", "effusion"], "unchanged": []})
    first, second = stored()
    assert first == ("nodule", "Solitary nodule of lung", "427359005", "SCT", ["image", "region"], "#1f8ef1", 0)
    assert second[:5] == ("effusion", "Effusion, pleural", "60046008", "SCT", ["image"])
    assert second[5].startswith("#")
    assert second[5] != first[5]
    assert AuditEvent.objects.filter(event_type="label.created", actor_id=str(admin.pk)).count() == 2


@pytest.mark.parametrize(
    "content",
    [
        CSV.replace(",", "\t").replace('"Effusion\t pleural"', "Effusion, pleural"),
        "\ufeffKey;Code meaning;Code value;Coding scheme designator;Uses;Color\r\n\r\n"
        "nodule;Solitary nodule of lung;427359005;SCT;image, region;#1F8EF1\r\n"
        'effusion;"Effusion, pleural";60046008;SCT;image;\r\n',
    ],
)
def test_what_a_spreadsheet_makes_of_a_csv_is_read_too(content: str, project: Project, admin: User) -> None:
    assert sent(admin, content)[0] == 200
    assert [row[:5] for row in stored()] == [
        ("nodule", "Solitary nodule of lung", "427359005", "SCT", ["image", "region"]),
        ("effusion", "Effusion, pleural", "60046008", "SCT", ["image"]),
    ]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_what_goes_out_comes_in_again_just_so(form: str, project: Project, admin: User) -> None:
    sent(admin, CSV.replace("effusion", "ergoss") + 'æ,"x",1,SCT,image,\n'.replace("æ", "third"))
    Project.objects.create(slug="knee", title="Knees")
    client = Api(admin).client
    file = client.get(f"/api/v1/{ADDRESS}?form={form}")
    assert f"chest-labels.{form}" in file["Content-Disposition"]
    assert sent(admin, file.content.decode(), form, "projects/knee/label-set")[0] == 200
    assert stored("knee") == stored("chest")


def test_the_same_file_twice_changes_nothing(project: Project, admin: User) -> None:
    sent(admin, CSV)
    before = stored()
    assert sent(admin, CSV)[1] == {"added": [], "unchanged": ["nodule", "effusion"]}
    assert stored() == before


@pytest.mark.parametrize(
    ("line", "wrong", "column"),
    [
        ("bad key!,Meaning,1,SCT,image,", 3, "key"),
        ("mass,,1,SCT,image,", 3, "meaning"),
        ("mass,Mass,,SCT,image,", 3, "code"),
        ("mass,Mass,1,A scheme that is too long,image,", 3, "scheme"),
        ("mass,Mass,1,SCT,lesion,", 3, "uses"),
        ("mass,Mass,1,SCT,,", 3, "uses"),
        ("mass,Mass,1,SCT,image,red", 3, "colour"),
        ("mass,Mass,1,SCT,image,#112233,more", 3, "cell 7"),
        ("nodule,Mass,1,SCT,image,", 3, "key"),
        ("mass", 3, "meaning"),
    ],
)
def test_one_wrong_line_is_named_and_nothing_of_the_file_comes_in(
    line: str, wrong: int, column: str, project: Project, admin: User
) -> None:
    good, last = CSV.splitlines()[1:]
    status, answer = sent(admin, "\n".join(("key,meaning,code,scheme,uses,colour", good, line, last)))
    assert (status, answer["code"]) == (422, "label_set_wrong")
    assert (answer["detail"]["lines"][0]["line"], answer["detail"]["lines"][0]["column"]) == (wrong, column)
    assert answer["detail"]["lines"][0]["message"].endswith(".")
    assert stored() == []


def test_a_key_that_says_something_else_here_is_not_overwritten(project: Project, admin: User) -> None:
    sent(admin, CSV)
    before = stored()
    status, answer = sent(admin, CSV.replace("60046008", "1").replace("nodule,", "mass,"))
    assert (status, answer["code"]) == (422, "label_set_wrong")
    assert [line["line"] for line in answer["detail"]["lines"]] == [3]
    assert stored() == before


@pytest.mark.parametrize(
    ("form", "content", "code"),
    [
        ("csv", "", "fields_wrong"),
        ("csv", "\n \n", "label_set_empty"),
        ("csv", "key,meaning,code,scheme,uses\n", "label_set_empty"),
        ("csv", "name,colour\nnodule,red\n", "label_set_unreadable"),
        ("csv", 'key,meaning,code,scheme,uses\n"nodule,a,b,c,image\n', "label_set_unreadable"),
        ("csv", "key,key,meaning,code,scheme,uses\n", "label_set_unreadable"),
        ("json", "{", "label_set_unreadable"),
        ("json", "[" * 100_000, "label_set_unreadable"),
        ("json", '{"labels": 3}', "label_set_unreadable"),
        ("json", "[]", "label_set_empty"),
        ("json", "[1, null]", "label_set_wrong"),
        ("json", '[{"key": 1, "meaning": [], "code": {}, "scheme": true, "uses": "image"}]', "label_set_wrong"),
        ("json", '[{"key": "a", "meaning": "b\\u0000", "code": "c", "scheme": "d", "uses": ["image"]}]',
         "label_set_wrong"),
        ("json", '[{"key": "a", "meaning": "b", "code": "c", "scheme": "d", "uses": ["image"], "owner": 1}]',
         "label_set_wrong"),
        ("csv", "key,meaning,code,scheme,uses\n" + "".join(f"k{n},m,c,s,image\n" for n in range(1001)),
         "label_set_too_long"),
    ],
)  # fmt: skip
def test_what_is_no_label_set_is_refused_with_words(
    form: str, content: str, code: str, project: Project, admin: User
) -> None:
    status, answer = sent(admin, content, form)
    assert (status, answer["code"]) == (422, code), answer
    assert stored() == []


def test_json_of_another_program_is_read_by_the_words_of_dicom_too(project: Project, admin: User) -> None:
    row = {"key": "nodule", "code_meaning": "Nodule", "code_value": "1", "coding_scheme_designator": "99X",
           "uses": ["segment", "segment"]}  # fmt: skip
    assert sent(admin, json.dumps([row]), "json")[0] == 200
    assert stored()[0][:5] == ("nodule", "Nodule", "1", "99X", ["segment"])


def test_labels_are_copied_from_another_project_without_the_retired_ones(project: Project, admin: User) -> None:
    sent(admin, CSV)
    label_change(label=Label.objects.get(key="effusion"), by=admin, retired=True)
    Project.objects.create(slug="knee", title="Knees")
    status, answer = Api(admin)("POST", "projects/knee/label-set/copy", {"from_project": "chest"})
    assert (status, answer) == (200, {"added": ["nodule"], "unchanged": []})
    assert [row[:6] for row in stored("knee")] == [row[:6] for row in stored("chest") if row[0] == "nodule"]


def test_nobody_copies_from_a_project_they_are_not_in(project: Project, make_user: Any) -> None:
    Project.objects.create(slug="secret", title="Secret")
    lead = make_user("lead", "radiologist", project, "admin")
    status, answer = Api(lead)("POST", "projects/chest/label-set/copy", {"from_project": "secret"})
    assert (status, answer["code"]) == (404, "project_not_found")
