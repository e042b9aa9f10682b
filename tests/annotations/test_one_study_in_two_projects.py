"""A study in two projects that ask the same: what somebody was sent in the one they do not read blind in the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from annotations.models import Label, Reading, ReadingProtocol
from annotations.services.revisions import Proposal, proposals_record
from annotations.services.snapshots import snapshot_freeze
from annotations.services.workitems import workitem_claim, workitem_open
from core.errors import OverreadError
from core.models import Membership, Project
from tests.factories.api import Api
from tests.factories.reading import image_label, make_label, make_workitem
from tests.factories.scenes import Scene, patient_in, taught_by

if TYPE_CHECKING:
    from core.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nodule_and_mass")]


@pytest.fixture
def beside(radiologist: User) -> Project:
    """Another project of the reader's, which asks of nodules too and shows models' findings from the start."""
    other = Project.objects.create(slug="beside", title="Beside")
    make_label(other)
    ReadingProtocol.objects.create(project=other, required_labels=[], reveal="always")
    Membership.objects.create(project=other, user=radiologist, role="radiologist")
    return other


def _shown_beside(scene: Scene, beside: Project, person: User) -> None:
    case = workitem_open(project=beside, study=scene.now.study)
    proposal = Proposal("image_label", "nodule", image_label(), 0.9, "chest", "1", "p", threshold=0.5)
    proposals_record(workitem=case, proposals=[proposal])
    status, sent = Api(person)("GET", f"workitems/{case.pk}/findings")
    assert (status, len(sent)) == (200, 1)


@pytest.mark.parametrize("when", ["before", "during"])
def test_a_models_opinion_in_another_project_unblinds_the_reading(
    when: str, project: Project, radiologist: User, reviewer: User, beside: Project
) -> None:
    reader = radiologist if when == "during" else None
    scene = Scene(make_workitem(project, reader, patient=patient_in("test")), radiologist, reviewer)
    _shown_beside(scene, beside, radiologist)
    if when == "before":
        workitem_claim(workitem=scene.now, by=radiologist, version=scene.now.version)
    assert Reading.objects.get(workitem=scene.workitem).blind is False
    scene.answers(present=True)
    scene.submits().signs()
    assert taught_by(scene).state is None, "an assisted reading does not test"


def test_a_project_that_asks_something_else_unblinds_nothing(
    project: Project, radiologist: User, reviewer: User, beside: Project
) -> None:
    scene = Scene.begun(project, radiologist, reviewer, split="test")
    Label.objects.filter(project=beside).update(key="fracture", code_value="125605004")
    case = workitem_open(project=beside, study=scene.now.study)
    proposal = Proposal("image_label", "fracture", image_label("fracture"), 0.9, "bones", "1", "p", threshold=0.5)
    proposals_record(workitem=case, proposals=[proposal])
    assert len(Api(radiologist)("GET", f"workitems/{case.pk}/findings")[1]) == 1
    scene.answers(present=True)
    scene.submits().signs()
    assert taught_by(scene).provenance == "blind_read"


def test_who_saw_the_case_in_another_project_reads_it_again_in_none(
    project: Project, radiologist: User, reviewer: User, admin: User, beside: Project, make_user: Any
) -> None:
    ravi = make_user("ravi", "radiologist", project)
    Membership.objects.create(project=beside, user=ravi, role="radiologist")
    scene = Scene.begun(project, radiologist, reviewer, split="test")
    scene.answers(present=True)
    scene.submits().signs()
    _shown_beside(scene, beside, ravi)
    with pytest.raises(OverreadError) as refusal:
        scene.is_read_again(by=ravi, for_=admin)
    assert refusal.value.code == "second_reader_saw_model"


def test_who_was_sent_a_datasets_rows_reads_none_of_its_cases_again(
    project: Project, radiologist: User, reviewer: User, admin: User, make_user: Any
) -> None:
    scenes = []
    for split in ("train", "validation", "test"):
        for present in (True, False):
            scene = Scene.begun(project, radiologist, reviewer, split=split)
            scene.answers(present=present)
            scenes.append(scene.submits().signs())
    snapshot = snapshot_freeze(
        project=project, name="first", question="classification", label_keys=["nodule"], by=admin
    )
    vera = make_user("vera", "reviewer", project)
    assert Api(vera).client.get(f"/api/v1/snapshots/{snapshot.pk}/manifest").status_code == 200
    with pytest.raises(OverreadError) as refusal:
        scenes[-1].is_read_again(by=vera, for_=admin)
    assert refusal.value.code == "second_reader_saw_model"
    scenes[-1].is_read_again(by=make_user("ravi", "radiologist", project), for_=admin)
