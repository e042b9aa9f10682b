"""A reading speaks of the images it was made of: what arrives during or after it gets no label from it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from annotations.dataset.rows import Rows, snapshot_rows
from annotations.models import Reading, Workitem
from annotations.selectors.worklist import WorklistFilter, worklist_page
from annotations.services.revisions import finding_create
from annotations.services.sign_off import workitem_decide
from annotations.services.snapshots import snapshot_preview
from annotations.services.workitems import workitem_claim, workitem_open, workitem_submit
from core import blobs
from core.errors import OverreadError
from core.models import Project, User
from imaging.models import ConflictDecision, Instance, InstanceConflict, Series
from tests.factories.api import Api
from tests.factories.reading import image_label, image_of, make_instance, make_label, make_workitem, painted, submit

pytestmark = pytest.mark.django_db


def _now(workitem: Workitem) -> Workitem:
    return Workitem.objects.get(pk=workitem.pk)


def _arrives(workitem: Workitem, *, view: str = "", told: bool = True) -> Instance:
    """Let one more image of the study come, in its series or as another view; ``told``: the story has noticed."""
    series = Series.objects.get(study=workitem.study, series_number=1)
    if view:
        series = Series.objects.create(
            series_instance_uid=f"{series.series_instance_uid}.1", study=workitem.study, modality="DX",
            view_position=view, geometry={"kind": "single"}, series_number=2,
        )  # fmt: skip
    image = make_instance(series)
    if told:
        workitem_open(project=workitem.project, study=workitem.study)
    return image


def _read(project: Project, reader: User, *, present: bool = True, **study: Any) -> Workitem:
    make_label(project)
    workitem = make_workitem(project, reader, **study)
    finding_create(workitem=workitem, author=reader, content=image_label(present=present))
    return workitem


def _sign(workitem: Workitem, reviewer: User, **more: Any) -> Workitem:
    version = _now(workitem).version
    return workitem_decide(workitem=workitem, by=reviewer, version=version, event="accept", **more)


def _built(project: Project, question: str = "classification") -> Rows:
    return snapshot_rows(project=project, question=question, label_keys=["nodule"])


def _images(built: Rows) -> list[str]:
    return [row["sop_instance_uid"] for row in built.rows]


def _grown(user: User, workitem: Workitem) -> dict[str, Any]:
    """Return what each place says: the row, the filter of the list, the case."""
    (row,) = worklist_page(user, WorklistFilter()).rows
    case = Api(user)("GET", f"workitems/{workitem.pk}")[1]
    filtered = Api(user)("GET", "workitems?grown=true")[1]["count"]
    study = Api(user)("GET", f"studies/{workitem.study.study_instance_uid}/contents")[1]
    told = {"id": str(workitem.pk), "project": workitem.project.title, "images": case["images_since_read"]}
    assert study["grown_since_read"] == ([told] if filtered else [])
    return {"row": row["grown_since_read"], "filter": filtered, "case": case["images_since_read"]}


def test_images_that_arrive_after_the_sign_off_are_not_taught(
    project: Project, radiologist: User, reviewer: User
) -> None:
    workitem = _read(project, radiologist)
    submit(workitem, radiologist)
    _sign(workitem, reviewer)
    read = image_of(workitem).sop_instance_uid
    assert _images(_built(project)) == [read]
    _arrives(workitem)
    _arrives(workitem, view="LL")
    built = _built(project)
    assert (_images(built), built.left_out["arrived_after_reading"]) == ([read], 2)


def test_what_a_reviewer_saw_and_the_reader_did_not_is_not_taught_either(
    project: Project, radiologist: User, reviewer: User
) -> None:
    workitem = _read(project, radiologist, present=False)
    submit(workitem, radiologist)
    _arrives(workitem)
    shown = Api(reviewer)("GET", f"workitems/{workitem.pk}")[1]["images_digest"]
    _sign(workitem, reviewer, images=shown)
    assert len(_images(_built(project))) == 1


def test_slices_that_arrive_in_a_painted_series_are_no_background(
    project: Project, radiologist: User, reviewer: User
) -> None:
    make_label(project)
    workitem = make_workitem(project, radiologist, images=3)
    finding_create(workitem=workitem, author=radiologist, content=painted(workitem, [7, 3]))
    submit(workitem, radiologist)
    _sign(workitem, reviewer)
    _arrives(workitem)
    built = _built(project, "segmentation")
    assert [row["labels"]["nodule"] for row in built.rows] == [1, 0, 0]
    assert built.left_out["arrived_after_reading"] == 1


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("act", ["submit", "sign-off"])
def test_nothing_is_handed_in_or_signed_on_an_older_list_of_images(
    act: str, told: bool, project: Project, radiologist: User, reviewer: User
) -> None:
    workitem = _read(project, radiologist)
    if act == "sign-off":
        submit(workitem, radiologist)
    before = _now(workitem)
    page = Api(radiologist)("GET", f"workitems/{workitem.pk}")[1]["images_digest"]
    _arrives(workitem, told=told)
    path, by = ("submit", radiologist) if act == "submit" else ("decide", reviewer)
    body = {} if act == "submit" else {"event": "accept"}

    def try_it(version: int, **images: str) -> tuple[int, str]:
        status, answer = Api(by)("POST", f"workitems/{workitem.pk}/{path}", {**body, **images}, match=version)
        return status, answer.get("code", "")

    # A client that names no list has seen what the reading began with, or was made of; a new version shows no image.
    assert try_it(before.version)[0] == 412
    assert try_it(_now(workitem).version) == (412, "images_arrived")
    assert try_it(before.version, images=page)[0] == 412
    assert try_it(_now(workitem).version, images=page) == (412, "images_arrived")
    seen = Api(by)("GET", f"workitems/{workitem.pk}")[1]
    assert try_it(seen["version"], images=seen["images_digest"])[0] == 200


def test_a_reading_names_the_images_at_its_claim_and_at_its_end(project: Project, radiologist: User) -> None:
    workitem = _read(project, radiologist)
    first = image_of(workitem).sop_instance_uid
    later = _arrives(workitem)
    seen = Api(radiologist)("GET", f"workitems/{workitem.pk}")[1]
    workitem_submit(workitem=workitem, by=radiologist, version=seen["version"], images=seen["images_digest"])
    reading = Reading.objects.get(workitem=workitem)
    assert json.loads(blobs.get(reading.images_at_claim)) == [first]
    assert json.loads(blobs.get(reading.images_digest)) == sorted([first, later.sop_instance_uid])


def test_images_that_came_during_the_reading_and_were_seen_are_taught(
    project: Project, radiologist: User, reviewer: User
) -> None:
    workitem = _read(project, radiologist)
    _arrives(workitem)
    seen = Api(radiologist)("GET", f"workitems/{workitem.pk}")[1]
    workitem_submit(workitem=workitem, by=radiologist, version=seen["version"], images=seen["images_digest"])
    _sign(workitem, reviewer)
    built = _built(project)
    assert (len(built.rows), built.left_out["arrived_after_reading"]) == (2, 0)


def _replaced(image: Instance, by: User, *, pixels: bool) -> None:
    """Let an admin show another version of an image."""
    conflict = InstanceConflict.objects.create(instance=image, refused_digest=f"other {pixels}", byte_size=1)
    ConflictDecision.objects.create(
        conflict=conflict, verdict="supersede", reason="corrected", pixels_changed=pixels, decided_by=by
    )
    Instance.objects.filter(pk=image.pk).update(version=F("version") + 1)


def test_other_pixels_shown_instead_were_not_read_and_another_header_was(
    project: Project, radiologist: User, reviewer: User
) -> None:
    workitem = _read(project, radiologist)
    submit(workitem, radiologist)
    _sign(workitem, reviewer)
    _replaced(image_of(workitem), reviewer, pixels=False)
    workitem_open(project=project, study=workitem.study)
    assert len(_built(project).rows) == 1
    assert _grown(radiologist, workitem) == {"row": False, "filter": 0, "case": 0}
    _replaced(image_of(workitem), reviewer, pixels=True)
    workitem_open(project=project, study=workitem.study)
    built = _built(project)
    assert (built.rows, built.left_out["arrived_after_reading"]) == ([], 1)
    assert _grown(radiologist, workitem) == {"row": True, "filter": 1, "case": 1}


def test_a_case_says_everywhere_that_it_has_grown(project: Project, radiologist: User, reviewer: User) -> None:
    workitem = _read(project, radiologist)
    _arrives(workitem)
    assert _grown(radiologist, workitem) == {"row": False, "filter": 0, "case": 0}, "nobody has read it yet"
    seen = Api(radiologist)("GET", f"workitems/{workitem.pk}")[1]
    workitem_submit(workitem=workitem, by=radiologist, version=seen["version"], images=seen["images_digest"])
    assert _grown(radiologist, workitem) == {"row": False, "filter": 0, "case": 0}
    _arrives(workitem)
    _arrives(workitem)
    assert _grown(radiologist, workitem) == {"row": True, "filter": 1, "case": 2}
    shown = Api(reviewer)("GET", f"workitems/{workitem.pk}")[1]["images_digest"]
    _sign(workitem, reviewer, images=shown)
    assert _grown(radiologist, workitem) == {"row": True, "filter": 1, "case": 2}, "a signature is no reading"


@pytest.mark.parametrize("act", ["withdraw", "reject"])
def test_a_case_that_goes_back_to_its_reader_still_says_that_it_has_grown(
    act: str, project: Project, radiologist: User, reviewer: User
) -> None:
    workitem = _read(project, radiologist)
    submit(workitem, radiologist)
    _arrives(workitem)
    if act == "withdraw":
        status = Api(radiologist)("POST", f"workitems/{workitem.pk}/withdraw", {}, match=_now(workitem).version)[0]
    else:
        said = {"event": "reject", "remark": "read the new image too"}
        status = Api(reviewer)("POST", f"workitems/{workitem.pk}/decide", said, match=_now(workitem).version)[0]
    assert (status, _grown(radiologist, workitem)) == (200, {"row": True, "filter": 1, "case": 1})
    if act == "reject":
        workitem_claim(workitem=workitem, by=radiologist, version=_now(workitem).version)
    seen = Api(radiologist)("GET", f"workitems/{workitem.pk}")[1]
    workitem_submit(workitem=workitem, by=radiologist, version=seen["version"], images=seen["images_digest"])
    assert _grown(radiologist, workitem) == {"row": False, "filter": 0, "case": 0}


def test_a_dataset_counts_the_cases_that_have_grown_since_they_were_read(
    project: Project, radiologist: User, reviewer: User
) -> None:
    make_label(project)
    for late in (2, 1, 0):
        workitem = make_workitem(project, radiologist)
        finding_create(workitem=workitem, author=radiologist, content=image_label())
        submit(workitem, radiologist)
        _sign(workitem, reviewer)
        for _ in range(late):
            _arrives(workitem)
    counts = snapshot_preview(project=project, question="classification", label_keys=["nodule"])["counts"]
    assert (counts["cases"], counts["grown_since_read"], counts["left_out"]["arrived_after_reading"]) == (3, 2, 3)


def test_of_a_reading_without_a_list_what_was_stored_by_then_counts_as_read(
    project: Project, radiologist: User, reviewer: User
) -> None:
    workitem = _read(project, radiologist)
    submit(workitem, radiologist)
    _sign(workitem, reviewer)
    Reading.objects.update(images_digest="")
    assert _grown(radiologist, workitem) == {"row": False, "filter": 0, "case": 0}
    later = _arrives(workitem)
    built = _built(project)
    assert (len(built.rows), built.left_out["stored_after_reading"]) == (1, 1)
    assert _grown(radiologist, workitem) == {"row": True, "filter": 1, "case": 1}
    reading = Reading.objects.get()
    assert reading.submitted_at is not None
    Instance.objects.filter(pk=later.pk).update(created_at=reading.submitted_at - timedelta(seconds=1))
    assert len(_built(project).rows) == 2


def test_no_image_can_be_left_unread_by_a_service_call_without_a_list(project: Project, radiologist: User) -> None:
    workitem = _read(project, radiologist)
    _arrives(workitem, told=False)
    with pytest.raises(OverreadError) as refused:
        workitem_submit(workitem=workitem, by=radiologist, version=_now(workitem).version)
    assert refused.value.code == "images_arrived"
