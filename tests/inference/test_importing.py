"""Models come in as safetensors and JSON; anything else, or anything that does not belong together, stays out."""

from __future__ import annotations

import json
import pickle
import shutil
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from core.errors import Invalid, OverreadError
from inference.models import ModelFamily, ModelVersion, Promotion
from inference.services.families import family_create
from inference.services.importing import model_import
from tests.inference.planted_archive import install, make_family

if TYPE_CHECKING:
    from pathlib import Path

    from core.models import Project, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def family(project: Project, admin: User) -> ModelFamily:
    return make_family(project, admin)


@pytest.fixture
def folder(square_model: Path, tmp_path: Path) -> Path:
    return shutil.copytree(square_model, tmp_path / "model")


def test_the_first_model_goes_live_and_a_second_waits_for_the_gate(
    family: ModelFamily, square_model: Path, misled_model: Path
) -> None:
    first = install(family, square_model)
    assert install(family, square_model) == first, "the same files again are the same version"
    second = install(family, misled_model)
    family.refresh_from_db()
    assert (family.live, second.state, second.number) == (first, "candidate", 2)
    assert Promotion.objects.get().reason == "first model of the family"
    assert (square_model / "weights.safetensors").exists()


def test_a_pickle_is_not_a_model(family: ModelFamily, folder: Path) -> None:
    (folder / "weights.safetensors").write_bytes(pickle.dumps({"weights": [1.0] * 100}))
    with pytest.raises(Invalid, match="safetensors"):
        install(family, folder)


def test_bytes_hidden_behind_the_tensors_are_noticed(family: ModelFamily, folder: Path) -> None:
    with (folder / "weights.safetensors").open("ab") as stream:
        stream.write(b"something else")
    with pytest.raises(Invalid, match="safetensors"):
        install(family, folder)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"weights_sha256": "0" * 64}, "not those that the card names"),
        ({"config": {"recipe": "classification", "labels": ["square"], "epochs": -1}}, "not understood"),
        ({"config": {"recipe": "classification", "labels": ["heart"]}}, "other labels"),
        ({"config": {"recipe": "segmentation", "labels": ["square"]}}, "another recipe"),
        ({"thresholds": None}, "lacks"),
    ],
)
def test_a_card_that_does_not_belong_is_refused(
    family: ModelFamily, folder: Path, change: dict[str, object], sentence: str
) -> None:
    card = json.loads((folder / "card.json").read_text())
    card |= change
    if change.get("thresholds", "kept") is None:
        del card["thresholds"]
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(Invalid, match=sentence):
        install(family, folder)
    assert not ModelVersion.objects.exists()


def test_a_card_that_is_not_json_is_refused(family: ModelFamily, folder: Path) -> None:
    (folder / "card.json").write_text("cos\nsystem")
    with pytest.raises(Invalid, match="not JSON"):
        install(family, folder)


def test_a_family_needs_known_labels_limits_and_a_name_of_its_own(
    project: Project, family: ModelFamily, admin: User
) -> None:
    given = {
        "project": project,
        "title": "T",
        "recipe": "classification",
        "label_keys": ["square"],
        "by": admin,
        "reason": "as usual",
    }
    for wrong in (
        {"slug": "a", "label_keys": ["heart"]},
        {"slug": "a", "recipe": "magic"},
        {"slug": "a", "change_plan": {"margin": 2}},
        {"slug": "a", "change_plan": {"luck": 0.5}},
        {"slug": "a", "reason": " "},
        {"slug": family.slug},
    ):
        with pytest.raises(OverreadError):
            family_create(**{**given, **wrong})
    assert ModelFamily.objects.count() == 1


def test_import_leaves_nothing_behind_when_the_files_are_missing(family: ModelFamily, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="safetensors"):
        model_import(family=family, weights_path=tmp_path / "none", card_path=tmp_path / "none.json")


def test_the_command_adds_a_model_from_its_folder(family: ModelFamily, folder: Path) -> None:
    name = f"{family.project.slug}/{family.slug}"
    call_command("import_model", name, str(folder))
    version = ModelVersion.objects.get()
    assert (version.family, version.state) == (family, "live")
    assert version.weights_digest == json.loads((folder / "card.json").read_bytes())["weights_sha256"]
    (folder / "card.json").unlink()
    with pytest.raises(CommandError, match="two files"):
        call_command("import_model", name, str(folder))
    with pytest.raises(CommandError, match="no model family"):
        call_command("import_model", f"{family.project.slug}/other", str(folder))
    assert ModelVersion.objects.count() == 1
