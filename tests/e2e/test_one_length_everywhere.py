"""A length is one number with one source: beside the line, in the panel, in the scale bar and in what is stored."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from annotations.models import Calibration, Finding, ReadingProtocol
from annotations.services.workitems import workitem_open
from imaging.models import Series, Study
from imaging.services.series_index import series_index
from tests.e2e.bench import need_the_front_end, reader_at
from tests.factories import dicom_files as made
from tests.imaging.arriving import arrived
from tests.patience import eventually

if TYPE_CHECKING:
    from core.models import Project, User
    from tests.browser import Desk

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.django_db(transaction=True)]

SIZE = 120
DX, CT, US = "1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.6.1"
OPT, CAPTURE = "1.2.840.10008.5.1.4.1.1.77.1.5.4", "1.2.840.10008.5.1.4.1.1.7"


def _region(x0: int, x1: int, cm: float) -> Dataset:
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType, item.RegionFlags = 1, 1, 2
    item.RegionLocationMinX0, item.RegionLocationMinY0 = x0, 0
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = x1, SIZE - 1
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3
    item.PhysicalDeltaX = item.PhysicalDeltaY = cm
    return item


@dataclass
class Case:
    """An image, and what a step of one row and of one column on it is under the line from (20, 30) to (50, 90)."""

    name: str
    sop_class: str
    modality: str
    header: dict[str, Any]
    row: float
    column: float
    unit: str
    words: str
    #: (height, width) of a pixel on the screen.
    shape: tuple[float, float] = (1, 1)
    bar: bool = True
    uid: str = field(default="", init=False)


PLACED = {
    "ImagePositionPatient": [0, 0, 0],
    "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
    "FrameOfReferenceUID": "1.2.3.4",
}
CASES = [
    Case("fiducial", DX, "DX", {"PixelSpacing": [0.15, 0.15], "ImagerPixelSpacing": [0.2, 0.2],
         "PixelSpacingCalibrationType": "FIDUCIAL"}, 0.15, 0.15, "mm", "calibrated by an object of known size"),
    Case("magnified", DX, "DX", {"ImagerPixelSpacing": [0.2, 0.2], "EstimatedRadiographicMagnificationFactor": 1.25},
         0.16, 0.16, "mm", "detector ÷ magnification 1.25"),
    Case("detector", DX, "DX", {"ImagerPixelSpacing": [0.2, 0.2]}, 0.2, 0.2, "mm", "at the detector"),
    Case("one region", US, "US", {"PixelSpacing": [1, 1], "SequenceOfUltrasoundRegions": [_region(0, SIZE - 1, 0.05)]},
         0.5, 0.5, "mm", "ultrasound region"),
    Case("two regions", US, "US", {"SequenceOfUltrasoundRegions": [_region(0, 59, 0.05), _region(60, SIZE - 1, 0.02)]},
         0.5, 0.5, "mm", "ultrasound region", bar=False),
    Case("retina", OPT, "OPT", {"PixelSpacing": [0.01, 0.01]}, 0.01, 0.01, "mm", "Pixel Spacing"),
    Case("high pixels", CT, "CT", {"PixelSpacing": [1.0, 0.5], **PLACED}, 1.0, 0.5, "mm", "Pixel Spacing", (2, 1)),
    Case("aspect", CAPTURE, "OT", {"PixelAspectRatio": [2, 1]}, 2, 1, "px", "no calibration, in pixel widths", (2, 1)),
    Case("screenshot", CAPTURE, "OT", {"PixelSpacing": [0.5, 0.5]}, 1, 1, "px", "a screenshot"),
]  # fmt: skip


def _file(case: Case, number: int) -> bytes:
    dataset = made.dicom_dataset("lengths", sop_class=UID(case.sop_class), modality=case.modality)
    dataset.SeriesInstanceUID = made.file_uid("lengths", str(number))
    made.number_instance(dataset, 1, f"lengths-{number}")
    dataset.SeriesNumber, dataset.SeriesDescription = number, case.name
    pixels = np.zeros((SIZE, SIZE), np.uint16)
    # A square in the patient: as many rows as it takes to be as high as it is wide on the screen.
    high, wide = round(60 / case.shape[0]), round(60 / case.shape[1])
    pixels[30 : 30 + high, 30 : 30 + wide] = 4000
    made.set_pixels(dataset, pixels)
    dataset.BitsStored, dataset.HighBit, dataset.WindowCenter, dataset.WindowWidth = 12, 11, 2000, 4000
    for keyword, value in case.header.items():
        setattr(dataset, keyword, Sequence(value) if keyword.startswith("Sequence") else value)
    case.uid = str(dataset.SOPInstanceUID)
    return made.file_bytes(dataset)


_SQUARE = """() => {
    const canvas = document.querySelector('[data-testid="picture-canvas"]');
    const { width, height } = canvas;
    const all = canvas.getContext("2d").getImageData(0, 0, width, height).data;
    let [left, right, top, bottom] = [width, -1, height, -1];
    for (let y = 0; y < height; y += 1) {
        for (let x = 0; x < width; x += 1) {
            if (all[(y * width + x) * 4] > 128) {
                left = Math.min(left, x); right = Math.max(right, x);
                top = Math.min(top, y); bottom = Math.max(bottom, y);
            }
        }
    }
    return [right - left + 1, bottom - top + 1];
}"""
_LISTEN = """
    window.written = [];
    const write = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
        window.written.push(text);
        return write.call(this, text, ...rest);
    };
