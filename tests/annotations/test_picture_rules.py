"""A project says which pictures it is about; one rule decides what is taught, tested and predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from annotations.dataset.rows import Rows, snapshot_rows
from annotations.models import ReadingProtocol, Workitem
from annotations.rules.pictures import WORDS, Picture, PictureRules
from annotations.selectors.pictures import pictures_preview
from annotations.services.projects import project_change
from annotations.services.revisions import finding_create
from annotations.services.sign_off import workitem_decide
from annotations.services.workitems import workitem_claim, workitem_open
from imaging.models import Instance, Series, Study
from imaging.services.series_index import series_index
from inference.models import ModelFamily
from inference.series_choice import images_for, why_outside
from tests.factories.api import Api
from tests.factories.reading import image_label, make_instance, make_label, make_workitem, submit
from tests.imaging.arriving import arrived

if TYPE_CHECKING:
    from pathlib import Path

    from core.models import Project, User

PICTURE = Picture("DX", "PA", "CHEST", "DERIVED\\PRIMARY", "patient")
USUAL = PictureRules()
CASES: list[tuple[str, PictureRules, dict[str, str]]] = [
    ("", USUAL, {}),
    ("", USUAL, {"view": "", "body_part": "", "image_type": ""}),
    ("", USUAL, {"modality": "US"}),
    ("", USUAL, {"modality": "CT", "image_type": "ORIGINAL\\PRIMARY\\AXIAL"}),
    ("computed", USUAL, {"modality": "CT", "image_type": "DERIVED\\PRIMARY\\MPR"}),
    ("computed", USUAL, {"image_type": "DERIVED\\SECONDARY"}),
    ("computed", USUAL, {"image_type": "ORIGINAL\\SECONDARY"}),
    ("", PictureRules(computed=True), {"modality": "CT", "image_type": "DERIVED\\SECONDARY\\MPR"}),
    ("localizers", PictureRules(computed=True, captures=True), {"subject": "localizer"}),
    ("dose_sheets", PictureRules(computed=True, captures=True), {"subject": "dose_sheet"}),
    ("documents", PictureRules(computed=True, captures=True), {"subject": "document"}),
    ("quality_control", PictureRules(computed=True, captures=True), {"subject": "quality_control"}),
    ("screen_captures", USUAL, {"subject": "screen_capture"}),
    ("secondary_captures", USUAL, {"subject": "secondary_capture"}),
    ("", PictureRules(captures=True), {"subject": "secondary_capture", "image_type": "DERIVED\\SECONDARY"}),
    ("other_modality", PictureRules(modalities=frozenset({"CR"})), {}),
    ("other_view", PictureRules(views=frozenset({"PA", "AP"})), {"view": "LL"}),
    ("other_view", PictureRules(views=frozenset({"PA", "AP"})), {"view": ""}),
    ("", PictureRules(views=frozenset({"PA", ""})), {"view": ""}),
    ("", PictureRules(views=frozenset({"PA"})), {"view": "pa "}),
    ("other_body_part", PictureRules(body_parts=frozenset({"HAND"})), {}),
]


@pytest.mark.parametrize(("why", "rules", "picture"), CASES)
def test_the_rule_says_why_a_picture_is_no_part_of_the_question(
    why: str, rules: PictureRules, picture: dict[str, str]
) -> None:
    assert rules.why_not(PICTURE._replace(**picture)) == why
    assert not why or why in WORDS
    assert PictureRules.of(rules.to_json()) == rules


def _built(project: Project) -> Rows:
    return snapshot_rows(project=project, question="classification", label_keys=["nodule"])


def _read(project: Project, study: Study, reader: User, reviewer: User, *, present: bool) -> Workitem:
    workitem = workitem_open(project=project, study=study)
    workitem = workitem_claim(workitem=workitem, by=reader, version=workitem.version)
    finding_create(workitem=workitem, author=reader, content=image_label(present=present))
    signed = submit(workitem, reader)
    return workitem_decide(workitem=signed, by=reviewer, version=signed.version, event="accept")


@pytest.fixture
def radiographs_with_sheets(project: Project, radiologist: User, reviewer: User, real_images: Path) -> int:
    """The first studies of a radiograph and its dose report, read and signed off; returns how many."""
    folder = real_images / "field" / "not-pictures"
    if not folder.is_dir():
        pytest.skip("the inputs from the field are not here")
    make_label(project)
    ReadingProtocol.objects.create(project=project, required_labels=[])
    files = sorted(folder.glob("s0[0-7]_*.dcm"))
    for path in files:
        arrived(path.read_bytes(), project, radiologist)
    for series in Series.objects.all():
        series_index(series=series)
    for number, study in enumerate(Study.objects.order_by("accession_number")):
        _read(project, study, radiologist, reviewer, present=number % 2 == 0)
    return len(files) // 2


@pytest.mark.django_db
def test_a_label_of_the_study_teaches_with_the_radiograph_and_never_with_its_dose_sheet(
    project: Project, radiographs_with_sheets: int
) -> None:
    built = _built(project)
    sheets = set(Instance.objects.filter(subject="dose_sheet").values_list("sop_instance_uid", flat=True))
    assert len(sheets) == radiographs_with_sheets
    assert len(built.rows) == radiographs_with_sheets
    assert not sheets & {row["sop_instance_uid"] for row in built.rows}
    assert built.left_out["dose_sheets"] == radiographs_with_sheets
    preview = pictures_preview(project, PictureRules())
    assert (preview["images"], preview["kept"]) == (2 * radiographs_with_sheets, radiographs_with_sheets)
    assert preview["left_out"] == [{"reason": "dose_sheets", "words": "dose sheet", "images": radiographs_with_sheets}]


@pytest.mark.django_db
def test_models_are_asked_about_the_pictures_that_are_taught_and_no_others(
    project: Project, radiographs_with_sheets: int
) -> None:
    family = ModelFamily.objects.create(project=project, slug="f", title="F", recipe="classification")
    asked = {image.sop_instance_uid for series in Series.objects.all() for image in images_for(family, series)}
    assert asked == {row["sop_instance_uid"] for row in _built(project).rows}
    sheet = Series.objects.filter(instances__subject="dose_sheet").first()
    assert sheet is not None
    assert why_outside(family, sheet) == "outside_dose_sheets"


@pytest.fixture
def views(project: Project, radiologist: User, reviewer: User) -> Workitem:
    """A signed-off case with a frontal and a lateral image in one series, and a secondary capture."""
    make_label(project)
    workitem = make_workitem(project)
    series = Series.objects.get(study=workitem.study)
    for fields in ({"view_position": "LL"}, {"subject": "secondary_capture"}):
        Instance.objects.filter(pk=make_instance(series).pk).update(**fields)
    return _read(project, workitem.study, radiologist, reviewer, present=True)


@pytest.mark.django_db
def test_a_project_names_its_views_and_everything_follows(project: Project, views: Workitem, admin: User) -> None:
    api = Api(admin)
    built = _built(project)
    assert (len(built.rows), built.left_out["secondary_captures"]) == (2, 1)
    rules = {"modalities": [], "views": ["pa"], "body_parts": [], "computed": False, "captures": True}
    status, preview = api("POST", f"projects/{project.slug}/pictures/preview", rules)
    assert (status, preview["kept"], preview["images"]) == (200, 2, 3)
    assert preview["left_out"] == [{"reason": "other_view", "words": "another view", "images": 1}]
    assert preview["views"] == [{"value": "LL", "images": 1}, {"value": "PA", "images": 2}]
    assert len(_built(project).rows) == 2, "a look changes nothing"
    _, before = api("GET", f"projects/{project.slug}")
    assert before["pictures"] == {"modalities": [], "views": [], "body_parts": [], "computed": False, "captures": False}
    status, changed = api("PATCH", f"projects/{project.slug}", {"pictures": rules}, match=before["version"])
    assert (status, changed["pictures"]["views"]) == (200, ["PA"])
    built = _built(project)
    assert (len(built.rows), built.left_out["other_view"]) == (2, 1)
    lateral = Instance.objects.get(view_position="LL")
    family = ModelFamily.objects.create(project=project, slug="f", title="F", recipe="classification")
    series = Series.objects.get(study=views.study)
    assert lateral not in images_for(family, series)
    assert len(images_for(family, series)) == 2


@pytest.mark.django_db
def test_slices_and_clips_are_counted_where_pictures_are_taught_one_by_one(project: Project, views: Workitem) -> None:
    Series.objects.update(geometry={"kind": "volume"})
    built = _built(project)
    assert (built.rows, built.left_out["slices_and_clips"]) == ([], 2)


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [{"views": "PA"}, {"views": [["PA"]]}, {"computed": "perhaps"}, {}])
def test_rules_that_are_none_are_refused(wrong: dict[str, Any], project: Project, admin: User) -> None:
    rules = {"modalities": [], "views": [], "body_parts": [], "computed": False, "captures": False}
    body = {**rules, **wrong} if wrong else {"views": []}
    status, answer = Api(admin)("PATCH", f"projects/{project.slug}", {"pictures": body})
    assert (status, answer["code"]) == (422, "fields_wrong")


@pytest.mark.django_db
def test_the_same_rules_again_change_nothing(project: Project, admin: User) -> None:
    project_change(project=project, by=admin, pictures=PictureRules().to_json())
    assert ReadingProtocol.objects.get(project=project).version == 1
