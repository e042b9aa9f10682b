"""The feed behind the sockets hears what is committed late, and goes on when the database was away."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError

from core import events
from core.event_kinds import DETAILS, EventKind, OfWorkitem
from core.models import Event
from tests.patience import eventually
from tests.webapp.test_live_socket import _next, _socket, _subscribe
from webapp.live import consumer, feed

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_event_committed_after_younger_ones_is_heard(server_url: str, radiologist: User, project: Project) -> None:
    first = events.publish(EventKind.WORKITEM_CHANGED, "first", project=project)
    with _socket(server_url, radiologist) as socket:
        _subscribe(socket, first.pk)
        # The reader listens from here on; when it begins it looks back over 200 ids only.
        heard = events.publish(EventKind.WORKITEM_CHANGED, "heard", project=project)
        assert _next(socket)["object_id"] == "heard"
        Event.objects.create(pk=heard.pk + 300, kind="workitem.changed", object_id="young", project=project)
        assert _next(socket)["object_id"] == "young"
        Event.objects.create(pk=heard.pk + 2, kind="workitem.changed", object_id="late", project=project)
        assert _next(socket)["object_id"] == "late", "though 298 ids lie between"


def test_a_client_that_missed_more_than_is_repeated_is_told_to_fetch_everything(
    server_url: str, radiologist: User, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "REPLAYED", 3)
    first = events.publish(EventKind.WORKITEM_CHANGED, "w0", project=project)
    for number in range(1, 5):
        events.publish(EventKind.WORKITEM_CHANGED, f"w{number}", project=project)
    with _socket(server_url, radiologist) as socket:
        _subscribe(socket, first.pk)
        assert json.loads(socket.recv(timeout=60)) == {"type": "resync"}
        events.publish(EventKind.WORKITEM_CHANGED, "after", project=project)
        assert _next(socket)["object_id"] == "after"


def test_sockets_hear_again_when_the_database_is_back(
    server_url: str, radiologist: User, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = {"is": False, "asked": 0}
    real = feed.events_after

    async def reading(*args: Any, **named: Any) -> list[dict[str, Any]]:
        if away["is"]:
            away["asked"] += 1
            raise OperationalError("the database is away")
        found: list[dict[str, Any]] = await real(*args, **named)
        return found

    monkeypatch.setattr(feed, "events_after", reading)
    monkeypatch.setattr(feed, "_PATIENCE_SECONDS", 0.05)
    first = events.publish(EventKind.WORKITEM_CHANGED, "first", project=project)
    with _socket(server_url, radiologist) as socket:
        _subscribe(socket, first.pk)
        events.publish(EventKind.WORKITEM_CHANGED, "before", project=project)
        assert _next(socket, 60)["object_id"] == "before"
        away["is"] = True
        events.publish(EventKind.WORKITEM_CHANGED, "while away", project=project)
        assert eventually(lambda: away["asked"] >= 3)
        away["is"] = False
        assert _next(socket, 60)["object_id"] == "while away"


def test_every_kind_of_event_says_what_it_says_in_one_shape(project: Project) -> None:
    assert set(DETAILS) == set(EventKind)
    with pytest.raises(TypeError, match="says OfWorkitem"):
        events.publish(EventKind.FINDING_CHANGED, "f", project=project, detail=DETAILS[EventKind.JOB_CHANGED]())
    told = OfWorkitem(workitem_id=project.pk)
    event = events.publish(EventKind.FINDING_CHANGED, "f", project=project, detail=told)
    assert event.detail == {"workitem_id": str(project.pk)}
