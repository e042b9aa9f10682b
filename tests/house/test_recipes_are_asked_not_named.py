"""Only its own folder knows a recipe by its name; whoever else needs to know something of it asks its card."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

from annotations.dataset.questions import QUESTIONS
from inference.engine.config import settings_of
from inference.engine.gradings.cards import GRADING_CARDS
from inference.engine.gradings.registry import GRADINGS
from inference.engine.recipe_cards import RECIPE_CARDS
from inference.jobs.judges import JUDGES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("core", "imaging", "annotations", "inference", "webapp")
_IN_TYPESCRIPT = re.compile(
    rf"""[!=]==?\s*["'](?:{"|".join(RECIPE_CARDS)})["']|case\s+["'](?:{"|".join(RECIPE_CARDS)})["']"""
)


def _compared(tree: ast.AST) -> Iterator[int]:
    """Yield the lines where a value is compared with a recipe's name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            sides = [node.value]
        else:
            continue
        for side in sides:
            inner = side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else [side]
            if any(isinstance(one, ast.Constant) and one.value in RECIPE_CARDS for one in inner):
                yield side.lineno


def test_nothing_compares_the_name_of_a_recipe() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        if "migrations" not in path.parts and "recipes" not in path.parts
        for line in _compared(ast.parse(path.read_text()))
    ]
    found += [
        f"{path.relative_to(ROOT)}:{number}"
        for pattern in ("*.ts", "*.tsx")
        for path in sorted((ROOT / "frontend" / "src").rglob(pattern))
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if _IN_TYPESCRIPT.search(line)
    ]
    assert found == []


def test_every_recipe_learns_from_a_question_that_datasets_ask_and_tells_its_settings() -> None:
    for card in RECIPE_CARDS.values():
        assert card.question in QUESTIONS, card.name
        entries = {one["name"]: one for one in settings_of(card.name).entries()}
        assert card.unused <= set(entries), "what it does not use is a setting"
        assert all(one["title"] and one["description"] for one in entries.values()), card.name
        for changes in card.presets.values():
            assert set(changes) <= set(entries), card.name


def test_what_a_card_says_of_its_grading_is_known_to_the_gate_and_to_evaluations() -> None:
    assert set(JUDGES) == set(GRADINGS) == set(GRADING_CARDS)
    assert {card.graded for card in RECIPE_CARDS.values()} <= set(GRADINGS)
