"""What an image says is what the reader sees: canvas, value under the cursor, statistics, thumbnail, model, alike."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.test import Client
from PIL import Image

from annotations.models import Finding, ReadingProtocol, Workitem
from annotations.services.workitems import workitem_open
from imaging.models import Series, Study
from imaging.selectors import series_volume
from imaging.services.series_index import series_index
from tests.browser import wait_until
from tests.e2e.bench import need_the_front_end, reader_at
from tests.factories.dicom_files import file_bytes, file_uid
from tests.factories.measured_images import measured_images
from tests.factories.odd_pixel_cases import all_cases
from tests.factories.pixel_cases import SIZE, PixelCase, file_of, slices_of_one_slope
from tests.imaging.arriving import arrived
from tests.patience import eventually

if TYPE_CHECKING:
    from core.models import Project, User
    from tests.browser import Desk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CASES = {case.name: case for case in all_cases() if case.browser}

_SAMPLE = """([rows, columns]) => {
    const canvas = document.querySelector('[data-testid="picture-canvas"]');
    const { width, height } = canvas;
    const all = canvas.getContext("2d").getImageData(0, 0, width, height).data;
    const scale = Math.min(width / columns, height / rows);
    const seen = [];
    for (let j = 0; j < rows; j += 1) {
        for (let i = 0; i < columns; i += 1) {
            const x = Math.floor(width / 2 + (i - (columns - 1) / 2) * scale);
            const y = Math.floor(height / 2 + (j - (rows - 1) / 2) * scale);
            const at = (y * width + x) * 4;
            seen.push(all[at], all[at + 1], all[at + 2]);
        }
    }
    return seen;
}"""
_LISTEN = """
    window.written = [];
    const write = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
        window.written.push(text);
        return write.call(this, text, ...rest);
    };
"""


def _opened(project: Project, reader: User) -> Workitem:
    """Open the one study for reading, with every pixel a square when it is enlarged."""
    for series in Series.objects.all():
        series_index(series=series)
    ReadingProtocol.objects.get_or_create(project=project)
    reader.preferences = {"interpolate": False}
    reader.save()
    return workitem_open(project=project, study=Study.objects.get())


def _shown(desk: Desk) -> np.ndarray[Any, Any]:
    """Return what is on the canvas at each pixel's centre, once nothing waits to be drawn any more."""
    desk.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    seen = desk.page.evaluate(_SAMPLE, [SIZE, SIZE])
    return np.array(seen, float).reshape(SIZE, SIZE, 3)


def _open_series(desk: Desk, name: str, sop: str, frame: int = 1) -> None:
    desk.page.get_by_test_id("series-button").filter(has=desk.page.get_by_text(name, exact=True)).click()
    desk.page.locator(f'[data-testid="picture-canvas"][data-frame="{sop}/{frame}"]').wait_for()


def _point(desk: Desk, column: float, row: float) -> tuple[float, float]:
    box = desk.page.get_by_test_id("viewport-surface").first.bounding_box()
    assert box is not None
    scale = min(box["width"], box["height"]) / SIZE
    middle = (SIZE - 1) / 2
    return (
        box["x"] + box["width"] / 2 + (column - middle) * scale,
        box["y"] + box["height"] / 2 + (row - middle) * scale,
    )


def _probe(desk: Desk, column: int, row: int) -> str:
    desk.page.mouse.move(*_point(desk, column, row))
    desk.page.get_by_test_id("pixel-value").first.get_by_text(f"({column}, {row})").wait_for()
    return desk.page.get_by_test_id("pixel-value").first.inner_text()


def _off(seen: np.ndarray[Any, Any], meant: np.ndarray[Any, Any]) -> float:
    meant = np.nan_to_num(meant)
    meant = meant if meant.ndim == 3 else np.repeat(meant[..., None], 3, axis=2)
    return float(np.abs(seen - meant).max())


def _probed_wrongly(desk: Desk, case: PixelCase) -> list[str]:
    wrong = []
    for column, row in ((5, 30), (48, 32), (40, 2)):
        text = _probe(desk, column, row)
        if case.values is None:
            red, green, blue = case.shown[row, column]
            found = re.search(r"R (\d+) G (\d+) B (\d+)", text)
            right = found is not None and all(
                abs(int(said) - int(meant)) <= 1 for said, meant in zip(found.groups(), (red, green, blue), strict=True)
            )
        elif np.isnan(case.values[row, column]):
            right = "padding" in text
        else:
            found = re.search(r"\)\s+(-?[\d.]+(?:e[-+]?\d+)?)", text)
            meant = case.values[row, column]
            # Written with four figures.
            right = found is not None and abs(float(found[1]) - meant) <= 0.0006 * abs(meant)
        if not right:
            wrong.append(f"{case.name}: cursor at {column},{row} says {text!r}")
    return wrong


