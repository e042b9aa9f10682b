"""Through the front door: the preview shows the very batch that a training with these settings takes first."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core import blobs
from core.models import AuditEvent
from inference.models import TrainingPreview, TrainingRun
from tests.factories.api import Api
from tests.inference.planted_archive import CONFIG, SIDE, freeze, make_family, open_workitem, plant_many, planted_pixels

if TYPE_CHECKING:
    from collections.abc import Callable

    from annotations.models import DatasetSnapshot
    from core.models import Project, User
    from inference.models import ModelFamily

pytestmark = pytest.mark.django_db
PAINTED = {**CONFIG, "image_shape": [32, 48], "epochs": 1, "batch_size": 4, "whole_picture": True}


def preview(
    api: Api, family: ModelFamily, snapshot: DatasetSnapshot, config: dict[str, Any], run_jobs: Callable[[], int]
) -> dict[str, Any]:
    place, asked = f"models/{family.pk}/training/preview", {"snapshot_id": str(snapshot.pk), "config": config}
    status, waiting = api("POST", place, asked)
    assert (status, waiting["state"], waiting["pictures"]) == (200, "queued", [])
    run_jobs()
    status, found = api("POST", place, asked)
    assert (status, found["id"]) == (200, waiting["id"])
    return dict(found)


def first_batch_of_a_training(
    api: Api,
    family: ModelFamily,
    snapshot: DatasetSnapshot,
    config: dict[str, Any],
    run_jobs: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """Train for real, and return the digest of what the recipe's loss was given first."""
    from inference.engine.preview import batch_digest
    from inference.engine.recipes.registry import recipe_named

    recipe, given = recipe_named(family.recipe), []
    loss = recipe.loss

    def told(outputs: Any, batch: Any, settings: Any) -> Any:
        given.append(batch_digest(batch))
        return loss(outputs, batch, settings)

    with monkeypatch.context() as listening:
        listening.setattr(recipe, "loss", told)
        asked = {"snapshot_id": str(snapshot.pk), "config": config, "reason": "to compare"}
        assert api("POST", f"models/{family.pk}/training", asked)[0] == 201
        run_jobs()
    assert TrainingRun.objects.latest("created_at").curves
    return str(given[0])


@pytest.mark.parametrize("recipe", ["classification", "segmentation"])
def test_the_digest_shown_is_that_of_the_batch_which_the_training_takes_first(
    recipe: str, project: Project, admin: User, run_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    family, api = make_family(project, admin, recipe=recipe), Api(admin)
    snapshot = freeze(project, plant_many(project, 8, 4, 4), question=recipe)
    config = PAINTED if recipe == "segmentation" else {**CONFIG, "epochs": 1, "batch_size": 4}
    found = preview(api, family, snapshot, config, run_jobs)
    taken = first_batch_of_a_training(api, family, snapshot, config, run_jobs, monkeypatch)
    assert found["batch_digest"] == taken
    assert preview(api, family, snapshot, {**config, "seed": 4}, run_jobs)["batch_digest"] != taken
    # Epochs change nothing of what is seen: nothing is made anew.
    count = TrainingPreview.objects.count()
    asked = {"snapshot_id": str(snapshot.pk), "config": {**config, "epochs": 9}}
    assert api("POST", f"models/{family.pk}/training/preview", asked)[1]["batch_digest"] == taken
    assert TrainingPreview.objects.count() == count


def test_the_prepared_picture_and_its_place_are_what_was_planted(
    project: Project, admin: User, run_jobs: Callable[[], int]
) -> None:
    family = make_family(project, admin, recipe="segmentation")
    snapshot = freeze(project, plant_many(project, 8, 4, 4, all_bright=True), question="segmentation")
    # Twice as large: each pixel of the 40 x 48 becomes four.
    config = {**PAINTED, "image_shape": [80, 96], "intensity": "window", "window": [2048, 4096]}
    found = preview(Api(admin), family, snapshot, config, run_jobs)
    assert (found["cases"], found["batch"], found["labels"]) == (8, 4, ["square"])
    assert len(found["pictures"]) >= 2
    for one in found["pictures"]:
        number = int(one["sample_id"].split("/")[0].rsplit(".", 1)[1])
        pixels, square = planted_pixels(number, bright=True)
        tile = one["prepared"]
        assert (tile["rows"], tile["columns"], tile["channels"], tile["reduced"]) == (80, 96, 1, 1)
        image = np.frombuffer(b64decode(tile["image"]), np.uint8).reshape(80, 96)
        grey = np.clip(pixels / 4096 * 255, 0, 255)
        means = image.reshape(SIDE, 2, 48, 2).mean(axis=(1, 3))
        assert np.corrcoef(means.ravel(), grey.ravel())[0, 1] > 0.95
        assert square is not None
        marked = np.zeros((SIDE, 48))
        marked[square[0] : square[0] + 11, square[1] : square[1] + 11] = 1
        places = np.frombuffer(b64decode(tile["places"]), np.uint8).reshape(80, 96)
        assert np.abs((places == 1) - np.kron(marked, np.ones((2, 2)))).mean() < 0.02
        assert len(one["draws"]) == 3
        assert len({draw["image"] for draw in one["draws"]} | {tile["image"]}) == 4


def test_looking_is_noted_is_for_admins_and_changes_nothing(
    project: Project, admin: User, reviewer: User, run_jobs: Callable[[], int]
) -> None:
    from annotations.models import Glimpse

    family = make_family(project, admin)
    planted = plant_many(project, 4, 2, 2)
    cases = [open_workitem(project, one).pk for one in planted["train"]]
    snapshot = freeze(project, planted)
    place = f"models/{family.pk}/training/preview"
    asked = {"snapshot_id": str(snapshot.pk), "config": CONFIG}
    assert Api(reviewer)("POST", place, asked)[0] == 403
    found = preview(Api(admin), family, snapshot, CONFIG, run_jobs)
    rows = AuditEvent.objects.filter(event_type="pictures.previewed")
    assert [row.actor_id for row in rows] == [str(admin.pk)] * 2, "asked for, and sent"
    assert "study_instance_uid" not in found["pictures"][0]
    seen = set(Glimpse.objects.filter(person=admin).values_list("workitem", flat=True))
    assert seen <= set(cases)
    assert len(seen) == len(found["pictures"]) == 4
    assert not TrainingRun.objects.exists()


def test_cases_that_cannot_teach_are_said_to_be_so_and_may_be_asked_for_again(
    project: Project, admin: User, run_jobs: Callable[[], int]
) -> None:
    family, api = make_family(project, admin), Api(admin)
    planted = plant_many(project, 4, 2, 2)
    snapshot = freeze(project, planted)
    instance = planted["train"][0].instance
    kept = blobs.get(instance.blob_digest)
    instance.blob_digest = "0" * 64
    instance.save()
    found = preview(api, family, snapshot, CONFIG, run_jobs)
    assert (found["state"], found["pictures"]) == ("failed", [])
    assert found["error"]["code"] == "snapshot_image_changed"
    instance.blob_digest = blobs.put(kept)
    instance.save()
    asked = {"snapshot_id": str(snapshot.pk), "config": CONFIG, "again": True}
    assert api("POST", f"models/{family.pk}/training/preview", asked)[1]["state"] == "queued"
    run_jobs()
    assert api("POST", f"models/{family.pk}/training/preview", asked)[1]["state"] == "succeeded"
