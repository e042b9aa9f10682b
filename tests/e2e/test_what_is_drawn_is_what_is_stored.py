"""What a hand draws is stored on the image it was drawn on, with measures that another way of computing finds too."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from annotations.content.revision_json import whole_content
from annotations.models import Finding, ReadingProtocol, Workitem
from annotations.services.projects import label_create
from annotations.services.workitems import workitem_open
from tests.browser import wait_until
from tests.e2e.bench import need_the_front_end, reader_at
from tests.factories.dicom_files import ct_slice, file_bytes, file_uid, set_pixels
from tests.imaging.archive import archived

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from playwright.sync_api import Page

    from core.models import Project, User
    from tests.browser import Desk

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.django_db(transaction=True)]

SIZE, SLICES = 64, 8
SPACING = (0.5, 0.5)


def hu(slice_number: int) -> np.ndarray[Any, Any]:
    """Return the values of one slice, by a formula that is told from any neighbour's."""
    j, i = np.mgrid[:SIZE, :SIZE]
    return 3 * i - 2 * j + 100 * slice_number - 200


#: Notices go after a few seconds; what was said is kept for the test.
LISTEN = """
window.told = [];
new MutationObserver(() => {
  const text = document.querySelector('[data-testid=notice]')?.textContent;
  if (text && window.told.at(-1) !== text) window.told.push(text);
}).observe(document.body, { childList: true, subtree: true, characterData: true });
"""


@dataclass
class Case:
    """A case of two series of eight slices, and what its images are called."""

    workitem: Workitem
    url: str
    slices: dict[str, list[str]]

    def stored(self) -> list[dict[str, Any]]:
        rows = Finding.objects.filter(workitem=self.workitem, deleted=False).select_related("head")
        return [whole_content(row.head) for row in rows.order_by("created_at") if row.head]


@pytest.fixture
def case(project: Project, radiologist: User, admin: User, server_url: str, tmp_path: Path) -> Case:
    need_the_front_end()
    ReadingProtocol.objects.get_or_create(project=project)
    labels = (
        ("lesion", "52988006", "Lesion", ["region", "segment"], "#f59f00"),
        ("edema", "267038008", "Edema", ["segment"], "#4fb3e8"),
        ("node", "30746006", "Lymph node", ["region"], "#4cc38a"),
    )
    for key, code, meaning, uses, color in labels:
        label_create(
            project=project, by=admin, key=key, code_value=code, coding_scheme_designator="SCT", code_meaning=meaning,
            uses=uses, color=color,
        )  # fmt: skip
    slices: dict[str, list[str]] = {}
    study = None
    for number, series in enumerate(("one", "two"), start=1):
        for slice_number in range(1, SLICES + 1):
            dataset = ct_slice("drawn", slice_number, size=SIZE)
            dataset.SeriesInstanceUID = file_uid("drawn", series)
            dataset.SOPInstanceUID = file_uid("drawn", series, slice_number)
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            dataset.SeriesNumber, dataset.SeriesDescription = number, f"Series {series}"
            set_pixels(dataset, (hu(slice_number) + 1024).astype(np.int16))
            path = tmp_path / f"{series}{slice_number}.dcm"
            path.write_bytes(file_bytes(dataset))
            study = archived(path, project, radiologist).series.study
            slices.setdefault(series, []).append(str(dataset.SOPInstanceUID))
    assert study is not None
    workitem = workitem_open(project=project, study=study)
    return Case(workitem, f"{server_url}/read/{workitem.pk}", slices)


