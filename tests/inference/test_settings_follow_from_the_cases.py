"""Through the front door: a dataset's training cases propose settings with reasons; what does not fit is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from annotations.models import DatasetSnapshot
from core import blobs
from core.models import AuditEvent
from inference.models import Fingerprint, TrainingRun
from tests.factories.api import Api
from tests.inference import planted_archive
from tests.inference.planted_archive import CONFIG, SQUARE, freeze, make_family, plant, plant_many

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.models import Project, User
    from inference.models import ModelFamily

pytestmark = pytest.mark.django_db
PORTRAIT = (192, 128)


@pytest.fixture
def portraits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted images are upright from now on."""
    monkeypatch.setattr(planted_archive, "ROWS", PORTRAIT[0])
    monkeypatch.setattr(planted_archive, "COLUMNS", PORTRAIT[1])


def in_mm(project: Project) -> dict[str, Any]:
    """Return planted studies of which every image says how far its pixels are apart: 0.8 by 0.7 mm."""
    numbers = {"train": range(100, 112), "validation": range(112, 116), "test": range(116, 120)}
    return {
        split: [plant(project, one, bright=one % 2 == 0, patient_space=True) for one in some]
        for split, some in numbers.items()
    }


def proposal(api: Api, family: ModelFamily, snapshot: DatasetSnapshot, run_jobs: Callable[[], int]) -> dict[str, Any]:
    """Ask for the settings, let the worker look at the cases, and ask again."""
    place, asked = f"models/{family.pk}/training/proposal", {"snapshot_id": str(snapshot.pk)}
    status, waiting = api("POST", place, asked)
    assert (status, waiting["state"], waiting["settings"], waiting["fingerprint"]) == (200, "queued", [], None)
    run_jobs()
    status, found = api("POST", place, asked)
    assert (status, found["state"], found["id"]) == (200, "succeeded", waiting["id"])
    return dict(found)


def said(found: dict[str, Any], name: str) -> dict[str, Any]:
    (one,) = [setting for setting in found["settings"] if setting["name"] == name]
    return dict(one)


def test_portraits_that_say_millimetres_are_proposed_an_upright_grid_and_the_reason_names_their_figures(
    project: Project, admin: User, portraits: None, run_jobs: Callable[[], int]
) -> None:
    family, api = make_family(project, admin), Api(admin)
    snapshot = freeze(project, in_mm(project))
    found = proposal(api, family, snapshot, run_jobs)
    rows = [json.loads(line) for line in blobs.get(snapshot.manifest_digest).splitlines()]
    training = [row for row in rows if row["split"] == "train"]
    facts = found["fingerprint"]
    assert facts["images"] == facts["with_spacing"] == len(training) == 12
    assert facts["spacing_mm"]["rows"]["median"] == 0.8
    assert facts["extent_mm"]["columns"]["median"] == pytest.approx(128 * 0.7, rel=1e-3)
    assert facts["states"]["square"] == {"present": 6, "absent": 6, "unknown": 0}
    assert facts["marked"]["square"]["images"] == 6
    # A rectangle goes from the centre of a pixel to the centre of another.
    share = (SQUARE - 1) ** 2 / (PORTRAIT[0] * PORTRAIT[1])
    assert facts["marked"]["square"]["share"]["median"] == pytest.approx(share, rel=1e-3)
    # 153.6 by 89.6 mm: 1.714 to 1, of about 128 x 128 pixels, in sixteens.
    shape = said(found, "image_shape")
    assert (shape["value"], shape["preset"]) == ([160, 96], [128, 128])
    assert "192 × 128 pixels" in shape["reason"]
    assert all(one["reason"].endswith(".") and one["value"] != one["preset"] for one in found["settings"])


def test_portraits_without_millimetres_go_by_their_pixels(
    project: Project, admin: User, portraits: None, run_jobs: Callable[[], int]
) -> None:
    family = make_family(project, admin)
    found = proposal(Api(admin), family, freeze(project, plant_many(project, 12, 4, 4)), run_jobs)
    assert found["fingerprint"]["with_spacing"] == 0
    assert found["fingerprint"]["spacing_mm"]["rows"] is None
    assert said(found, "image_shape")["value"] == [160, 112]


def test_a_painted_structure_that_fills_much_of_the_picture_is_learned_from_whole_pictures(
    project: Project, admin: User, run_jobs: Callable[[], int]
) -> None:
    family = make_family(project, admin, recipe="segmentation")
    snapshot = freeze(project, plant_many(project, 12, 4, 4), question="segmentation")
    found = proposal(Api(admin), family, snapshot, run_jobs)
    whole = said(found, "whole_picture")
    assert (whole["value"], whole["preset"]) == (True, False)
    # 11 x 11 of 40 x 48 pixels.
    assert "covers 6% of a picture" in whole["reason"]
    assert said(found, "batch_size")["value"] == 4


