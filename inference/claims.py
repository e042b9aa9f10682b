"""What a version's stated probabilities are worth: what its report measured on test answers like them, with the count.

The page claims this and nothing else. A probability that the report disproves is not called one.
"""

from __future__ import annotations

from typing import Any, Final

from core.numbers import how_many
from inference.engine.kept import CalibrationBin
from inference.engine.report import Evaluation, LabelFigures
from inference.models import ModelVersion

Json = dict[str, Any]
BINS: Final = 10
#: With fewer answers than this nothing is said to be disproved: one of them would decide.
_FEWEST: Final = 5


def claims_json(version: ModelVersion) -> Json:
    """Return for each label and each tenth of probability what the version's newest report measured there."""
    newest = version.reports.order_by("-created_at").first()
    kept = Evaluation.kept(newest.report) if newest else None
    labels = kept.labels if kept else {}
    return {
        "version_id": version.pk,
        "report_id": newest.pk if newest and kept else None,
        "labels": {key: _claims(figures) for key, figures in labels.items()},
    }


def _claims(figures: LabelFigures) -> list[Json]:
    measured = {round(one.low * BINS): one for one in _measured(figures)}
    return [_claim(number, measured, boxes=figures.boxes is not None) for number in range(BINS)]


def _measured(figures: LabelFigures) -> tuple[CalibrationBin, ...]:
    """Return what was stated and what came true: of boxes where each finding is one, else of answers about cases."""
    return figures.boxes.calibration if figures.boxes else figures.calibration


def _claim(number: int, measured: dict[int, CalibrationBin], *, boxes: bool) -> Json:
    low, high = number / BINS, (number + 1) / BINS
    between = f"between {number * 10} and {(number + 1) * 10} %"
    one = measured.get(number)
    if one is None or not one.n:
        asked = "test box" if boxes else "test answer"
        sentence = f"The report has no {asked} {between}: what this figure is worth was not measured."
        return {"low": low, "high": high, "n": 0, "shown": 0, "stands": "unmeasured", "sentence": sentence}
    shown = round(one.observed * one.n)
    sentence = (
        f"Of {how_many(one.n, 'test box', 'test boxes')} {between}, {shown} lay on what readers marked."
        if boxes
        else f"Of {how_many(one.n, 'test answer', 'test answers')} {between}, {shown} showed it."
    )
    disproved = one.n >= _FEWEST and not one.interval[0] <= one.mean_probability <= one.interval[1]
    if disproved:
        too = "high" if one.mean_probability > one.observed else "low"
        sentence += f" The model's own figure is too {too} here: take it as a score, not as a probability."
    return {
        "low": low, "high": high, "n": one.n, "shown": shown,
        "stands": "disproved" if disproved else "measured", "sentence": sentence,
    }  # fmt: skip
