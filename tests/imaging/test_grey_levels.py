"""Grey levels follow the standard; the same cases hold the browser's twin (``geometry/grey-levels.test.ts``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imaging.dicom.grey_levels import GreyLevels, GreyTable, GreyWindow, found_window, levels_of

CASES = json.loads((Path(__file__).parent.parent / "fixtures" / "grey_levels.json").read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_levels_follow_the_standard(case: dict[str, Any]) -> None:
    how: GreyLevels
    if "window" in case:
        how = GreyWindow(**case["window"])
    else:
        how = GreyTable(case["table"]["first"], np.array(case["table"]["levels"], np.float32))
    assert levels_of(how, np.array(case["values"], float)).tolist() == pytest.approx(case["levels"], abs=1e-6)


def test_a_found_window_leaves_padding_and_single_bright_pixels_out() -> None:
    values = np.full((100, 100), np.nan)
    values[50:] = np.arange(5000).reshape(50, 100) / 100
    values[50, 0] = 1e9
    window = found_window([values])
    assert window.center - window.width / 2 == pytest.approx(0.25, abs=0.02)
    assert window.center + window.width / 2 == pytest.approx(49.75, abs=0.02)