@pytest.mark.long
def test_every_image_is_shown_as_it_means_itself(project: Project, radiologist: User, server_url: str) -> None:
    need_the_front_end()
    for case in CASES.values():
        (verdict,) = arrived(file_of(case), project, radiologist)
        assert verdict.outcome == "stored", (case.name, verdict.code)
    work = _opened(project, radiologist)
    client = Client()
    client.force_login(radiologist)
    wrong: list[str] = []
    with reader_at(server_url, radiologist) as desk:
        desk.page.goto(f"{server_url}/read/{work.pk}")
        for name, case in CASES.items():
            _open_series(desk, name, str(case.dataset.SOPInstanceUID))
            off = _off(_shown(desk), case.shown if case.overlaid is None else case.overlaid)
            if off > 2:
                wrong.append(f"{name}: {off:.0f} grey levels off on the screen")
            wrong += _probed_wrongly(desk, case)
            texts = desk.page.get_by_test_id("overlay-view").first.inner_text()
            wrong += [f"{name} does not say: {words}" for words in case.undrawn.values() if words not in texts]
            # Through the image's own windows and tables and back to the first one.
            turns = zip([*case.choices, case.shown], [*case.names[1:], *case.names[:1]], strict=True)
            for shown, called in turns if case.choices else ():
                desk.page.keyboard.press("Shift+W")
                if not eventually(lambda shown=shown: _off(_shown(desk), shown) <= 2, 20):  # type: ignore[misc]
                    wrong.append(f"{name}, {called}: another picture on the screen")
                texts = desk.page.get_by_test_id("overlay-view").first.inner_text()
                if f"({called})" not in texts:
                    wrong.append(f"{name}: the caption of {called} says {texts.splitlines()[0]!r}")
            if case.overlaid is not None:
                assert "Overlay" in desk.page.get_by_test_id("overlay-view").first.inner_text()
                desk.page.keyboard.press("Shift+P")
                if (off := _off(_shown(desk), case.shown)) > 2:
                    wrong.append(f"{name}: {off:.0f} grey levels off without its overlay")
                desk.page.keyboard.press("Shift+P")
            root = f"/dicomweb/studies/{case.dataset.StudyInstanceUID}/series/{case.dataset.SeriesInstanceUID}"
            meant = np.nan_to_num(case.shown if case.overlaid is None else case.overlaid)
            instance = f"{root}/instances/{case.dataset.SOPInstanceUID}"
            for below, accept, most in (("rendered", "image/png", 1.01), ("thumbnail", "image/jpeg", 8)):
                body = client.get(f"{instance}/{below}", headers={"Accept": accept}).content
                drawn = np.asarray(Image.open(BytesIO(body)).convert("RGB"), float)
                off = _off(drawn, meant) if below == "rendered" else abs(drawn.mean() - meant.mean())
                if off > most:
                    wrong.append(f"{name}: {below} is {off:.1f} off")
            if case.values is not None:
                series = Series.objects.get(series_instance_uid=case.dataset.SeriesInstanceUID)
                given = series_volume(series).pixels_kji[0]
                right = case.values if case.mirrored is None else case.mirrored
                right = np.where(np.isnan(right), np.nanmin(right), right)
                if np.abs(given - right).max() > 1e-6 * max(1.0, float(np.abs(right).max())):
                    wrong.append(f"{name}: a model is given other values")
    assert wrong == [], "\n".join(wrong)


def test_slices_of_one_series_are_shown_in_one_window(project: Project, radiologist: User, server_url: str) -> None:
    need_the_front_end()
    slices = slices_of_one_slope()
    for dataset in slices:
        arrived(file_bytes(dataset), project, radiologist)
    work = _opened(project, radiologist)
    # The 0.5th percentile of all slices is the ground of 50, the 99.5th the square of 75: it is 1.6 % of a slice.
    with reader_at(server_url, radiologist) as desk:
        desk.page.goto(f"{server_url}/read/{work.pk}")
        desk.page.locator('[data-testid="picture-canvas"][data-frame]').wait_for()
        desk.page.keyboard.press("Home")
        windows = set()
        for dataset in slices:
            desk.page.locator(f'[data-testid="picture-canvas"][data-frame="{dataset.SOPInstanceUID}/1"]').wait_for()
            seen = _shown(desk)[..., 0]
            assert seen[10, 10] == 255, "the square of 75 is white on every slice"
            assert seen[40, 40] == 0, "the ground of 50 is black on every slice"
            assert "75 " in _probe(desk, 10, 10)
            windows.add(desk.page.get_by_test_id("overlay-view").first.inner_text().split("Zoom")[0])
            desk.page.keyboard.press("ArrowDown")
        assert len(windows) == 1, windows
        # A slice that comes while the page is open is in the series when it is opened again, at its place.
        late = slices[2]
        late.SOPInstanceUID = late.file_meta.MediaStorageSOPInstanceUID = file_uid("late slice")
        late.InstanceNumber, late.ImagePositionPatient = 6, [0, 0, 5]
        assert arrived(file_bytes(late), project, radiologist)[0].outcome == "stored"
        series_index(series=Series.objects.get())

        def counted() -> bool:
            desk.page.get_by_test_id("series-button").first.click()
            desk.page.keyboard.press("Home")
            for _ in range(2):
                desk.page.keyboard.press("ArrowDown")
            return "Image 3 / 6" in desk.page.get_by_test_id("overlay-view").first.inner_text()

        assert eventually(counted)
        desk.page.locator(f'[data-testid="picture-canvas"][data-frame="{late.SOPInstanceUID}/1"]').wait_for()


