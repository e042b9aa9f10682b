"""Every address and every live event: while a model's opinion is hidden from a reader none tells it; after that, each
that tells it has noted so before it answers."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from annotations.models import Reading, ReadingProtocol, Sight, Workitem
from annotations.services.comments import comment_add
from annotations.services.revisions import Proposal, proposals_record
from annotations.services.workitems import workitem_submit
from core import blobs
from core.errors import NotFound
from core.event_kinds import DETAILS, EventKind
from core.models import Event
from imaging.dicomweb import frames_asgi
from imaging.dicomweb.frames_asgi import _PATH, FrameApplication
from imaging.models import Instance, Series
from imaging.services.series_index import series_index
from inference.models import ModelVersion, Prediction, ProposedFinding, SuspectSearch
from inference.services.predictions import prediction_finish
from tests.factories import layer_objects
from tests.factories.dicom_files import file_bytes
from tests.factories.world import INSTANCE_UID, SERIES_UID, STUDY_UID, World, make_world
from tests.imaging.arriving import arrived
from tests.webapp.doors_of_models import SILENT, TELLS, TELLS_WHEN_DONE
from tests.webapp.test_permission_matrix import LIVE_CELLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.models import Project, User

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore")]
MAP = bytes(range(7, 23))
ENGINE, SCORE = "secretnet", 0.98713


@dataclass
class Told:
    """What one address answered, and what was noted with it."""

    status: int
    body: bytes
    sights: list[Sight] = field(default_factory=list)


@dataclass
class House:
    """A case with pictures, a segmentation and a report by algorithms, and a live model that has spoken of it."""

    world: World
    person: User
    picture: Instance
    segmentation: Instance
    traces: list[bytes]

    def address(self, route: str, named: Instance) -> str:
        inside = route.removeprefix("api/v1/")
        filled = self.world.fill(inside, self.person.pk)
        layer = f"layers/{self.segmentation.sop_instance_uid}/"
        filled = filled.replace(f"layers/{INSTANCE_UID}/", layer).replace(INSTANCE_UID, named.sop_instance_uid)
        filled = filled.replace(SERIES_UID, named.series.series_instance_uid)
        return f"/{route.removesuffix(inside)}{filled}".replace(STUDY_UID, named.series.study.study_instance_uid)

    def ask(self, route: str, method: str, named: Instance) -> Told:
        """Call an address with what it needs; nothing that it does stays."""
        body = {"label_key": "nodule", "method": "hirescam"} if route.endswith("saliency") else {}
        if route.endswith("findings"):
            content = {"kind": "image_label", "label_key": "mass", "present": True}
            body = {"content": content}
        version = Workitem.objects.get(pk=self.world.workitem.pk).version
        match = self.world.revision.digest if route.startswith("api/v1/findings") else version
        headers = {} if route.endswith("findings") else {"If-Match": f'"{match}"'}
        client = Client(raise_request_exception=False, headers={"Accept": "*/*"})
        client.force_login(self.person)
        with transaction.atomic():
            kept = set(Sight.objects.values_list("pk", flat=True))
            answer = client.generic(
                method, self.address(route, named), json.dumps(body).encode(), content_type="application/json",
                headers=headers,
            )  # fmt: skip
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
            told = Told(answer.status_code, content, list(Sight.objects.exclude(pk__in=kept)))
            transaction.set_rollback(True)
        return told

    def gives_away(self, told: Told) -> list[bytes]:
        return [trace for trace in self.traces if trace in told.body]


def _cells() -> Iterator[tuple[str, str]]:
    for cell in sorted({*TELLS, *TELLS_WHEN_DONE, *SILENT}):
        route, _, method = cell.rpartition(" ")
        if "auth/" not in route:  # one's own account; signing out ends the walk
            yield route, method


@pytest.fixture(params=["radiologist", "reviewer"])
def house(request: pytest.FixtureRequest, project: Project, admin: User, make_user: Any) -> House:
    """The house, with a reader who may only read, and with one who may also review."""
    person = make_user("eve", request.param, project)
    for dataset in [*layer_objects.pictures(), layer_objects.binary("AUTOMATIC"), layer_objects.device_report()]:
        [verdict] = arrived(file_bytes(dataset), project, admin)
        assert verdict.instance is not None, verdict.message
    for series in Series.objects.all():
        series_index(series=series)
    instances = Instance.objects.select_related("series__study")
    picture = instances.filter(series__modality="CT").order_by("instance_number")[0]
    segmentation = instances.get(series__modality="SEG")
    report = instances.get(series__modality="SR")
    world = make_world(project, person, admin)
    ReadingProtocol.objects.update(reveal="after_own_answer")
    Workitem.objects.update(study=picture.series.study)
    world.workitem.refresh_from_db()
    labels = {"nodule": {"probability": SCORE, "threshold": 0.5}}
    Prediction.objects.update(series=picture.series, output={"labels": labels}, case_score=SCORE)
    ModelVersion.objects.update(card={"labels": ["nodule"]})
    type(world.saliency).objects.update(map_digest=blobs.put(zlib.compress(MAP)))
    proposal = Proposal("image_label", "nodule", {"present": False}, SCORE, ENGINE, "7", "key", threshold=0.5)
    [proposed] = proposals_record(workitem=world.workitem, proposals=[proposal], ai_score=SCORE)
    ProposedFinding.objects.create(prediction=world.prediction, finding=proposed, label_key="nodule", probability=SCORE)
    comment_add(workitem=world.workitem, author=admin, text="the model is odd here", finding=proposed)
    world.finding, world.revision = proposed, proposed.head
    place = {"study_instance_uid": picture.series.study.study_instance_uid, "frame_number": 1, "split": "train",
             "series_instance_uid": picture.series.series_instance_uid,
             "sop_instance_uid": picture.sop_instance_uid}  # fmt: skip
    doubt = {"label_key": "nodule", "said": 1, "probability": SCORE, "doubt": 0.5, "is_suspect": True,
             "provenance": "blind_read", **place}  # fmt: skip
    SuspectSearch.objects.create(
        snapshot=world.snapshot, config={}, config_digest="c" * 64, parts=3, counts={"judged": 1, "suspects": 1},
        result_digest=blobs.put(json.dumps([doubt]).encode()), found_at=timezone.now(),
    )  # fmt: skip
    texts = [
        ENGINE,
        str(SCORE),
        str(proposed.pk),
        segmentation.sop_instance_uid,
        report.sop_instance_uid,
        "Liverfinder",
        "odd here",
    ]
    return House(world, person, picture, segmentation, [*(text.encode() for text in texts), MAP])


def _hand_in(house: House) -> None:
    workitem = Workitem.objects.get(pk=house.world.workitem.pk)
    workitem_submit(workitem=workitem, by=house.person, version=workitem.version, nothing_found=True)


def test_each_route_stands_in_exactly_one_of_the_three_lists() -> None:
    listed = [*TELLS, *TELLS_WHEN_DONE, *SILENT]
    assert sorted(listed) == sorted(f"{route} {method}" for route, method in LIVE_CELLS)


def test_before_the_own_answer_no_address_tells_anything_of_a_model(house: House) -> None:
    wrong = []
    # A search for doubtful labels is shown to reviewers: who reads such a case has been told, and it is noted.
    excused = "api/v1/snapshots/<uuid:id>/suspects"
    for route, method in _cells():
        told = house.ask(route, method, house.picture)
        after_answer = route.endswith("/submit") and told.status == 200
        if house.gives_away(told) and not told.sights:
            wrong.append(f"{method} {route}: {house.gives_away(told)}")
        if (house.gives_away(told) or told.sights) and not (after_answer or route == excused):
            wrong.append(f"{method} {route}: tells {house.gives_away(told)}, {told.sights}")
        if TELLS.get(f"{route} {method}") == "map" and told.status != 404:
            wrong.append(f"{method} {route}: {told.status}")
        if "<str:series>" in route and "<str:layer>" not in route and "POST" not in method:
            status = house.ask(route, method, house.segmentation).status
            if status != 404:
                wrong.append(f"{method} {route} of the segmentation: {status}")
        if "<str:layer>" in route and told.status != 404:
            wrong.append(f"{method} {route}: {told.status}")
    for path in ("document", "file"):
        route = f"api/v1/instances/<str:instance>/{path}"
        if house.ask(route, "GET", house.segmentation).status != 404:
            wrong.append(route)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("when", ["after the own answer", "always"])
def test_each_address_that_tells_something_of_a_model_has_noted_it_when_it_answers(house: House, when: str) -> None:
    if when == "always":
        ReadingProtocol.objects.update(reveal="always")
        Reading.objects.update(reveal="always")
    else:
        _hand_in(house)
    reading = Reading.objects.get()
    wrong = []
    for route, method in _cells():
        told, tells = house.ask(route, method, house.picture), TELLS.get(f"{route} {method}", "")
        gives, noted = house.gives_away(told), {str(sight.what) for sight in told.sights}
        if told.status >= 500:
            wrong.append(f"{method} {route}: {told.status}")
        # Who has given a case back has no reading of it to note this in.
        if gives and not noted and not route.endswith("/release"):
            wrong.append(f"{method} {route}: tells {gives}, and nothing is noted")
        if f"{route} {method}" in SILENT and (gives or noted):
            wrong.append(f"{method} {route}: tells {gives}, notes {noted}; it is called silent")
        if tells and "frames" not in route and not (told.status < 300 and tells in noted):
            wrong.append(f"{method} {route}: {told.status}, notes {noted} and not {tells}")
        if any(reading.submitted_at and sight.created_at < reading.submitted_at for sight in told.sights):
            wrong.append(f"{method} {route}: noted too early")
        if "<str:series>" in route and "<str:layer>" not in route:
            of_model = house.ask(route, method, house.segmentation)
            if of_model.status < 300 and "object" not in {str(sight.what) for sight in of_model.sights}:
                wrong.append(f"{method} {route} of the segmentation: nothing is noted")
    assert not wrong, "\n".join(wrong)


def test_the_fast_way_to_frames_keeps_a_models_object_back_and_notes_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The decision is asked for in this thread, whose connection is the test's.
    monkeypatch.setattr(frames_asgi, "close_old_connections", lambda: None)
    application = FrameApplication(authenticate=lambda _scope: house.person)

    def images() -> dict[str, Any]:
        series = house.segmentation.series
        path = (
            f"/dicomweb/studies/{series.study.study_instance_uid}/series/{series.series_instance_uid}"
            f"/instances/{house.segmentation.sop_instance_uid}/frames/1"
        )
        match = re.fullmatch(_PATH, path)
        assert match is not None
        return application._granted({}, match, "id").images

    with pytest.raises(NotFound):
        images()
    assert not Sight.objects.exists()
    _hand_in(house)
    assert house.segmentation.sop_instance_uid in images()
    assert Sight.objects.get().what == "object"


def _said(event: Event) -> tuple[str, tuple[str, ...]]:
    return event.kind, tuple(sorted(event.detail))


def test_live_events_are_the_same_whether_or_not_the_model_found_something(house: House) -> None:
    """A page that listens learns that the model was asked, and nothing of what it said."""
    heard: dict[str, list[Event]] = {}
    world = house.world
    found = Proposal("image_label", "nodule", {}, SCORE, ENGINE, "7", "another", threshold=0.5)
    for answer, proposals in (("found", [found]), ("nothing", [])):
        last = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        with transaction.atomic():
            Prediction.objects.update(state="requested")
            prediction_finish(
                prediction=Prediction.objects.get(), output={"labels": {}}, proposals=proposals, case_score=SCORE
            )
            heard[answer] = list(Event.objects.filter(pk__gt=last).order_by("pk"))
            transaction.set_rollback(True)
    assert [_said(event) for event in heard["found"]] == [_said(event) for event in heard["nothing"]] != []
    known = {str(world.workitem.pk), str(world.prediction.pk)}
    assert {event.object_id for events in heard.values() for event in events} <= known


#: What an event of each kind names besides ids of its own noun, so that a new kind is thought about here.
NAMES = {
    EventKind.WORKITEM_CHANGED: set(), EventKind.FINDING_CHANGED: {"workitem_id"},
    EventKind.COMMENT_ADDED: {"workitem_id"}, EventKind.PREDICTION_CHANGED: {"workitem_id"},
    EventKind.SALIENCY_CHANGED: {"workitem_id", "prediction_id"},
    EventKind.TRAINING_CHANGED: {"phase", "numbers", "version_id", "error_code"},
    EventKind.REPORT_READY: {"version_id", "family_id", "passed"},
    EventKind.MODEL_PROMOTED: {"direction", "version_id"}, EventKind.MODEL_CHANGED: set(),
    EventKind.UPLOAD_CHANGED: set(), EventKind.STUDY_CHANGED: set(), EventKind.SNAPSHOT_FROZEN: set(),
    EventKind.PROJECT_CHANGED: set(), EventKind.JOB_CHANGED: set(),
    EventKind.REGISTRATION_CHANGED: {"workitem_id"},
}  # fmt: skip


def test_no_kind_of_live_event_can_carry_what_a_model_said() -> None:
    assert {kind: set(detail.model_fields) for kind, detail in DETAILS.items()} == NAMES
