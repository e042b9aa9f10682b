"""One report, kept as a file: the engine makes exactly it, and the front end's tests read the same file.

Where the report's shape or figures change on purpose, ``python -m`` with this module's name writes the file anew.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inference.engine.case_result import CaseResult
from inference.engine.evaluate import evaluate
from inference.engine.map_report import MapGrades
from inference.engine.report import Evaluation, Gate

KEPT = Path(__file__).parents[2] / "fixtures" / "evaluation.json"


def made_of(kept):
    cases = [CaseResult.from_json(case) for case in kept["cases"]]
    maps = {label: MapGrades.model_validate(grades) for label, grades in kept["maps"].items()}
    return evaluate(
        cases,
        labels=["nodule", "mass"],
        thresholds={"nodule": 0.5, "mass": 0.4},
        groups=["sex"],
        maps=maps,
        replicates=100,
    )


def test_the_engine_makes_the_report_that_the_front_end_is_tested_with():
    kept = json.loads(KEPT.read_text())
    assert _flat(made_of(kept).to_json()) == pytest.approx(_flat(kept["report"]), nan_ok=False)
    assert Evaluation.kept(kept["report"]) is not None


def test_an_empty_row_keeps_no_report_and_a_strange_one_is_not_taken_for_one():
    assert Evaluation.kept({}) is None
    with pytest.raises(ValueError, match="labels"):
        Evaluation.kept({"schema": "overread-evaluation/1", "cases": 3})
    with pytest.raises(ValueError, match="surprise"):
        Gate.kept({"passed": True, "surprise": 1})


def _flat(value, path=""):
    """Every number of a report by its path, with words hashed into the path."""
    if isinstance(value, dict):
        return {k: v for name, one in value.items() for k, v in _flat(one, f"{path}/{name}").items()}
    if isinstance(value, list):
        return {k: v for at, one in enumerate(value) for k, v in _flat(one, f"{path}/{at}").items()}
    if isinstance(value, bool) or not isinstance(value, int | float):
        return {f"{path}={value}": 1.0}
    return {path: float(value)}


if __name__ == "__main__":
    whole = json.loads(KEPT.read_text())
    whole["report"] = made_of(whole).to_json()
    KEPT.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")
