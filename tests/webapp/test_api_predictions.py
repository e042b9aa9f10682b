"""Predictions and maps through the front door: who sees them when, and what the map's bytes are."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from django.test import Client

from annotations.models import ReadingProtocol
from annotations.services.workitems import workitem_claim, workitem_submit
from inference.models import ModelVersion, SaliencyMap
from tests.factories.api import Api
from tests.inference.planted_archive import COLUMNS, ROWS, bright_model, install, make_family, open_workitem, plant

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.models import Project, User

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def square_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bright_model(tmp_path_factory.mktemp("square-model"))


@pytest.fixture(scope="module")
def misled_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bright_model(tmp_path_factory.mktemp("misled-model"), misled=True)


@pytest.fixture
def live(project: Project, admin: User, square_model: Path) -> ModelVersion:
    return install(make_family(project, admin), square_model)


def test_a_reader_asks_for_a_prediction_sees_it_and_gets_its_map(
    project: Project, live: ModelVersion, radiologist: User, run_jobs: Callable[[], int]
) -> None:
    planted = plant(project, 2, bright=True)
    workitem, api = open_workitem(project, planted), Api(radiologist)
    status, asked = api("POST", f"workitems/{workitem.pk}/predictions")
    assert (status, [one["state"] for one in asked]) == (202, ["requested"])
    run_jobs()
    status, (prediction,) = api("GET", f"workitems/{workitem.pk}/predictions")
    assert (status, prediction["state"], prediction["version"]["number"]) == (200, "finished", 1)
    assert 0.5 < prediction["output"]["labels"]["square"]["probability"] <= 1
    offered = [one["method"] for one in prediction["explanations_offered"]]
    assert {"hirescam", "gradcam", "occlusion", "integrated_gradients", "location"} == set(offered)
    (maps,) = prediction["label_maps"]
    assert [one["method"] for one in maps["offered"]] == offered
    assert {one["grade"] for one in maps["offered"]} == {"No grade."}
    assert "not graded" in maps["sentence"]
    status, findings = api("GET", f"workitems/{workitem.pk}/findings")
    assert {one["kind"] for one in findings} >= {"image_label"}

    wanted = {"label_key": "square", "method": "hirescam"}
    status, saliency = api("POST", f"predictions/{prediction['id']}/saliency", wanted)
    assert (status, saliency["state"]) == (202, "requested")
    assert api("GET", f"saliency/{saliency['id']}/map")[0] == 409
    run_jobs()
    status, saliency = api("POST", f"predictions/{prediction['id']}/saliency", wanted)
    assert (status, saliency["shape_kji"]) == (200, [1, ROWS, COLUMNS])
    assert saliency["frames"] == [{"sop_instance_uid": planted.instance.sop_instance_uid, "frame_number": 1}]
    assert saliency["layer"]
    scale = saliency["scale"]
    assert (scale["unit"], scale["cases"]) == ("logit", 24)
    assert [scale["low"], scale["high"]] == saliency["parameters"]["raw_range"]
    assert scale["share"] == pytest.approx(scale["high"] / scale["strongest"])
    assert scale["is_weak"] is (scale["share"] < 0.3)
    plain = api.client.get(f"/api/v1/saliency/{saliency['id']}/map", headers={"Accept-Encoding": "identity"})
    packed = api.client.get(f"/api/v1/saliency/{saliency['id']}/map", headers={"Accept-Encoding": "gzip, deflate, br"})
    assert plain.headers["Content-Type"] == "application/octet-stream"
    values = np.frombuffer(plain.content, np.uint8).reshape(ROWS, COLUMNS)
    assert values.max() == 255
    unpack = gzip.decompress if packed.headers["Content-Encoding"] == "gzip" else zlib.decompress
    assert unpack(packed.content) == plain.content


def test_a_map_that_nothing_taught_is_not_offered_and_refused_with_its_reason(
    project: Project, admin: User, misled_model: Path, radiologist: User, run_jobs: Callable[[], int]
) -> None:
    install(make_family(project, admin), misled_model)
    workitem, api = open_workitem(project, plant(project, 2, bright=True)), Api(radiologist)
    api("POST", f"workitems/{workitem.pk}/predictions")
    run_jobs()
    _, (prediction,) = api("GET", f"workitems/{workitem.pk}/predictions")
    assert "location" not in [one["method"] for one in prediction["explanations_offered"]]
    assert all(one["label_keys"] == ["square"] for one in prediction["explanations_offered"])
    withheld = prediction["explanations_withheld"]
    (missing,) = [one for one in withheld if one["code"] != "map_not_graded"]
    assert (missing["method"], missing["label_key"], missing["code"]) == ("location", "square", "no_place_marked")
    wanted = {"label_key": "square", "method": "location"}
    status, refused = api("POST", f"predictions/{prediction['id']}/saliency", wanted)
    assert (status, refused["code"]) == (409, "map_not_offered")
    assert refused["message"] == missing["why"]
    assert not SaliencyMap.objects.exists()


def test_a_first_reader_learns_nothing_of_the_model_before_the_own_answer(
    project: Project, live: ModelVersion, radiologist: User, reviewer: User, run_jobs: Callable[[], int]
) -> None:
    workitem = open_workitem(project, plant(project, 4, bright=True), reveal=ReadingProtocol.Reveal.AFTER_OWN_ANSWER)
    workitem = workitem_claim(workitem=workitem, by=radiologist, version=workitem.version)
    reader, judge = Api(radiologist), Api(reviewer)
    status, asked = reader("POST", f"workitems/{workitem.pk}/predictions")
    assert (status, asked) == (202, [])
    run_jobs()
    assert reader("GET", f"workitems/{workitem.pk}/predictions") == (200, [])
    workitem.refresh_from_db()
    workitem_submit(workitem=workitem, by=radiologist, version=workitem.version, nothing_found=True)
    _, (shown,) = judge("GET", f"workitems/{workitem.pk}/predictions")
    _, (own,) = reader("GET", f"workitems/{workitem.pk}/predictions")
    assert shown["id"] == own["id"]


def test_strangers_and_the_not_yet_entitled_find_no_prediction(
    project: Project, live: ModelVersion, stranger: User, radiologist: User, run_jobs: Callable[[], int]
) -> None:
    workitem = open_workitem(project, plant(project, 6, bright=True))
    _, (asked,) = Api(radiologist)("POST", f"workitems/{workitem.pk}/predictions")
    status, body = Api(stranger)("GET", f"workitems/{workitem.pk}/predictions")
    assert (status, body["code"]) == (404, "workitem_not_found")
    wanted = {"label_key": "square", "method": "hirescam"}
    status, body = Api(stranger)("POST", f"predictions/{asked['id']}/saliency", wanted)
    assert (status, body["code"]) == (404, "prediction_not_found")
    assert Client().get(f"/api/v1/workitems/{workitem.pk}/predictions").status_code == 401


def test_a_study_no_model_reads_is_refused_with_a_reason(project: Project, admin: User) -> None:
    workitem = open_workitem(project, plant(project, 8, bright=True))
    status, body = Api(admin)("POST", f"workitems/{workitem.pk}/predictions")
    assert (status, body["code"]) == (409, "no_live_model")
    status, body = Api(admin)("POST", f"workitems/{workitem.pk}/predictions", {"family": "unknown"})
    assert (status, body["code"]) == (404, "model_not_found")
