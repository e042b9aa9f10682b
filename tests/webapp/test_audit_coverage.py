"""Nothing is changed and no image is read without an entry in the audit trail, and what cannot be noted is not done."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from annotations.models import Reading, ReadingProtocol, Workitem
from core import audit, blobs
from core.jobs import job_digest
from core.models import AuditEvent, Job, Project, User
from imaging.dicomweb import door
from imaging.models import Instance, Series
from imaging.services.identity import statement_of
from inference.models import EvaluationReport, ModelVersion, Prediction, Promotion, Registration
from tests.conftest import PASSWORD
from tests.core.test_audit_trail import _unlocked
from tests.factories.api import Api
from tests.factories.dicom_files import ct_slice, file_bytes, file_uid
from tests.factories.reading import image_label, make_label
from tests.factories.world import HEADER, INSTANCE_UID, SERIES_UID, STUDY_UID, World, make_world
from tests.inference.planted_archive import CONFIG, freeze, make_family, plant_many
from tests.webapp.test_permission_matrix import LIVE_CELLS

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

pytestmark = pytest.mark.django_db


@dataclass
class Scene:
    """What a step needs beside the world; ``prepare`` may change it."""

    body: Any = None
    match: object = None
    address: str = ""
    raw: bytes = b""
    media_type: str = "application/json"


@dataclass(frozen=True)
class Step:
    """One writing request: who does it, what they send, and the event it leaves."""

    who: str
    event: str
    body: Any = None
    match: object = None
    prepare: Callable[[World, Scene], None] = lambda world, scene: None


def _state(state: str) -> Callable[[World, Scene], None]:
    """Bring the case into a state, with its reading; an open one has none."""

    def prepare(world: World, scene: Scene) -> None:
        Workitem.objects.filter(pk=world.workitem.pk).update(state=state)
        readings = Reading.objects.filter(workitem=world.workitem)
        if state == "open":
            readings.update(state="abandoned", abandoned_at=timezone.now(), ending="released")
        else:
            readings.update(state="submitted", submitted_at=timezone.now())

    return prepare


def _to_admin(world: World, scene: Scene) -> None:
    scene.body = {"reader": str(User.objects.get(username="adm").pk)}


def _to_a_second_reader(world: World, scene: Scene) -> None:
    _state("accepted")(world, scene)
    _to_admin(world, scene)
    scene.body["reason"] = "read it blind"


def _unanswered(world: World, scene: Scene) -> None:
    make_label(world.project, "mass")
    ReadingProtocol.objects.update(required_labels=["mass"])


def _another_label(world: World, scene: Scene) -> None:
    make_label(world.project, "mass")


def _another_project_with_a_label(world: World, scene: Scene) -> None:
    make_label(Project.objects.create(slug="other", title="Other"), "mass")


def _revised(world: World, scene: Scene) -> None:
    status, made = Api(User.objects.get(username="ann"))(
        "POST", f"findings/{world.finding.pk}/revisions", {"content": image_label(present=False)}, match="a" * 64
    )
    assert status == 201, made
    scene.match, scene.body = made["digest"], {"revision_id": str(world.revision.pk)}


def _larger_image(world: World, scene: Scene) -> None:
    """A length is calibrated by a line of some pixels."""
    sides = {tag: {"vr": "US", "Value": [64]} for tag in ("00280010", "00280011")}
    header = blobs.put(zlib.compress(json.dumps(HEADER | sides).encode()))
    Instance.objects.update(rows=64, columns=64, header_digest=header)


def _no_prediction_yet(world: World, scene: Scene) -> None:
    Prediction.objects.all().delete()
    ModelVersion.objects.update(card={"labels": ["nodule"]})


def _may_be_aligned(world: World, scene: Scene) -> None:
    volume = {
        "kind": "volume",
        "length_unit": "mm",
        "slice_spacing_regular": True,
        "frames": 9,
        "rows": 4,
        "columns": 4,
    }
    pair = world.registration()
    Series.objects.filter(pk__in=[pair.fixed_id, pair.moving_id]).update(geometry=volume)
    scene.body = {"fixed": SERIES_UID, "moving": pair.moving.series_instance_uid, "method": "rigid",
                  "said_to_be_one_person": True}  # fmt: skip


def _aligning(world: World, scene: Scene) -> None:
    asked = {"registration_id": str(world.registration().pk)}
    job = Job.objects.create(kind="register", arguments=asked, digest=job_digest("register", asked))
    Registration.objects.update(state="requested", job=job)


def _shown(world: World, scene: Scene) -> None:
    Reading.objects.update(reveal="always")


def _promoted_before(world: World, scene: Scene) -> None:
    old = ModelVersion.objects.create(
        family=world.family, number=7, state="retired", weights_digest="1" * 64, card_digest="2" * 64
    )
    Promotion.objects.create(
        family=world.family, direction="promote", from_version=old, to_version=world.version, reason="better"
    )


def _candidate(world: World, state: str = "evaluated") -> ModelVersion:
    return ModelVersion.objects.create(
        family=world.family, number=8, state=state, weights_digest="3" * 64, card_digest="4" * 64
    )


def _may_be_promoted(world: World, scene: Scene) -> None:
    version = _candidate(world)
    report = EvaluationReport.objects.create(
        version=version, snapshot=world.snapshot, report={}, gate={"passed": True}, outputs_digest="5" * 64,
        digest="6" * 64, compared_with=world.version,
    )  # fmt: skip
    scene.address = f"versions/{version.pk}/promote"
    scene.body = {"report_id": str(report.pk), "reason": "better"}


def _may_be_refused(world: World, scene: Scene) -> None:
    scene.address = f"versions/{_candidate(world).pk}/refuse"


def _may_be_trained(world: World, scene: Scene) -> None:
    family = make_family(world.project, User.objects.get(username="adm"))
    snapshot = freeze(world.project, plant_many(world.project, train=4, validation=2, test=2))
    scene.address = f"models/{family.pk}/training"
    scene.body = {"snapshot_id": str(snapshot.pk), "config": CONFIG, "reason": "corrected"}


def _may_be_looked_at(world: World, scene: Scene) -> None:
    address = scene.address.rsplit("/", 1)[1]
    _may_be_trained(world, scene)
    scene.address = f"{scene.address}/{address}"
    del scene.body["reason"]


def _may_be_doubted(world: World, scene: Scene) -> None:
    snapshot = freeze(world.project, plant_many(world.project, train=16, validation=4, test=2))
    scene.address = f"snapshots/{snapshot.pk}/suspects"


def _may_be_evaluated(world: World, scene: Scene) -> None:
    family = make_family(world.project, User.objects.get(username="adm"))
    version = ModelVersion.objects.create(
        family=family, number=1, state="candidate", weights_digest="1" * 64, card_digest="2" * 64
    )
    snapshot = freeze(world.project, plant_many(world.project, train=2, validation=2, test=4))
    scene.address, scene.body = f"versions/{version.pk}/evaluate", {"snapshot_id": str(snapshot.pk)}


def _stopped(world: World, scene: Scene) -> None:
    Job.objects.filter(pk=world.job.pk).update(state="cancelled", finished_at=timezone.now())


def _two_numbers(world: World, scene: Scene) -> None:
    first, second = (str(image.series.study.patient_id) for image in (world.near_copy.first, world.near_copy.second))
    scene.body = {"first": first, "second": second, "verdict": "one_person", "reason": "called the ward"}


def _seen_side_by_side(world: World, scene: Scene) -> None:
    pair = world.near_copy
    scene.body = {
        "verdict": "one_picture", "first_digest": pair.first.blob_digest, "second_digest": pair.second.blob_digest,
    }  # fmt: skip


def _two_names(world: World, scene: Scene) -> None:
    patient = world.workitem.study.patient
    stated = [statement_of(study).as_json() for study in patient.studies.all()]
    scene.body = {"persons": [stated], "reason": "one person"}


def _file_in_a_form(world: World, scene: Scene) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="one.dcm"\r\n\r\n'
    scene.raw = head + file_bytes(ct_slice("audited")) + b"\r\n--b--\r\n"
    scene.media_type = "multipart/form-data; boundary=b"


def _stowed(world: World, scene: Scene) -> None:
    head = b"--b\r\nContent-Type: application/dicom\r\n\r\n"
    scene.raw = head + file_bytes(ct_slice("audited")) + b"\r\n--b--\r\n"
    scene.media_type = 'multipart/related; type="application/dicom"; boundary=b'
    if scene.address.endswith(STUDY_UID):
        scene.address = scene.address.replace(STUDY_UID, file_uid("audited", "study"))


LABEL = {
    "key": "mass", "code_value": "M", "coding_scheme_designator": "99TEST", "code_meaning": "Mass", "uses": ["image"],
    "color": "#112233",
}  # fmt: skip
#: (route, method) → what a person does there. Versions and digests are those of ``make_world``.
STEPS: dict[tuple[str, str], Step] = {
    ("auth/login", "POST"): Step("nobody", "user.login", {"username": "ann", "password": PASSWORD}),
    ("auth/logout", "POST"): Step("ann", "user.logout"),
    ("auth/me", "PATCH"): Step("ann", "user.changed", {"display_name": "Ann B."}),
    ("auth/password", "POST"): Step(
        "ann", "user.password_changed", {"old_password": PASSWORD, "new_password": "quite-another-horse"}
    ),
    ("auth/tokens", "POST"): Step("ann", "token.made", {"name": "script"}),
    ("auth/tokens/<str:id>", "DELETE"): Step("adm", "token.revoked"),
    ("users", "POST"): Step(
        "adm", "user.created",
        {"username": "new", "display_name": "New", "role": "radiologist", "password": "quite-another-horse"},
    ),
    ("users/<uuid:id>", "PATCH"): Step("adm", "user.changed", {"role": "reviewer"}),
    ("audit/verify", "POST"): Step("adm", "audit.verified"),
    ("jobs/<uuid:id>/cancel", "POST"): Step("adm", "job.cancelled"),
    ("uploads", "POST"): Step("ann", "upload.opened", {"project": "chest"}),
    ("uploads/<uuid:id>/files", "POST"): Step("ann", "instance.stored", prepare=_file_in_a_form),
    ("uploads/<uuid:id>/finish", "POST"): Step("ann", "upload.finished"),
    ("projects", "POST"): Step("adm", "project.created", {"slug": "knee", "title": "Knees"}),
    ("projects/<slug:slug>", "PATCH"): Step("adm", "project.changed", {"title": "Chests"}),
    ("projects/<slug:slug>/label-set", "POST"): Step(
        "adm", "label.created", {"form": "csv", "content": "key,meaning,code,scheme,uses\nmass,Mass,M,99TEST,image\n"}
    ),
    ("projects/<slug:slug>/label-set/copy", "POST"): Step(
        "adm", "label.created", {"from_project": "other"}, prepare=_another_project_with_a_label
    ),
    ("projects/<slug:slug>/labels", "POST"): Step("adm", "label.created", LABEL),
    ("projects/<slug:slug>/labels/<slug:key>", "PATCH"): Step("adm", "label.changed", {"color": "#445566"}),
    ("projects/<slug:slug>/members/<uuid:user_id>", "PUT"): Step("adm", "membership.set", {"role": "reviewer"}),
    ("projects/<slug:slug>/members/<uuid:user_id>", "DELETE"): Step("adm", "membership.ended"),
    ("projects/<slug:slug>/snapshots", "POST"): Step(
        "adm", "snapshot.requested", {"question": "classification", "label_keys": ["nodule"], "name": "first of all"},
    ),
    ("snapshot-requests/<uuid:id>/cancel", "POST"): Step("adm", "job.cancelled"),
    ("same-person/decide", "POST"): Step("adm", "person.decided", match=0, prepare=_two_numbers),
    ("near-copies/<uuid:id>/decide", "POST"): Step("adm", "near_copy.decided", prepare=_seen_side_by_side),
    ("withdrawals", "POST"): Step(
        "adm", "teaching.withdrawn", {"study_instance_uid": STUDY_UID, "reason": "asked for it"}
    ),
    ("workitems/<uuid:id>/claim", "POST"): Step(
        "ann", "workitem.claimed", match=1, prepare=_state("open")
    ),
    ("workitems/<uuid:id>/release", "POST"): Step("ann", "workitem.released", match=1),
    ("workitems/<uuid:id>/assign", "POST"): Step("adm", "workitem.assigned", {"reader": None}, 1, prepare=_to_admin),
    ("workitems/<uuid:id>/all-negative", "POST"): Step("ann", "finding.created", {}, prepare=_unanswered),
    ("workitems/<uuid:id>/submit", "POST"): Step("ann", "workitem.submitted", {"reading_seconds": 3}, 1),
    ("workitems/<uuid:id>/withdraw", "POST"): Step("ann", "workitem.withdrawn", match=1, prepare=_state("submitted")),
    ("workitems/<uuid:id>/decide", "POST"): Step(
        "rev", "workitem.accepted", {"event": "accept"}, 1, prepare=_state("submitted")
    ),
    ("workitems/<uuid:id>/reopen", "POST"): Step(
        "adm", "workitem.reopened", {"reason": "look again"}, 1, prepare=_state("accepted")
    ),
    ("workitems/<uuid:id>/read-again", "POST"): Step(
        "adm", "workitem.read_again", {"reader": None, "reason": "read it blind"}, 1, prepare=_to_a_second_reader
    ),
    ("workitems/<uuid:id>/comments", "POST"): Step("ann", "comment.added", {"text": "look here"}),
    ("workitems/<uuid:id>/calibrations", "POST"): Step(
        "ann",
        "calibration.added",
        {"sop_instance_uid": INSTANCE_UID, "points": [[0, 0], [40, 0]], "length_mm": 20},
        prepare=_larger_image,
    ),
    ("workitems/<uuid:id>/calibrations/<uuid:calibration_id>", "DELETE"): Step("ann", "calibration.withdrawn"),
    ("workitems/<uuid:id>/findings", "POST"): Step(
        "ann", "finding.created", {"content": image_label("mass")}, prepare=_another_label
    ),
    ("workitems/<uuid:id>/predictions", "POST"): Step("ann", "prediction.requested", {}, prepare=_no_prediction_yet),
    ("findings/<uuid:id>", "DELETE"): Step("ann", "finding.deleted", match="a" * 64),
    ("findings/<uuid:id>/revisions", "POST"): Step(
        "ann", "finding.revised", {"content": image_label(present=False)}, "a" * 64
    ),
    ("findings/<uuid:id>/restore", "POST"): Step("ann", "finding.restored", prepare=_revised),
    ("findings/<uuid:id>/reviews", "POST"): Step(
        "rev", "review.recorded", {"decision": "accepted"}, "a" * 64, prepare=_state("submitted")
    ),
    ("predictions/<uuid:id>/saliency", "POST"): Step(
        "ann", "saliency.requested", {"label_key": "nodule", "method": "occlusion"}, prepare=_shown
    ),
    ("workitems/<uuid:id>/registrations", "POST"): Step("ann", "registration.requested", prepare=_may_be_aligned),
    ("registrations/<uuid:id>/cancel", "POST"): Step("ann", "job.cancelled", prepare=_aligning),
    ("registrations/<uuid:id>/decide", "POST"): Step(
        "ann", "registration.decided", {"word": "rejected", "reason": "not the same head"}, 0
    ),
    ("models", "POST"): Step(
        "adm", "model.created",
        {"project": "chest", "slug": "second", "title": "2", "recipe": "classification", "label_keys": ["nodule"],
         "reason": "as agreed"},
    ),
    ("models/<uuid:id>/plans", "POST"): Step(
        "adm", "plan.declared", {"limits": {"margin": 0.04}, "reason": "more patients now"}
    ),
    ("models/<uuid:id>/roll-back", "POST"): Step(
        "adm", "model.rolled_back", {"reason": "worse than before"}, prepare=_promoted_before
    ),
    ("models/<uuid:id>/training/proposal", "POST"): Step("adm", "settings.proposed", prepare=_may_be_looked_at),
    ("models/<uuid:id>/training/preview", "POST"): Step("adm", "pictures.previewed", prepare=_may_be_looked_at),
    ("models/<uuid:id>/training", "POST"): Step("adm", "training.requested", prepare=_may_be_trained),
    ("snapshots/<uuid:id>/suspects", "POST"): Step("adm", "suspects.requested", prepare=_may_be_doubted),
    ("training/<uuid:id>/cancel", "POST"): Step("adm", "training.cancelled"),
    ("training/<uuid:id>/resume", "POST"): Step("adm", "training.resumed", prepare=_stopped),
    ("versions/<uuid:id>/promote", "POST"): Step("adm", "model.promoted", prepare=_may_be_promoted),
    ("versions/<uuid:id>/refuse", "POST"): Step(
        "adm", "version.refused", {"reason": "not better"}, prepare=_may_be_refused
    ),
    ("versions/<uuid:id>/evaluate", "POST"): Step("adm", "evaluation.requested", prepare=_may_be_evaluated),
    ("identities/<uuid:id>/decide", "POST"): Step("adm", "identity.decided", match=0, prepare=_two_names),
    ("conflicts/<uuid:id>/decide", "POST"): Step(
        "adm", "conflict.decided", {"verdict": "keep", "reason": "a test"}, 0
    ),
    ("dicomweb/studies", "POST"): Step("ann", "instance.stored", prepare=_stowed),
    ("dicomweb/studies/<str:study>", "POST"): Step("ann", "instance.stored", prepare=_stowed),
    ("dicomweb/projects/<slug:slug>/studies", "POST"): Step("ann", "instance.stored", prepare=_stowed),
    ("dicomweb/projects/<slug:slug>/studies/<str:study>", "POST"): Step("ann", "instance.stored", prepare=_stowed),
}  # fmt: skip
#: They are sent by POST for the length of their question, and change nothing.
ONLY_COMPUTE = {
    ("projects/<slug:slug>/snapshots/preview", "POST"),
    ("projects/<slug:slug>/pictures/preview", "POST"),
    ("models/<uuid:id>/training/estimate", "POST"),
    ("models/<uuid:id>/proof", "POST"),
}
#: Sessions come and go with every visit; the wrong tries of a login are kept by the lockout.
NOT_OF_THE_HOUSE = {"sessions", "axes", "contenttypes", "auth"}


@pytest.fixture
def world(project: Project, radiologist: User, reviewer: User, admin: User, stranger: User, settings: Any) -> World:
    settings.OVERREAD_SPLIT_KEY = "split-key-of-the-tests"
    made = make_world(project, radiologist, admin)
    door._noted.clear()
    return made


def everything() -> dict[str, list[str]]:
    """Return every row of every table of the house as text."""
    return {
        model._meta.label: sorted(map(repr, model._base_manager.values_list()))
        for model in apps.get_models()
        if model._meta.app_label not in NOT_OF_THE_HOUSE
    }


def do(client: Client, scene: Scene, method: str) -> HttpResponse:
    content = scene.raw or (b"" if scene.body is None else json.dumps(scene.body).encode())
    headers = {} if scene.match is None else {"If-Match": f'"{scene.match}"'}
    place = scene.address if scene.address.startswith("dicomweb") else f"api/v1/{scene.address}"
    return client.generic(method, f"/{place}", content, scene.media_type, headers=headers)


def test_every_route_that_writes_is_among_the_steps() -> None:
    unsafe = {(route.removeprefix("api/v1/"), method) for route, method in LIVE_CELLS if method != "GET"}
    assert unsafe == set(STEPS) | ONLY_COMPUTE


@pytest.mark.parametrize(("route", "method"), sorted(STEPS))
def test_what_cannot_be_noted_is_not_done_and_what_is_done_is_noted(
    route: str, method: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = STEPS[(route, method)]
    someone = User.objects.get(username="ann" if step.event == "membership.ended" else "stranger")
    scene = Scene(step.body, step.match, world.fill(route, someone.pk))
    step.prepare(world, scene)

    def away(*_: object, **__: object) -> None:
        raise RuntimeError("the audit trail cannot be written")

    client = Client(raise_request_exception=False)
    if step.who != "nobody":
        client.force_login(User.objects.get(username=step.who))
    before, past = everything(), set(AuditEvent.objects.values_list("pk", flat=True))
    with monkeypatch.context() as broken:
        broken.setattr(audit, "record", away)
        refused = do(client, scene, method)
    assert (refused.status_code, refused.json()["code"]) == (500, "server_error")
    after = everything()
    changed = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    assert changed == {}, "something was stored that nobody noted"

    answer = do(client, scene, method)
    assert answer.status_code < 300, answer.content
    fresh = AuditEvent.objects.exclude(pk__in=past)
    event = fresh.filter(event_type=step.event).first()
    assert event is not None, list(fresh.values_list("event_type", flat=True))
    expected = step.who if step.who != "nobody" else "ann"
    assert event.actor_id == str(User.objects.get(username=expected).pk)
    assert event.request_id == answer["X-Request-ID"]
    assert event.source == "127.0.0.1"
    assert audit.verify().intact


@pytest.mark.parametrize("below", ["", "/metadata", "/rendered", "/thumbnail"])
def test_reading_images_is_noted_once_for_each_person_series_and_period(
    below: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"/dicomweb/studies/{STUDY_UID}/series/{SERIES_UID}/instances/{INSTANCE_UID}{below}"

    def read(name: str) -> None:
        client = Client(raise_request_exception=False)
        client.force_login(User.objects.get(username=name))
        client.get(place, headers={"Accept": "*/*"})

    def noted() -> list[tuple[str, str]]:
        rows = AuditEvent.objects.filter(event_type="series.read").order_by("pk")
        return [(row.actor_id, row.object_id) for row in rows]

    series = str(world.workitem.study.series.get().pk)
    ann, rev = (str(User.objects.get(username=name).pk) for name in ("ann", "rev"))
    read("ann")
    read("ann")
    assert noted() == [(ann, series)]
    read("rev")
    assert noted() == [(ann, series), (rev, series)]
    monkeypatch.setattr(door, "_AUDIT_AGAIN_SECONDS", 0.0)
    read("ann")
    assert noted() == [(ann, series), (rev, series), (ann, series)]


def test_an_image_whose_reading_cannot_be_noted_is_not_sent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    place = f"/dicomweb/studies/{STUDY_UID}/series/{SERIES_UID}/instances/{INSTANCE_UID}"
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(username="ann"))

    def away(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(audit, "record", away)
        for _ in range(2):
            answer = client.get(place, headers={"Accept": "*/*"})
            assert (answer.status_code, answer.json()["code"]) == (500, "server_error")
    assert client.get(place, headers={"Accept": "*/*"}).status_code == 200


def test_the_command_and_the_page_say_whether_the_trail_is_whole(world: World, admin: User) -> None:
    Api(admin)("POST", "projects", {"slug": "knee", "title": "Knees"})
    said = StringIO()
    call_command("verify_audit", stdout=said)
    assert "whole" in said.getvalue().lower() or "intact" in said.getvalue().lower(), said.getvalue()
    assert Api(admin)("POST", "audit/verify")[1]["intact"] is True
    victim = AuditEvent.objects.get(event_type="project.created")
    _unlocked("UPDATE core_auditevent SET actor_id = 'somebody else' WHERE id = %s", victim.pk)
    status, found = Api(admin)("POST", "audit/verify")
    assert (status, found["intact"]) == (200, False)
    assert found["broken"][0]["chain"] == victim.chain
    assert str(victim.sequence) in found["broken"][0]["fault"]
    with pytest.raises((CommandError, SystemExit)):
        call_command("verify_audit", stdout=StringIO(), stderr=StringIO())


def test_failed_logins_and_lockouts_are_noted_without_the_password(world: World) -> None:
    for _ in range(6):
        Client(raise_request_exception=False).post(
            "/api/v1/auth/login", json.dumps({"username": "ann", "password": "sesame-open"}), "application/json"
        )
    noted = list(AuditEvent.objects.values_list("event_type", "outcome"))
    assert ("user.login", "wrong_password") in noted
    assert ("user.locked_out", "locked_out") in noted
    assert "sesame" not in repr(everything()["core.AuditEvent"])
