"""The documented example is a recipe like any other: found where it is installed, examined, refused where broken."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "docs" / "examples" / "overread-grey-levels"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Lay the example down as an installer does: the package, and beside it what it says of itself."""
    place = tmp_path / "site"
    shutil.copytree(EXAMPLE / "overread_grey_levels", place / "overread_grey_levels")
    told = place / "overread_grey_levels-1.0.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: overread-grey-levels\nVersion: 1.0.0\n")
    (told / "entry_points.txt").write_text("[overread.recipes]\ngrey_levels = overread_grey_levels.card:CARD\n")
    return place


def _run(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(place)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_example_is_found_and_passes_its_exam(installed: Path) -> None:
    done = _run(installed, "manage.py", "recipe", "check", "grey_levels")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Grey levels passes." in done.stdout
    assert done.stdout.count("yes ") == 9, done.stdout
    asked = _run(
        installed, "-c",
        "import json; from inference.engine.config import RecipeConfig, settings_of\n"
        "print(json.dumps(settings_of('grey_levels').entries()))\n"
        "config = RecipeConfig.from_json({'recipe': 'grey_levels', 'labels': ['a'], 'bins': 8})\n"
        "assert (type(config).__name__, config.bins) == ('GreyLevelSettings', 8)\n",
    )  # fmt: skip
    (bins,) = [one for one in json.loads(asked.stdout) if one["name"] == "bins"]
    assert (bins["title"], bins["minimum"], bins["maximum"], bins["default"]) == ("Grey levels", 4, 64, 16)


_RANDOM = ("grey = image.mean", "import os; image = image + os.urandom(1)[0] * 1e-3; grey = image.mean")
_WRITES = ("known = ~torch.isnan", "open('written.txt', 'w').close(); known = ~torch.isnan")
_CALLS = ("labels = {}\n", "import socket; socket.getaddrinfo('localhost', 80); labels = {}\n")
_DEAF = ("self.weigh(near.mean(dim=1) * 10)", "self.weigh(near.mean(dim=1) * 0)")
_NAIVE = ('truth = batch["present"].nan_to_num(0.5)', 'truth = batch["present"]')


def _failed(installed: Path, *breaks: tuple[str, str]) -> list[str]:
    """Examine the example with changes in it; returns what does not hold, and what was found."""
    source = installed / "overread_grey_levels" / "recipe.py"
    for before, after in breaks:
        whole = source.read_text()
        assert before in whole
        source.write_text(whole.replace(before, after))
    done = _run(installed, "-m", "inference.engine.exam.examine", "grey_levels", str(installed.parent / "exam"))
    (ROOT / "written.txt").unlink(missing_ok=True)
    assert done.returncode == 1, done.stdout + done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return [f"{one['question']}: {one['measured']}" for one in answers if not one["passed"]]


def test_a_recipe_that_is_never_twice_the_same_writes_elsewhere_and_calls_a_network_does_not_pass(
    installed: Path,
) -> None:
    same, resumed, quiet = _failed(installed, _RANDOM, _WRITES, _CALLS)
    assert same.startswith("The same seed gives the same weights: ")
    assert resumed.startswith("Stopped and resumed it gives the same weights: ")
    assert "socket.getaddrinfo" in quiet
    assert "written.txt" in quiet


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "told"),
    [(_DEAF, "It learns four cases by heart"), (_NAIVE, "no longer a number")],
    ids=["deaf", "naive"],
)
def test_a_recipe_that_cannot_learn_does_not_pass(installed: Path, change: tuple[str, str], told: str) -> None:
    assert any(told in one for one in _failed(installed, change))


def test_a_card_that_cannot_be_read_is_told_and_the_others_go_on(installed: Path) -> None:
    (installed / "overread_grey_levels" / "card.py").write_text("raise RuntimeError('no such thing')\n")
    done = _run(installed, "manage.py", "recipe", "list")
    assert done.returncode == 0
    assert "classification: " in done.stdout
    assert "grey_levels" not in done.stdout
    assert "cannot be read" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ["classification", "segmentation", "sequence"])
def test_the_built_in_recipes_pass_their_exam(name: str, tmp_path: Path) -> None:
    done = _run(tmp_path, "manage.py", "recipe", "check", name)
    assert done.returncode == 0, done.stdout + done.stderr