class Hand:
    """A hand on the image: places are pixels of the image."""

    def __init__(self, desk: Desk, case: Case) -> None:
        self.page: Page = desk.page
        self.case = case
        self.page.goto(case.url)
        self.shown(5)
        self.page.evaluate(LISTEN)

    def pane(self, pane: str = "left") -> Any:
        return self.page.get_by_test_id(f"viewport-{pane}")

    def shown(self, number: int, series: str = "one", pane: str = "left") -> None:
        """Wait until a slice (from 1) of a series stands on the screen."""
        expect(self.pane(pane)).to_have_attribute("data-sop", self.case.slices[series][number - 1])
        expect(self.pane(pane)).to_have_attribute("data-status", "ready")

    def go(self, number: int) -> None:
        self.page.keyboard.press("Home")
        for _ in range(number - 1):
            self.page.keyboard.press("ArrowDown")
        self.shown(number)

    def at(self, column: float, row: float, pane: str = "left") -> tuple[float, float]:
        box = self.pane(pane).get_by_test_id("viewport-surface").bounding_box()
        assert box is not None
        scale = min(box["width"], box["height"]) / SIZE
        return (
            box["x"] + box["width"] / 2 + (column + 0.5 - SIZE / 2) * scale,
            box["y"] + box["height"] / 2 + (row + 0.5 - SIZE / 2) * scale,
        )

    def press(self, column: float, row: float) -> None:
        self.page.mouse.move(*self.at(column, row))
        self.page.mouse.down()

    def move(self, column: float, row: float) -> None:
        self.page.mouse.move(*self.at(column, row), steps=6)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.press(*start)
        self.move(*end)
        self.page.mouse.up()

    def click(self, column: float, row: float, pane: str = "left") -> None:
        self.page.mouse.click(*self.at(column, row, pane))

    def wheel(self, slices: int) -> None:
        for _ in range(abs(slices)):
            self.page.mouse.wheel(0, 60 if slices > 0 else -60)

    def saved(self, count: int) -> list[dict[str, Any]]:
        """Wait until all is saved, and return what the server holds."""
        expect(self.page.get_by_test_id("finding-row")).to_have_count(count)
        expect(self.page.get_by_test_id("save-state")).to_have_attribute("data-state", "saved")
        stored = self.case.stored()
        assert len(stored) == count
        return stored

    def seen(self) -> NDArray[np.int64]:
        """Return the colours (row, column, RGB) on the screen, of the part of the image that no text stands on."""
        self.page.wait_for_timeout(300)
        picture = Image.open(io.BytesIO(self.pane().screenshot())).convert("RGB")
        return np.asarray(picture).astype(np.int64)[200:-200, 400:-400]

    def told(self, words: str) -> None:
        """Wait until the page has said this since the last time that it was asked."""
        wait_until(self.page, "words => window.told.some((text) => text.includes(words))", words)
        self.page.evaluate("window.told.length = 0")


