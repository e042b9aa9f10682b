"""The facts of a series' frames, as the viewer reads them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from core.models import Project, User
from tests.factories import dicom_files as made
from tests.imaging.arriving import arrived

pytestmark = pytest.mark.django_db


def _frames(user: User, dataset: Any) -> tuple[Any, list[dict[str, Any]]]:
    client = Client()
    client.force_login(user)
    answer = client.get(f"/api/v1/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}/frames")
    return answer, answer.json()["frames"] if answer.status_code == 200 else []


def test_the_facts_say_what_the_header_says(project: Project, radiologist: User) -> None:
    dataset = made.ct_slice()
    dataset.WindowCenter, dataset.WindowWidth = [40, -600], [400, 1500]
    dataset.WindowCenterWidthExplanation = ["Soft", "Lung"]
    dataset.add_new(0x00280120, "SS", -2000)
    arrived(made.file_bytes(dataset), project, radiologist)
    _, (facts,) = _frames(radiologist, dataset)
    assert (facts["sop_instance_uid"], facts["frame_number"]) == (dataset.SOPInstanceUID, 1)
    assert (facts["rows"], facts["columns"], facts["color"], facts["delivery"]) == (16, 16, False, "stored")
    assert facts["values"] == {"slope": 1.0, "intercept": -1024.0, "table": False}
    assert [(one["name"], one["center"], one["width"]) for one in facts["voi"]] == [
        ("Soft", 40.0, 400.0),
        ("Lung", -600.0, 1500.0),
    ]
    assert facts["padding"] == {"low": -2000.0, "high": -2000.0}
    assert facts["unit"]["word"] == "HU"
    assert (facts["inverted"], facts["inversion"]) == (False, "none")
    assert facts["space"]["spacing"]["mm"] == [0.5, 0.5]
    assert facts["space"]["spacing"]["source"] == "pixel_spacing"
    assert facts["space"]["edges"] == {"left": "R", "right": "L", "top": "A", "bottom": "P"}


def test_the_facts_are_not_sent_twice_while_nothing_changed(project: Project, radiologist: User) -> None:
    dataset = made.ct_slice()
    arrived(made.file_bytes(dataset), project, radiologist)
    answer, _ = _frames(radiologist, dataset)
    client = Client()
    client.force_login(radiologist)
    again = client.get(answer.request["PATH_INFO"], headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    arrived(made.file_bytes(made.ct_slice(number=2)), project, radiologist)
    more = client.get(answer.request["PATH_INFO"], headers={"If-None-Match": answer["ETag"]})
    assert (more.status_code, len(more.json()["frames"])) == (200, 2)


def test_a_stranger_is_told_nothing(project: Project, radiologist: User, stranger: User) -> None:
    dataset = made.ct_slice()
    arrived(made.file_bytes(dataset), project, radiologist)
    assert _frames(stranger, dataset)[0].status_code == 404