def _drawn_rectangle(desk: Desk) -> Finding:
    """Draw over the pixels of rows 4 to 20 and columns 20 to 40; returns the stored finding."""
    known = set(Finding.objects.values_list("pk", flat=True))
    desk.page.evaluate("() => { window.written = []; }")
    desk.page.keyboard.press("r")
    desk.page.mouse.move(*_point(desk, 19.5, 3.5))
    desk.page.mouse.down()
    desk.page.mouse.move(*_point(desk, 30, 10), steps=3)
    desk.page.mouse.move(*_point(desk, 40.5, 20.5), steps=3)
    desk.page.mouse.up()
    assert eventually(lambda: Finding.objects.exclude(pk__in=known).exists())
    wait_until(desk.page, "() => window.written.some((text) => text.startsWith('mean'))")
    return Finding.objects.select_related("head").exclude(pk__in=known).get()


def _beside(desk: Desk) -> tuple[list[float], str]:
    """Return mean, deviation, least and most as they are written beside the shape, and their unit."""
    texts = list(reversed(desk.page.evaluate("() => window.written")))
    first = re.search(r"mean (-?[\d.]+) ?(\S*)  SD ([\d.]+)", next(text for text in texts if text.startswith("mean")))
    last = re.search(r"min (-?[\d.]+)  max (-?[\d.]+)", next(text for text in texts if text.startswith("min")))
    assert first is not None
    assert last is not None
    return [float(first[1]), float(first[3]), float(last[1]), float(last[2])], first[2]


def test_a_value_is_one_number_in_one_unit_wherever_it_is_shown(
    project: Project, radiologist: User, server_url: str
) -> None:
    need_the_front_end()
    images = measured_images()
    for image in images:
        arrived(file_bytes(image.dataset), project, radiologist)
    work = _opened(project, radiologist)
    client = Client()
    client.force_login(radiologist)
    with reader_at(server_url, radiologist) as desk:
        desk.page.add_init_script(_LISTEN)
        desk.page.goto(f"{server_url}/read/{work.pk}")
        for image in images:
            header = image.dataset
            _open_series(desk, image.name, str(header.SOPInstanceUID))
            below = f"{header.StudyInstanceUID}/series/{header.SeriesInstanceUID}/instances/{header.SOPInstanceUID}"
            sent = client.get(f"/api/v1/studies/{below}/frames/1/values").content
            given = np.frombuffer(sent, "<f4").reshape(SIZE, SIZE)
            assert np.allclose(given, image.modality_values, rtol=1e-6, equal_nan=True), image.name
            desk.page.mouse.move(5, 5)
            texts = desk.page.get_by_test_id("overlay-view").first.inner_text()
            assert [one for one in image.said if one not in texts] == [], (image.name, texts)
            assert [one for one in image.unsaid if one in texts] == [], (image.name, texts)
            edges = [desk.page.get_by_test_id(f"orientation-{edge}").first for edge in ("left", "top")]
            assert tuple(edge.inner_text() for edge in edges) == image.letters, image.name
            probed = re.search(r"\)\s+(-?[\d.]+) (.*)", _probe(desk, 30, 15))
            assert probed is not None
            assert float(probed[1]) == pytest.approx(image.values[15, 30], rel=0.0006)
            assert probed[2] == (image.unit or "(no unit)")
            stored = _drawn_rectangle(desk)
            inside = image.values[4:21, 20:41]
            inside = inside[~np.isnan(inside)]
            meant = [inside.mean(), inside.std(), inside.min(), inside.max()]
            written, unit = _beside(desk)
            assert (written, unit) == (pytest.approx(meant, rel=0.0006), image.unit), image.name
            assert stored.head is not None
            kept = [stored.head.content["measures"][name] for name in ("mean", "sd", "minimum", "maximum")]
            assert [one["value"] for one in kept] == pytest.approx(meant, rel=1e-6), image.name
            assert {one["unit"] for one in kept} == {image.unit}
            desk.picture(f"measured-{image.name.replace(' ', '-')}")