def pixels_of(content: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Return (column, row) of the stored points, by the factory's own plane."""
    points = np.array(content["geometry"]["points"])
    return (points[:, :2] - np.array([-10.0, -12.0])) / np.array(SPACING)


def differing(before: NDArray[np.int64], after: NDArray[np.int64]) -> int:
    """Return how many pixels of two pictures of the screen are of plainly different colours."""
    return int((np.abs(before - after).sum(axis=2) > 40).sum())


def drawn_on(content: dict[str, Any]) -> str:
    return str(content["geometry"]["sop_instance_uid"])


def test_a_drawing_stays_on_the_image_of_its_first_press(case: Case, radiologist: User, server_url: str) -> None:
    with reader_at(server_url, radiologist) as desk:
        hand = Hand(desk, case)
        page, one = hand.page, case.slices["one"]

        # (a) A box: the wheel turns while the hand draws.
        hand.go(2)
        page.keyboard.press("r")
        hand.press(10, 10)
        hand.move(20, 20)
        hand.wheel(3)
        page.keyboard.press("ArrowDown")
        hand.move(30, 30)
        page.mouse.up()
        (box,) = hand.saved(1)
        hand.shown(2)
        assert drawn_on(box) == one[1]

        # (b) A stored box is moved while the wheel turns.
        page.keyboard.press("v")
        hand.press(20, 10)
        hand.move(24, 12)
        hand.wheel(4)
        hand.move(30, 14)
        page.mouse.up()
        (box,) = hand.saved(1)
        assert drawn_on(box) == one[1]
        assert pixels_of(box)[0] == pytest.approx([20, 14], abs=0.6)

        # (c) A polygon begun on slice 2: a corner clicked on slice 4 is refused in words, and it ends where it began.
        page.keyboard.press("Escape")
        page.keyboard.press("g")
        hand.click(40, 40)
        hand.click(50, 40)
        hand.wheel(2)
        hand.shown(4)
        hand.click(50, 50)
        hand.told("begun on another image")
        hand.wheel(-2)
        hand.shown(2)
        hand.click(50, 50)
        hand.wheel(1)
        hand.shown(3)
        page.keyboard.press("Enter")
        _, polygon = hand.saved(2)
        assert drawn_on(polygon) == one[1]
        assert pixels_of(polygon) == pytest.approx(np.array([[40, 40], [50, 40], [50, 50]]), abs=0.3)

        # (d) Another series ends a polygon in the making; nothing of it is stored there.
        hand.click(10, 40)
        hand.click(20, 40)
        page.keyboard.press("Shift+ArrowDown")
        hand.shown(5, "two")
        hand.told("dropped")
        page.keyboard.press("Enter")
        page.keyboard.press("Shift+ArrowUp")
        hand.shown(5)
        assert len(hand.saved(2)) == 2

        # (e) A loop stops at the press and the box is on the image that stood there.
        page.keyboard.press("Home")
        hand.shown(1)
        page.keyboard.press("r")
        page.keyboard.press("Space")
        wait_until(page, "() => document.querySelector('[data-testid=viewport-left]').dataset.index >= 2")
        hand.press(5, 45)
        stood = hand.pane().get_attribute("data-sop")
        hand.move(12, 50)
        hand.move(15, 55)
        page.mouse.up()
        stored = hand.saved(3)
        index = one.index(drawn_on(stored[2]))
        # One frame may have been on its way when the hand pressed: the loop leaves it again.
        assert abs(index - one.index(str(stood))) <= 1
        assert hand.pane().get_attribute("data-sop") == drawn_on(stored[2])

        # (f) A text typed on slice 1 belongs to slice 1.
        page.keyboard.press("Escape")
        hand.go(1)
        page.keyboard.press("t")
        hand.click(40, 15)
        page.get_by_test_id("point-text-input").fill("here")
        page.mouse.move(*hand.at(10, 20))
        hand.wheel(5)
        hand.shown(6)
        page.get_by_test_id("point-text-input").press("Enter")
        stored = hand.saved(4)
        assert (drawn_on(stored[3]), stored[3]["text"]) == (one[0], "here")

        # (g) A stroke paints the image under it and no other.
        hand.go(1)
        page.keyboard.press("b")
        hand.press(20, 30)
        hand.move(24, 30)
        hand.wheel(3)
        hand.move(30, 30)
        page.mouse.up()
        hand.shown(1)
        stored = hand.saved(5)
        (frame,) = stored[4]["mask"]["frames"]
        assert frame["sop_instance_uid"] == one[0]

        # (h) Corners on the left, then the other pane and another tool: nothing of the polygon remains.
        page.keyboard.press("o")
        hand.shown(1)
        page.keyboard.press("g")
        hand.click(10, 10)
        hand.click(20, 10)
        hand.click(20, 20, pane="right")
        hand.told("dropped: you went on in the other image")
        page.keyboard.press("r")
        hand.told("dropped: you took another tool")
        page.keyboard.press("g")
        page.keyboard.press("Enter")
        assert len(hand.saved(5)) == 5


def test_what_is_stored_of_a_drawing_is_what_its_pixels_say(case: Case, radiologist: User, server_url: str) -> None:
    with reader_at(server_url, radiologist) as desk:
        hand = Hand(desk, case)
        page = hand.page
        hand.go(3)
        page.keyboard.press("r")
        hand.drag((9.5, 11.5), (19.5, 27.5))
        (box,) = hand.saved(1)
        corners = pixels_of(box)
        left, top, right, bottom = corners[:, 0].min(), corners[:, 1].min(), corners[:, 0].max(), corners[:, 1].max()
        assert (left, top, right, bottom) == pytest.approx((9.5, 11.5, 19.5, 27.5), abs=0.2)
        j, i = np.mgrid[:SIZE, :SIZE]
        inside = hu(3)[(i >= left) & (i < right) & (j >= top) & (j < bottom)]
        measures = {name: one["value"] for name, one in box["measures"].items()}
        assert measures["area_mm2"] == pytest.approx((right - left) * (bottom - top) * 0.25, abs=1e-2)
        assert measures["pixels"] == inside.size
        assert (measures["mean"], measures["sd"]) == pytest.approx((inside.mean(), inside.std()), rel=1e-4)
        assert (measures["minimum"], measures["maximum"]) == (inside.min(), inside.max())
        assert box["measures"]["mean"]["unit"] == "HU"
        row = page.get_by_test_id("finding-row").first
        expect(row).to_contain_text(f"SD {inside.std():.4g}")

        # A dragged corner keeps width and height apart.
        page.keyboard.press("v")
        hand.drag((right, top), (right + 4, top + 1))
        (box,) = hand.saved(1)
        assert box["measures"]["width_mm"]["value"] == pytest.approx(7, abs=0.2)
        assert box["measures"]["height_mm"]["value"] == pytest.approx(7.5, abs=0.2)
        page.keyboard.press("Escape")

        # A length by two clicks; in between the hand may let go.
        page.keyboard.press("l")
        hand.click(30, 40)
        hand.click(50, 40)
        stored = hand.saved(2)
        assert stored[1]["measures"]["length_mm"]["value"] == pytest.approx(10, abs=0.2)
        assert stored[1]["label_key"] is None

        # A figure of eight, in one line: both loops.
        page.keyboard.press("g")
        for place in ((30, 5), (40, 15), (40, 5), (30, 15)):
            hand.click(*place)
        page.keyboard.press("Enter")
        stored = hand.saved(3)
        assert stored[2]["measures"]["area_mm2"]["value"] == pytest.approx(50 * 0.25, abs=0.6)
        assert stored[2]["measures"]["pixels"]["value"] > 40

        # Beside the image there is nothing to draw on, and a contour of a point is said to be too small.
        page.keyboard.press("r")
        hand.drag((-14, 10), (-4, 20))
        hand.told("holds no pixel")
        page.keyboard.press("f")
        hand.drag((45, 20), (45.4, 20.2))
        assert len(hand.saved(3)) == 3
        desk.picture("drawings")


def test_a_brush_paints_its_own_label_and_never_another(case: Case, radiologist: User, server_url: str) -> None:
    with reader_at(server_url, radiologist) as desk:
        hand = Hand(desk, case)
        page = hand.page
        hand.go(4)
        page.get_by_test_id("draw-label-lesion").click()
        page.keyboard.press("b")
        hand.drag((12, 12), (20, 12))
        (lesion,) = hand.saved(1)
        assert lesion["label_key"] == "lesion"
        before = lesion["mask"]["frames"]

        # Another label: a mask of its own, although the lesion is selected.
        page.get_by_test_id("draw-label-edema").click()
        hand.drag((16, 12), (30, 20))
        stored = hand.saved(2)
        assert [one["label_key"] for one in stored] == ["lesion", "edema"]
        assert stored[0]["mask"]["frames"] == before

        # A label that cannot be painted: said, and nothing painted.
        page.get_by_test_id("draw-label-node").click()
        hand.drag((40, 40), (44, 44))
        hand.told("“Lymph node” cannot be painted")
        assert [one["mask"] for one in hand.saved(2)] == [one["mask"] for one in stored]

        # An area with a label for painting becomes a part of that label's mask.
        page.get_by_test_id("draw-label-edema").click()
        page.keyboard.press("r")
        hand.drag((40.5, 40.5), (50.5, 45.5))
        stored = hand.saved(2)
        painted = sum(stored[1]["mask"]["frames"][0]["runs"][1::2])
        assert painted == stored[1]["measures"]["pixels"]["value"]
        runs = stored[1]["mask"]["frames"][0]["runs"]
        on = np.zeros(SIZE * SIZE, bool)
        for start, length in zip(runs[0::2], runs[1::2], strict=True):
            on[start : start + length] = True
        assert on.reshape(SIZE, SIZE)[41:46, 41:51].all()
        values = hu(4)[on.reshape(SIZE, SIZE)]
        assert stored[1]["measures"]["mean"]["value"] == pytest.approx(values.mean(), rel=1e-5)

        # Locked: said, and no second mask of the label lies over it.
        page.get_by_test_id("draw-label-lesion").click()
        page.get_by_test_id("finding-row").first.get_by_test_id("finding-lock").click()
        page.keyboard.press("b")
        hand.drag((12, 14), (20, 14))
        hand.told("“Lesion” is locked")
        stored = hand.saved(2)
        assert stored[0]["mask"]["frames"] == before
        page.get_by_test_id("finding-row").first.get_by_test_id("finding-lock").click()

        # Hidden: shown again, so that nothing is drawn unseen.
        page.keyboard.press("u")
        hand.drag((12, 14), (20, 14))
        hand.told("shown again")
        stored = hand.saved(2)
        assert stored[0]["mask"]["frames"] != before

        # Erased to nothing: one step, deleted, and brought back by one undo.
        for _ in range(4):
            page.keyboard.press("]")
        page.get_by_test_id("finding-row").first.get_by_role("button", name=re.compile("Lesion")).click()
        page.keyboard.press("d")
        hand.drag((8, 12), (26, 13))
        hand.told("the segmentation is deleted")
        (left,) = hand.saved(1)
        assert left["label_key"] == "edema"
        page.keyboard.press("Control+z")
        again = hand.saved(2)
        assert next(one for one in again if one["label_key"] == "lesion")["mask"] == stored[0]["mask"]


def test_measures_shown_and_stored_are_those_of_the_mask_after_quick_undo_and_redo(
    case: Case, radiologist: User, server_url: str
) -> None:
    with reader_at(server_url, radiologist) as desk:
        hand = Hand(desk, case)
        page = hand.page
        page.get_by_test_id("draw-label-lesion").click()
        page.keyboard.press("b")
        hand.drag((12, 12), (20, 12))
        hand.saved(1)
        hand.drag((12, 30), (40, 30))
        hand.drag((12, 40), (40, 40))
        row = page.get_by_test_id("finding-row")
        (drawn,), all_three = hand.saved(1), row.inner_text()
        for keys in ("Control+z", "Control+z", "Control+Shift+z", "Control+z", "Control+Shift+z", "Control+Shift+z"):
            page.keyboard.press(keys)
        # Saved once before the last key arrived is not yet the end.
        expect(row).to_have_text(all_three, use_inner_text=True)
        (stored,) = hand.saved(1)
        assert stored["mask"] == drawn["mask"], "all three strokes"
        painted = sum(sum(frame["runs"][1::2]) for frame in stored["mask"]["frames"])
        assert stored["measures"]["pixels"]["value"] == painted
        shown = row.inner_text()
        page.reload()
        hand.shown(5)
        expect(page.get_by_test_id("finding-row")).to_have_count(1)
        assert page.get_by_test_id("finding-row").inner_text() == shown

        # Drawn, undone, drawn again and deleted: after handing in, the image is as it was before.
        page.keyboard.press("Escape")
        page.mouse.move(*hand.at(60, 60))
        before = hand.seen()
        page.keyboard.press("r")
        hand.drag((12, 45), (40, 60))
        hand.saved(2)
        page.mouse.move(*hand.at(60, 60))
        assert differing(before, hand.seen()) > 500
        for keys, rows in (("Control+z", 1), ("Control+Shift+z", 2), ("Delete", 1)):
            page.keyboard.press(keys)
            hand.saved(rows)
        page.keyboard.press("Control+Enter")
        expect(page.get_by_test_id("workitem-state")).to_have_attribute("data-state", "submitted")
        assert differing(before, hand.seen()) == 0

        # A series that could not be fetched without network is there by itself when the network is back.
        desk.context.set_offline(True)
        page.keyboard.press("Shift+ArrowDown")
        expect(page.get_by_test_id("viewport-problem")).to_be_visible()
        desk.faults[:] = [fault for fault in desk.faults if "ERR_INTERNET_DISCONNECTED" not in fault]
        desk.context.set_offline(False)
        hand.shown(5, "two")
        desk.faults[:] = [fault for fault in desk.faults if "ERR_INTERNET_DISCONNECTED" not in fault]


def test_two_viewports_scroll_exactly_together_and_a_click_on_a_finding_keeps_the_zoom(
    case: Case, radiologist: User, server_url: str
) -> None:
    with reader_at(server_url, radiologist) as desk:
        hand = Hand(desk, case)
        page = hand.page
        hand.go(2)
        page.keyboard.press("r")
        hand.drag((20, 20), (30, 30))
        hand.saved(1)
        page.keyboard.press("w")
        page.keyboard.press("Escape")
        zoom = re.compile(r"Zoom (\d+) %")
        texts = page.get_by_test_id("overlay-view").first
        before = zoom.search(texts.inner_text())
        hand.go(7)
        page.get_by_test_id("finding-row").first.get_by_role("button", name=re.compile("Lesion")).click()
        hand.shown(2)
        after = zoom.search(texts.inner_text())
        assert before is not None
        assert after is not None
        assert before.group(1) == after.group(1)

        page.keyboard.press("o")
        hand.shown(2, "two", pane="right")
        page.keyboard.press("ArrowDown")
        hand.shown(3)
        hand.shown(3, "two", pane="right")
        page.mouse.move(*hand.at(32, 32))
        hand.wheel(4)
        hand.shown(7)
        hand.shown(7, "two", pane="right")
        page.keyboard.press("Home")
        hand.shown(1)
        hand.shown(1, "two", pane="right")
        page.get_by_test_id("link-scroll").click()
        page.keyboard.press("ArrowDown")
        hand.shown(2)
        page.keyboard.press("ArrowDown")
        hand.shown(3)
        hand.shown(1, "two", pane="right")
        page.get_by_test_id("link-scroll").click()
        hand.shown(3, "two", pane="right")
        page.get_by_test_id("link-zoom").click()
        right = page.get_by_test_id("viewport-right").get_by_test_id("overlay-view")
        page.keyboard.press("+")
        left_zoom = zoom.search(page.get_by_test_id("viewport-left").get_by_test_id("overlay-view").inner_text())
        assert left_zoom is not None
        expect(right).to_contain_text(f"Zoom {left_zoom.group(1)} %")
        desk.picture("two-viewports")
