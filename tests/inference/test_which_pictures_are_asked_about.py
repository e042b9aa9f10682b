"""Models are asked about what a project is about, and asked anew when that changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from annotations.models import Finding, Workitem
from annotations.rules.pictures import PictureRules
from annotations.services.projects import project_change
from imaging.models import Instance
from inference.answers import answers_of
from inference.models import ModelVersion, Prediction
from inference.services.predictions import predictions_on_arrival
from tests.inference.planted_archive import install, make_family, open_workitem, plant, plant_beside

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.models import Project, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def live(project: Project, admin: User, square_model: Path) -> ModelVersion:
    return install(make_family(project, admin), square_model)


def _sentence(workitem: Workitem) -> str:
    (answer,) = answers_of({workitem.pk: True})[workitem.pk]
    return answer.outlook.sentence


def test_a_dose_sheet_beside_a_radiograph_is_not_asked_about(
    project: Project, live: ModelVersion, run_jobs: Callable[[], int]
) -> None:
    planted = plant(project, 2, bright=True)
    sheet = plant_beside(planted, 3, bright=True)
    Instance.objects.filter(pk=sheet.pk).update(subject="dose_sheet")
    (prediction,) = predictions_on_arrival(workitem=open_workitem(project, planted))
    run_jobs()
    prediction.refresh_from_db()
    assert [image["sop_instance_uid"] for image in prediction.output["images"]] == [planted.instance.sop_instance_uid]


def test_a_change_of_the_question_asks_again_and_lets_what_was_said_of_other_pictures_stand_no_more(
    project: Project, admin: User, live: ModelVersion, run_jobs: Callable[[], int]
) -> None:
    planted = plant(project, 2, bright=True)
    planted.series.indexed_at = planted.series.created_at
    planted.series.save()
    workitem = open_workitem(project, planted)
    predictions_on_arrival(workitem=workitem)
    run_jobs()
    workitem.refresh_from_db()
    assert Finding.objects.filter(workitem=workitem, superseded_at__isnull=True).exists()
    assert workitem.ai_score is not None

    project_change(project=project, by=admin, pictures=PictureRules(views=frozenset({"LL"})).to_json())
    run_jobs()
    workitem.refresh_from_db()
    assert not Finding.objects.filter(workitem=workitem, superseded_at__isnull=True).exists()
    assert workitem.ai_score is None
    present = Prediction.objects.get(workitem=workitem, superseded_at__isnull=True)
    assert (present.state, present.error_code) == ("outside", "outside_other_view")
    assert _sentence(workitem) == (
        "Squares v1 was not asked: this is not part of the project's question (another view)."
    )

    project_change(project=project, by=admin, pictures=PictureRules().to_json())
    run_jobs()
    workitem.refresh_from_db()
    assert workitem.ai_score is not None, "what it had said of the same pixels stands again"
    assert Finding.objects.filter(workitem=workitem, superseded_at__isnull=True).exists()
