"""Two studies of one head through the front door: aligned, looked at, accepted or rejected by people."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from annotations.models import Workitem
from annotations.services.workitems import workitem_open
from core import blobs
from core.models import Event, Job, Project, User
from imaging.models import Instance, Patient, ProjectStudy, Series, Study
from inference.engine.registration.placed import grid_points
from inference.engine.registration.transform import Transform
from inference.models import Registration
from tests.factories.api import Api
from tests.factories.two_studies import AFFINE, SHAPE, back, two_studies
from tests.inference.engine.soft_bodies import body

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(project: Project, admin: User) -> tuple[Workitem, Series, Series]:
    return two_studies(project, admin)


def _wanted(today: Series, earlier: Series, **more: Any) -> dict[str, Any]:
    return {"fixed": today.series_instance_uid, "moving": earlier.series_instance_uid, "method": "rigid", **more}


def test_a_reader_aligns_an_earlier_study_and_it_lies_on_todays_pixels(
    pair: tuple[Workitem, Series, Series], radiologist: User, run_jobs: Callable[[], int]
) -> None:
    workitem, today, earlier = pair
    api = Api(radiologist)
    status, offered = api("GET", f"workitems/{workitem.pk}/alignable")
    assert [one["series_instance_uid"] for one in offered["fixed"]] == [today.series_instance_uid]
    assert [one["study_date"] for one in offered["moving"]] == ["2026-06-01", "2026-01-03"]
    assert {one["why_not"] for one in offered["moving"]} == {""}

    status, asked = api("POST", f"workitems/{workitem.pk}/registrations", _wanted(today, earlier))
    assert (status, asked["state"], asked["word"], asked["phase"]) == (202, "requested", None, "waiting")
    assert api("POST", f"registrations/{asked['id']}/decide", {"word": "accepted"}, match=0)[0] == 409
    run_jobs()
    status, (found,) = api("GET", f"workitems/{workitem.pk}/registrations")
    assert (status, found["state"], found["error_code"]) == (200, "finished", "")
    assert found["verdict"]["standing"] == "aligned", found["numbers"]
    assert found["numbers"]["after"]["correlation"] > 0.97 > found["numbers"]["before"]["correlation"]
    assert Event.objects.filter(kind="registration.changed", object_id=found["id"]).count() == 2

    # The earlier study on each of today's slices shows the same body there, and on no other slice.
    places = grid_points(SHAPE, AFFINE)
    truth = body(1)(places)
    for number in (6, 11, 15):
        image = Instance.objects.get(series=today, instance_number=number)
        address = f"/api/v1/registrations/{found['id']}/instances/{image.sop_instance_uid}/frames/1"
        answer = api.client.get(f"{address}/moved", headers={"Accept-Encoding": "identity"})
        values = np.frombuffer(answer.content, "<f4").reshape(SHAPE[1:])
        known = np.isfinite(values)
        likest = [np.corrcoef(values[known], one[known])[0, 1] for one in truth]
        assert int(np.argmax(likest)) == number - 1
        assert max(likest) > 0.98
        packed = api.client.get(f"{address}/inconsistency", headers={"Accept-Encoding": "deflate"})
        millimetres = np.frombuffer(zlib.decompress(packed.content), "<f4")
        assert np.nanmax(millimetres) < 10
    transform = Transform.from_bytes(blobs.get(Registration.objects.get().transform_digest))
    assert np.linalg.norm(back(transform(places)) - places, axis=-1).mean() < 1.5

    assert api("POST", f"workitems/{workitem.pk}/registrations", _wanted(today, earlier))[0] == 200
    decide = f"registrations/{found['id']}/decide"
    assert api("POST", decide, {"word": "rejected"}, match=0)[0] == 422
    status, accepted = api("POST", decide, {"word": "accepted"}, match=0)
    assert (status, accepted["word"]) == (201, "accepted")
    assert api("POST", decide, {"word": "rejected", "reason": "the neck is turned"}, match=0)[0] == 412
    assert api("POST", decide, {"word": "rejected", "reason": "the neck is turned"}, match=1)[1]["word"] == "rejected"
    assert [one["number"] for one in api("GET", f"registrations/{found['id']}")[1]["decisions"]] == [1, 2]

    Instance.objects.filter(series=earlier, instance_number=3).delete()
    assert api("GET", f"registrations/{found['id']}")[1]["outdated"] is True
    assert api("POST", decide, {"word": "accepted", "reason": "better"}, match=2)[1]["code"] == "series_changed"


def _volume(project: Project, number: int, patient: Patient, **geometry: Any) -> Series:
    study = Study.objects.create(study_instance_uid=f"1.2.{number}", patient=patient)
    ProjectStudy.objects.create(project=project, study=study)
    facts = {
        "kind": "volume",
        "length_unit": "mm",
        "slice_spacing_regular": True,
        "frames": 20,
        "rows": 9,
        "columns": 9,
    }
    return Series.objects.create(
        series_instance_uid=f"1.3.{number}", study=study, modality="CT", geometry={**facts, **geometry}
    )


def test_what_cannot_be_aligned_is_refused_with_what_to_do(project: Project, radiologist: User, stranger: User) -> None:
    api, one, other = Api(radiologist), *(Patient.objects.create(patient_id=name) for name in ("ONE", "OTHER"))
    today, gappy = _volume(project, 1, one), _volume(project, 2, one, slice_spacing_regular=False)
    film, somebody = _volume(project, 3, one, kind="single"), _volume(project, 4, other)
    hidden = _volume(Project.objects.create(slug="other", title="Other"), 5, one)
    address = f"workitems/{workitem_open(project=project, study=today.study).pk}/registrations"

    def answer(moving: Series, **more: Any) -> tuple[int, str]:
        status, said = api("POST", address, _wanted(today, moving, **more))
        return status, said.get("code", "")

    assert answer(today) == (422, "one_series_twice")
    assert answer(gappy) == answer(film) == (422, "not_alignable")
    assert answer(hidden) == (404, "series_not_found")
    assert answer(somebody) == (409, "not_one_patient")
    assert answer(somebody, said_to_be_one_person=True) == (202, "")
    assert api("POST", address, _wanted(gappy, today))[1]["code"] == "series_of_other_study"

    made = Registration.objects.get()
    assert made.said_to_be_one_person
    status, stopped = api("POST", f"registrations/{made.pk}/cancel")
    assert (status, stopped["state"], stopped["error_code"]) == (200, "failed", "job_cancelled")
    assert api("POST", f"registrations/{made.pk}/cancel")[0] == 409
    assert answer(somebody, said_to_be_one_person=True) == (202, "")
    assert Job.objects.filter(kind="register", state="queued").count() == 1
    # Who may see one of the two studies only does not learn of it.
    ProjectStudy.objects.filter(study=somebody.study).delete()
    assert api("GET", f"registrations/{made.pk}")[0] == 404
    assert api("GET", address) == (200, [])