def test_the_same_dataset_proposes_the_same_and_no_test_case_has_a_say(
    project: Project, admin: User, reviewer: User, run_jobs: Callable[[], int]
) -> None:
    family, api = make_family(project, admin), Api(admin)
    planted = plant_many(project, 8, 4, 4)
    snapshot = freeze(project, planted)
    found = proposal(api, family, snapshot, run_jobs)
    asked = {"snapshot_id": str(snapshot.pk)}
    assert api("POST", f"models/{family.pk}/training/proposal", asked)[1] == found
    assert Fingerprint.objects.count() == 1
    assert AuditEvent.objects.filter(event_type="settings.proposed").count() == 1
    assert Api(reviewer)("POST", f"models/{family.pk}/training/proposal", asked)[0] == 403
    # Frozen with other test and validation cases: another dataset, the same training cases.
    other = freeze(project, {"train": planted["train"], "validation": planted["test"][:1]}, name="other")
    again = proposal(api, family, other, run_jobs)
    assert (again["digest"], again["fingerprint"]) == (found["digest"], found["fingerprint"])


def test_a_training_keeps_what_was_proposed_and_what_was_chosen_otherwise(
    project: Project, admin: User, run_jobs: Callable[[], int]
) -> None:
    family, api = make_family(project, admin, recipe="segmentation"), Api(admin)
    snapshot = freeze(project, plant_many(project, 8, 4, 4), question="segmentation")
    found = proposal(api, family, snapshot, run_jobs)
    config = {one["name"]: one["value"] for one in found["settings"] if "." not in one["name"]}
    given = {"snapshot_id": str(snapshot.pk), "config": {**config, "epochs": 1}, "reason": "first of all"}
    status, refused = api("POST", f"models/{family.pk}/training", {**given, "proposal": "0" * 64})
    assert (status, refused["code"]) == (409, "proposal_outdated")
    status, run = api("POST", f"models/{family.pk}/training", {**given, "proposal": found["digest"]})
    assert status == 201, run
    kept = run["proposed"]
    assert (kept["digest"], kept["settings"]) == (found["digest"], found["settings"])
    assert kept["fingerprint"] == found["fingerprint_digest"]
    assert kept["changed"] == {"epochs": {"proposed": said(found, "epochs")["value"], "chosen": 1}}
    api("POST", f"training/{run['id']}/cancel")
    status, run = api("POST", f"models/{family.pk}/training", given)
    assert (status, run["proposed"]) == (201, {})


def test_what_cannot_fit_is_refused_and_what_is_proposed_instead_is_taken(
    project: Project, admin: User, settings: Any
) -> None:
    settings.OVERREAD_TRAINING_MEMORY_MIB = 1500
    family, api = make_family(project, admin), Api(admin)
    snapshot = freeze(project, plant_many(project, 4, 2, 2))
    large = {**CONFIG, "image_shape": [1024, 1024], "batch_size": 64}
    given = {"snapshot_id": str(snapshot.pk), "config": large, "reason": "as large as it goes"}
    status, estimate = api("POST", f"models/{family.pk}/training/estimate", given)
    assert (status, estimate["fits"]) == (200, False)
    memory, disk, time = estimate["resources"]
    assert (memory["name"], memory["fits"], memory["available"]) == ("memory", False, 1500 * 2**20)
    # Six cases are no batch of 64.
    assert 6 * 1024 * 1024 * 100 < memory["needed"] < 64 * 1024 * 1024 * 100
    assert disk["fits"]
    assert time["fits"]
    status, refused = api("POST", f"models/{family.pk}/training", given)
    assert (status, refused["code"]) == (422, "training_does_not_fit")
    assert not TrainingRun.objects.exists()
    fitting = refused["detail"]["fitting"]
    assert fitting["sentence"] in refused["message"]
    assert fitting == estimate["fitting"]
    status, run = api("POST", f"models/{family.pk}/training", {**given, "config": {**large, **fitting["changes"]}})
    assert (status, run["estimate"]["fits"]) == (201, True)


def test_a_training_of_weeks_is_refused_with_the_epochs_that_fit(project: Project, admin: User, settings: Any) -> None:
    settings.OVERREAD_TRAINING_DAYS = 0.01
    family, api = make_family(project, admin), Api(admin)
    snapshot = freeze(project, plant_many(project, 4, 2, 2))
    given = {"snapshot_id": str(snapshot.pk), "config": {**CONFIG, "image_shape": [1024, 1024], "epochs": 1000}}
    _, estimate = api("POST", f"models/{family.pk}/training/estimate", given)
    assert [one["name"] for one in estimate["resources"] if not one["fits"]] == ["time"]
    assert list(estimate["fitting"]["changes"]) == ["epochs"]
    config = {**given["config"], **estimate["fitting"]["changes"]}
    assert api("POST", f"models/{family.pk}/training/estimate", {**given, "config": config})[1]["fits"]