"""


def _open_series(desk: Desk, case: Case) -> None:
    desk.page.get_by_test_id("series-button").filter(has=desk.page.get_by_text(case.name, exact=True)).click()
    desk.page.locator(f'[data-testid="picture-canvas"][data-frame="{case.uid}/1"]').wait_for()


def _drawn_line(desk: Desk, case: Case) -> Finding:
    """Draw from (20, 30) to (50, 90) with the mouse; returns the stored finding."""
    box = desk.page.get_by_test_id("viewport-surface").first.bounding_box()
    assert box is not None
    height, width = case.shape
    scale = min(box["width"] / (SIZE * width), box["height"] / (SIZE * height))
    ends = [
        (
            box["x"] + box["width"] / 2 + (column - (SIZE - 1) / 2) * width * scale,
            box["y"] + box["height"] / 2 + (row - (SIZE - 1) / 2) * height * scale,
        )
        for column, row in ((20, 30), (50, 90))
    ]
    known = set(Finding.objects.values_list("pk", flat=True))
    desk.page.keyboard.press("l")
    desk.page.mouse.move(*ends[0])
    desk.page.mouse.down()
    desk.page.mouse.move(*ends[1], steps=5)
    desk.page.mouse.up()
    assert eventually(lambda: Finding.objects.exclude(pk__in=known).exists()), case.name
    return Finding.objects.select_related("head").exclude(pk__in=known).get()


def _stored(finding: Finding) -> dict[str, Any]:
    head = Finding.objects.select_related("head").get(pk=finding.pk).head
    assert head is not None
    (measure,) = (one for name, one in head.content["measures"].items() if name.startswith("length"))
    return dict(measure)


def _bar(desk: Desk, case: Case) -> tuple[float, str]:
    """Return the length that the scale bar states, measured on the screen in this case's unit, and its text."""
    bar = desk.page.get_by_test_id("scale-bar").first
    text = bar.inner_text()
    line = bar.locator("div").bounding_box()
    box = desk.page.get_by_test_id("viewport-surface").first.bounding_box()
    assert line is not None
    assert box is not None
    height, width = case.shape
    scale = min(box["width"] / (SIZE * width), box["height"] / (SIZE * height))
    found = re.match(r"([\d.]+) (cm|mm|px)", text)
    assert found is not None, text
    said = float(found[1]) * (10 if found[2] == "cm" else 1)
    assert (found[2] == "px") == (case.unit == "px"), text
    on_screen = line["width"] / (width * scale) * case.column
    return on_screen / said, text


