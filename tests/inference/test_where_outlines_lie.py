"""A report says on how many marked places a version's outlines lie, and how many lie beside: counted again here."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core import blobs
from inference.engine.checkpoint import load_model
from inference.engine.place_score import PlaceScore, score_places
from inference.engine.predict import predict
from inference.engine.results import Region
from inference.engine.sample import Image
from inference.models import EvaluationReport
from inference.selectors import report_json
from inference.services.evaluation import evaluation_request
from tests.inference import planted_archive
from tests.inference.planted_archive import SQUARE, freeze, install, make_family, plant_many, planted_pixels

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.models import Project, User

LABEL = "square"


def _region(left: float, top: float, right: float, bottom: float, frame: int = 0) -> Region:
    return Region(LABEL, frame, ((left, top), (right, top), (right, bottom)), (left, top, right, bottom), 4.0, 0.9)


def test_an_outline_lies_on_a_place_where_its_middle_does() -> None:
    marked = np.zeros((2, 20, 30), bool)
    marked[0, 2:6, 3:9] = marked[0, 12:15, 20:25] = marked[1, 2:6, 3:9] = True
    apart = [_region(4, 3, 8, 5), _region(3, 2, 6, 4), _region(9, 2, 15, 6), _region(4, 3, 8, 5, frame=1)]
    # Slices 0 and 1 touch: the place in the corner is one; two outlines on it find it once, the third lies beside.
    assert score_places(apart, marked) == PlaceScore(marked=2, found=1, outlines=4, on=3)
    around = _region(0, 0, 29, 19)
    assert score_places([around], marked) == PlaceScore(marked=2, found=0, outlines=1, on=0)
    assert score_places([around], np.zeros_like(marked)) == PlaceScore(marked=0, found=0, outlines=1, on=0)
    assert score_places([], marked) == PlaceScore(marked=2, found=0, outlines=0, on=0)
    assert score_places([_region(25, 16, 29.5, 19.5)], marked).on == 0, "the last pixel's area ends at a half"


@pytest.mark.django_db
def test_the_report_counts_marked_places_and_outlines_as_they_are_counted_by_hand(
    project: Project, admin: User, square_model: Path, run_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = install(make_family(project, admin), square_model)
    planted = plant_many(project, train=2, validation=2, test=24)
    elsewhere = {planted["test"][0].number, planted["test"][4].number}
    untold = planted["test"][2].number
    usual = planted_archive._case

    def with_mistakes(one: Any, split: str, **fields: Any) -> dict[str, Any]:
        """Mark two squares in a corner where they are not, and one not at all."""
        case = usual(one, split, **fields)
        if one.number == untold:
            return {**case, "regions": []}
        corner = [[0, 0], [3, 0], [3, 3], [0, 3]]
        regions = [{**region, "points_px": corner} if one.number in elsewhere else region for region in case["regions"]]
        return {**case, "regions": regions}

    monkeypatch.setattr(planted_archive, "_case", with_mistakes)
    evaluation_request(version=version, snapshot=freeze(project, planted), requested_by=admin)
    run_jobs()
    report = EvaluationReport.objects.get(version=version)

    model = load_model(square_model)
    marked = found = outlines = on = 0
    for one in planted["test"]:
        if one.number == untold:
            continue
        pixels, square = planted_pixels(one.number, bright=one.square is not None)
        said = predict(model, Image(pixels.astype(np.float32)[None], None, "DX"))
        hits = 0
        for region in said.regions:
            column, row = (region.box[0] + region.box[2]) / 2, (region.box[1] + region.box[3]) / 2
            top, left, side = (0, 0, 4) if one.number in elsewhere else (*(square or (-99, -99)), SQUARE)
            hits += top - 0.5 <= row < top + side - 0.5 and left - 0.5 <= column < left + side - 0.5
        marked, found = marked + (square is not None), found + (square is not None and hits > 0)
        outlines, on = outlines + len(said.regions), on + hits
    assert found >= 5, "the model outlines squares"
    figures = report.report["labels"][LABEL]["places"]
    assert (figures["n"], figures["with_place"], figures["without_place"]) == (23, 11, 1)
    assert (figures["marked"], figures["outlines"]) == (marked, outlines)
    assert figures["found"]["value"] == pytest.approx(found / marked)
    assert figures["on"]["value"] == pytest.approx(on / outlines)
    assert figures["beside"]["value"] == pytest.approx((outlines - on) / 23)
    for name in ("found", "on"):
        low, high = figures[name]["interval"]
        assert low < figures[name]["value"] < high

    stored = json.loads(zlib.decompress(blobs.get(report.outputs_digest)))["version"]
    assert sum(one["places"][LABEL]["found"] for one in stored if one["places"]) == found
    assert report_json(report)["place_sentences"] == {
        LABEL: ["Version 1 learned from 24 images with a marked place and none with a rejected one."]
    }


@pytest.mark.django_db
def test_a_version_that_never_saw_a_marked_place_outlines_nothing_and_is_not_judged_by_places(
    project: Project, admin: User, square_model: Path, run_jobs: Callable[[], int]
) -> None:
    model = load_model(square_model)
    pixels, _ = planted_pixels(100, bright=True)
    image = Image(pixels.astype(np.float32)[None], None, "DX")
    assert predict(model, image).regions
    card = json.loads(json.dumps(dict(model.card)))
    card["training"]["located_cases"] = {LABEL: 0}
    assert not predict(replace(model, card=card), image).regions

    family = make_family(project, admin)
    version = install(family, square_model)
    planted = plant_many(project, train=2, validation=2, test=8)
    evaluation_request(version=version, snapshot=freeze(project, planted, located=False), requested_by=admin)
    run_jobs()
    report = EvaluationReport.objects.get(version=version)
    assert report.report["labels"][LABEL]["places"] is None, "no place of the test cases is known"
    assert report_json(report)["place_sentences"] == {}
