"""The overlay lies on the pixels it explains: a map of a planted bright square covers that square on the screen."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from inference.models import Prediction
from inference.services.predictions import predictions_on_arrival
from inference.services.saliency import saliency_finish, saliency_request
from tests.e2e.bench import need_the_front_end, reader_at
from tests.e2e.walk import wait_for_image
from tests.inference.planted_archive import (
    COLUMNS,
    ROWS,
    SQUARE,
    Planted,
    bright_model,
    install,
    make_family,
    open_workitem,
    plant,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from core.models import Project, User
    from tests.browser import Desk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
#: Keys that bring the image into another position, one after the other.
VIEWS = {"as opened": "", "flipped": "Shift+H", "rotated": ".", "larger": "+", "upside down": "Shift+V"}


@pytest.fixture
def planted(project: Project, admin: User, run_jobs: Callable[[], int], tmp_path: Path) -> Planted:
    """A study with a square, a finished prediction, and a map that is hot on the square and nowhere else."""
    need_the_front_end()
    install(make_family(project, admin), bright_model(tmp_path / "model"))
    made = plant(project, 2, bright=True)
    assert made.square is not None
    workitem = open_workitem(project, made)
    (prediction,) = predictions_on_arrival(workitem=workitem)
    run_jobs()
    prediction = Prediction.objects.get(pk=prediction.pk, state=Prediction.State.FINISHED)
    saliency = saliency_request(prediction=prediction, label_key="square", method="hirescam", requested_by=None)
    hot = np.zeros((ROWS, COLUMNS), np.uint8)
    row, column = made.square
    hot[row : row + SQUARE, column : column + SQUARE] = 255
    frames = [(made.instance.sop_instance_uid, 1)]
    saliency_finish(
        saliency=saliency, map_bytes=hot.tobytes(), shape_kji=(1, ROWS, COLUMNS), frames=frames, layer="planted",
        parameters={},
    )  # fmt: skip
    return made


def _seen(desk: Desk) -> NDArray[np.int64]:
    picture = desk.page.locator('[data-testid="viewport-picture"]')
    return np.asarray(Image.open(io.BytesIO(picture.screenshot())).convert("RGB")).astype(np.int64)


def _box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Return first row, first column, last row, last column of what is set, without the outermost specks."""
    rows, columns = np.nonzero(mask)
    assert len(rows) > 200, "there is something to see"
    (top, bottom), (left, right) = (np.percentile(axis, [1, 99]).astype(int) for axis in (rows, columns))
    return int(top), int(left), int(bottom), int(right)


def test_a_map_of_a_bright_square_covers_the_square_in_every_position_of_the_image(
    planted: Planted, radiologist: User, server_url: str
) -> None:
    workitem = planted.study.workitems.get()
    with reader_at(server_url, radiologist) as desk:
        page = desk.page
        page.goto(f"{server_url}/read/{workitem.pk}")
        wait_for_image(desk)
        page.keyboard.press("Shift+O")
        page.keyboard.press("Shift+I")
        for view, key in VIEWS.items():
            if key:
                page.keyboard.press(key)
            page.mouse.move(5, 500)
            page.wait_for_timeout(600)
            plain = _seen(desk)
            grey = plain.max(axis=2)
            square = _box(grey > (np.percentile(grey[grey > 20], 50) + np.percentile(grey, 99.5)) / 2)
            page.keyboard.press("s")
            expect(page.get_by_test_id("saliency-legend")).to_contain_text("planted")
            page.wait_for_timeout(600)
            coloured = _seen(desk)
            tinted = (coloured.max(axis=2) - coloured.min(axis=2) > 40) & (np.abs(coloured - plain).max(axis=2) > 25)
            legend = page.get_by_test_id("saliency-legend").bounding_box()
            frame = page.locator('[data-testid="viewport-picture"]').bounding_box()
            assert legend is not None
            assert frame is not None
            tinted[int(legend["y"] - frame["y"]) - 2 :, int(legend["x"] - frame["x"]) - 2 :] = False
            overlay = _box(tinted)
            # One pixel of the image is about twenty of the screen here.
            assert np.abs(np.subtract(overlay, square)).max() <= 8, f"{view}: square {square}, overlay {overlay}"
            desk.picture(f"saliency-{view.replace(' ', '-')}")
            page.keyboard.press("s")
            expect(page.get_by_test_id("saliency-legend")).to_have_count(0)