def test_a_length_is_one_number_with_one_source_everywhere(
    project: Project, radiologist: User, server_url: str
) -> None:
    need_the_front_end()
    for number, case in enumerate(CASES, 1):
        (verdict,) = arrived(_file(case, number), project, radiologist)
        assert verdict.outcome == "stored", (case.name, verdict.code)
    for series in Series.objects.all():
        series_index(series=series)
    ReadingProtocol.objects.get_or_create(project=project)
    workitem = workitem_open(project=project, study=Study.objects.get())
    with reader_at(server_url, radiologist) as desk:
        desk.context.add_init_script(_LISTEN)
        desk.page.goto(f"{server_url}/read/{workitem.pk}")
        for case in CASES:
            _open_series(desk, case)
            across, down = desk.page.evaluate(_SQUARE)
            assert across == pytest.approx(down, rel=0.02), (
                f"{case.name}: the square is {across} x {down} on the screen"
            )
            desk.page.evaluate("() => { window.written = []; }")
            finding = _drawn_line(desk, case)
            measure = _stored(finding)
            assert finding.head is not None
            start, end = np.array(finding.head.content["geometry"]["points"])
            if "ImagePositionPatient" in case.header:
                right = float(np.linalg.norm(end - start))
                asked = math.hypot(30 * case.column, 60 * case.row)
                assert right == pytest.approx(asked, rel=0.03)
            else:
                right = math.hypot((end[0] - start[0]) * case.column, (end[1] - start[1]) * case.row)
                assert np.abs(end - start - [30, 60]).max() < 1.5, case.name
            assert measure["value"] == pytest.approx(right, rel=1e-3), case.name
            assert (measure["unit"], measure["words"].startswith(case.words)) == (case.unit, True), (case.name, measure)
            # The panel, and the caption that was painted on the image.
            written = f"{right:.2f}" if right < 10 else f"{right:.1f}" if right < 100 else f"{right:.0f}"
            panel = desk.page.get_by_test_id("finding-detail")
            panel.get_by_text(f"{written} {case.unit}").first.wait_for()
            assert case.words in panel.inner_text(), case.name
            beside = desk.page.evaluate("() => window.written")
            assert any(text.startswith(f"{written} {case.unit}") for text in beside), (case.name, written, beside[-6:])
            if case.bar:
                share, text = _bar(desk, case)
                assert share == pytest.approx(1, abs=0.02), (case.name, text)
                assert case.words in text
            desk.picture(f"length-{case.name.replace(' ', '-')}")
        # The last image is a screenshot: a known length makes millimetres of it, and says whose.
        desk.page.get_by_test_id("calibrate").click()
        desk.page.get_by_test_id("calibration-length").fill("100")
        desk.picture("calibrate")
        desk.page.get_by_test_id("calibration-save").click()
        panel.get_by_text("100 mm").first.wait_for()
        measure = _stored(finding)
        assert (measure["value"], measure["unit"]) == (pytest.approx(100, rel=1e-3), "mm")
        assert measure["words"] == f"calibrated by {radiologist}"
        assert measure["words"] in panel.inner_text()
        per_pixel = 100 / right
        case.unit, case.row, case.column = "mm", per_pixel, per_pixel
        share, text = _bar(desk, case)
        assert share == pytest.approx(1, abs=0.02), text
        assert f"calibrated by {radiologist}" in text
        desk.picture("calibrated")
        desk.page.get_by_test_id("calibrate").click()
        desk.page.get_by_test_id("calibration-withdraw").click()
        panel.get_by_text(f"{written} px").first.wait_for()
        assert _stored(finding)["unit"] == "px"
        assert Calibration.objects.count() == 2
