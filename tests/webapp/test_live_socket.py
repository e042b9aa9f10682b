"""The live socket tells members what changed, and nobody else."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from core import events
from core.models import Event, Membership, Project, User
from tests.patience import SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db(transaction=True)


def _socket(url: str, user: User | None, origin: str | None = None) -> ClientConnection:
    headers = {}
    if user is not None:
        client = Client()
        client.force_login(user)
        headers["Cookie"] = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    return connect(
        url.replace("http", "ws") + "/live", additional_headers=headers, origin=origin or url, open_timeout=SECONDS
    )


def _subscribe(socket: ClientConnection, after: int | None = None) -> None:
    socket.send(json.dumps({"type": "subscribe", "after": after}))


def _next(socket: ClientConnection, seconds: float = SECONDS) -> dict[str, Any]:
    """Return the next message that says something; pings come in between on a slow machine."""
    deadline = time.monotonic() + seconds
    while True:
        message: dict[str, Any] = json.loads(socket.recv(timeout=max(0.0, deadline - time.monotonic())))
        if message["type"] != "ping":
            return message


def test_a_member_hears_what_changed_in_the_project(server_url: str, radiologist: User, project: Project) -> None:
    events.publish("workitem.changed", "before", project=project)
    last = Event.objects.latest("pk").pk
    with _socket(server_url, radiologist) as socket:
        _subscribe(socket, last)
        made = events.publish("workitem.changed", "w1", project=project, version=2)
        assert _next(socket) == {
            "type": "event",
            "id": made.pk,
            "kind": "workitem.changed",
            "object_id": "w1",
            "version": "2",
            "project": "chest",
            "detail": {},
        }


def test_a_live_socket_outlives_the_patience_with_silent_connections(
    server_url: str, radiologist: User, project: Project, settings: Any
) -> None:
    settings.OVERREAD_HEAD_PATIENCE_SECONDS = 1.0
    with _socket(server_url, radiologist) as live:
        _subscribe(live, 0)
        events.publish("workitem.changed", "early", project=project)
        assert _next(live)["object_id"] == "early"
        address = urlsplit(server_url)
        with socket.create_connection((str(address.hostname), address.port or 0), timeout=SECONDS) as silent:
            assert silent.recv(1) == b"", "a younger connection that says nothing was hung up on meanwhile"
        events.publish("workitem.changed", "late", project=project)
        assert _next(live)["object_id"] == "late"


def test_a_client_that_was_away_hears_what_it_missed(server_url: str, radiologist: User, project: Project) -> None:
    first = events.publish("finding.changed", "f0", project=project)
    for number in (1, 2):
        events.publish("finding.changed", f"f{number}", project=project)
    with _socket(server_url, radiologist) as socket:
        _subscribe(socket, first.pk)
        assert [_next(socket)["object_id"] for _ in range(2)] == ["f1", "f2"]


def test_events_of_other_projects_and_people_stay_there(
    server_url: str, radiologist: User, reviewer: User, project: Project
) -> None:
    elsewhere = Project.objects.create(slug="elsewhere", title="Elsewhere")
    with _socket(server_url, radiologist) as socket:
        _subscribe(socket, 0)
        events.publish("workitem.changed", "secret", project=elsewhere)
        events.publish("upload.changed", "not yours", user=reviewer)
        events.publish("workitem.changed", "yours", project=project)
        assert _next(socket)["object_id"] == "yours"


def test_a_stranger_is_turned_away(server_url: str) -> None:
    with _socket(server_url, None) as socket, pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=SECONDS)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


def test_a_member_who_was_taken_out_hears_nothing_more(server_url: str, radiologist: User, project: Project) -> None:
    with _socket(server_url, radiologist) as socket:
        _subscribe(socket, 0)
        events.publish("workitem.changed", "w1", project=project)
        assert _next(socket)["object_id"] == "w1"
        Membership.objects.all().delete()
        User.objects.filter(pk=radiologist.pk).update(is_active=False)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=SECONDS)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


def test_another_site_cannot_open_the_socket(server_url: str, radiologist: User) -> None:
    with pytest.raises(Exception, match="403"):
        _socket(server_url, radiologist, origin="https://evil.example")


@pytest.mark.parametrize("message", ["no json", "[]", '{"type": "publish"}', '{"type": "subscribe", "after": "x"}'])
def test_a_message_that_is_not_understood_closes_the_socket(
    message: str, server_url: str, make_user: Callable[..., User]
) -> None:
    with _socket(server_url, make_user("bob")) as socket:
        socket.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=SECONDS)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1003
