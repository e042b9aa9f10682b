"""The first hour of a new installation: an inbox, first steps that end, and passwords that become one's own."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from annotations.models import Label, Workitem
from annotations.services.projects import inbox_open
from core.models import ApiToken, AuditEvent, Project, User
from core.passwords import token_make
from tests.conftest import PASSWORD
from tests.factories.api import Api
from tests.factories.world import make_world
from tests.webapp.test_permission_matrix import LIVE_CELLS

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db
FRESH = "quite-another-horse"


def test_every_start_opens_an_inbox_once() -> None:
    call_command("prepare", stdout=io.StringIO())
    inbox = Project.objects.get()
    assert (inbox.slug, inbox.is_inbox) == ("inbox", True)
    assert inbox_open() == inbox
    assert AuditEvent.objects.filter(event_type="project.created").count() == 1


def test_an_inbox_that_was_chosen_stays_and_a_taken_name_is_not_in_the_way() -> None:
    Project.objects.create(slug="inbox", title="Somebody's own")
    made = inbox_open()
    assert made.is_inbox
    assert made.slug.startswith("inbox-")
    assert inbox_open() == made


def test_the_first_steps_are_ticked_by_what_was_done(make_user: Callable[..., User]) -> None:
    def done(user: User) -> list[str]:
        status, steps = Api(user)("GET", "system/first-steps")
        assert status == 200
        assert [step["key"] for step in steps] == ["people", "labels", "images", "reading"]
        return [step["key"] for step in steps if step["done"]]

    admin = make_user("adm", "admin")
    inbox_open()
    assert done(admin) == []
    reader = make_user("ann", "radiologist")
    assert done(admin) == ["people"]
    world = make_world(Project.objects.create(slug="chest", title="Chest"), reader, admin)
    assert done(admin) == ["people", "labels", "images"]
    Workitem.objects.filter(pk=world.workitem.pk).update(state="submitted")
    assert done(admin) == ["people", "labels", "images", "reading"]
    Label.objects.update(retired_at=timezone.now())
    assert "labels" not in done(admin)


def logged_in(username: str, password: str) -> Client:
    client = Client()
    answer = client.post(
        "/api/v1/auth/login", {"username": username, "password": password}, content_type="application/json"
    )
    assert answer.status_code == 200, answer.content
    return client


def test_a_password_that_an_admin_chose_opens_nothing_but_the_way_to_ones_own(project: Project, admin: User) -> None:
    body = {"username": "new", "display_name": "New", "role": "admin", "password": PASSWORD}
    status, made = Api(admin)("POST", "users", body)
    assert (status, made["must_change_password"]) == (201, True)
    new = User.objects.get(username="new")
    world = make_world(project, new, new)
    client = logged_in("new", PASSWORD)
    assert client.get("/api/v1/auth/me").json()["must_change_password"] is True
    open_doors = {
        ("api/v1/auth/me", "GET"), ("api/v1/auth/password", "POST"), ("api/v1/auth/login", "POST"),
        ("api/v1/auth/logout", "POST"), ("api/v1/system/health", "GET"),
    }  # fmt: skip
    for route, method in LIVE_CELLS:
        if (route, method) in open_doors:
            continue
        inside = route.removeprefix("api/v1/")
        address = f"/{route.removesuffix(inside)}{world.fill(inside, admin.pk)}"
        answer = client.generic(method, address, b"{}", content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (403, "password_change_required"), f"{method} {route}"
    for wrong, code in (
        ({"old_password": PASSWORD, "new_password": PASSWORD}, "password_same"),
        ({"old_password": "x", "new_password": FRESH}, "password_wrong"),
        ({"old_password": PASSWORD, "new_password": "short"}, "password_weak"),
    ):
        answer = client.post("/api/v1/auth/password", wrong, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert client.get("/api/v1/projects").status_code == 403
    right = {"old_password": PASSWORD, "new_password": FRESH}
    assert client.post("/api/v1/auth/password", right, content_type="application/json").status_code == 204
    assert client.get("/api/v1/projects").status_code == 200
    assert client.get("/api/v1/auth/me").json()["must_change_password"] is False


@pytest.mark.django_db(transaction=True)
def test_raw_frames_and_the_live_socket_stay_shut_until_the_password_is_ones_own(
    server_url: str, project: Project, radiologist: User
) -> None:
    import requests
    from websockets.exceptions import ConnectionClosed

    from tests.factories.world import INSTANCE_UID, SERIES_UID, STUDY_UID
    from tests.webapp.test_live_socket import _socket

    make_world(project, radiologist, radiologist)
    User.objects.filter(pk=radiologist.pk).update(must_change_password=True)
    _, token = token_make(user=radiologist, name="script", days=1)
    frame = f"/dicomweb/studies/{STUDY_UID}/series/{SERIES_UID}/instances/{INSTANCE_UID}/frames/1"
    answer = requests.get(server_url + frame, headers={"Authorization": f"Bearer {token}"}, timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (403, "password_change_required")
    with _socket(server_url, radiologist) as made, pytest.raises(ConnectionClosed):
        made.recv(timeout=20)


def _bearer(token: str) -> int:
    return Client().get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_change_of_password_ends_tokens_and_every_session_but_the_one_that_asked(
    project: Project, radiologist: User, reviewer: User
) -> None:
    here, elsewhere = logged_in("ann", PASSWORD), logged_in("ann", PASSWORD)
    _, token = token_make(user=radiologist, name="script", days=1)
    _, others = token_make(user=reviewer, name="script", days=1)
    assert _bearer(token) == 200
    body = {"old_password": PASSWORD, "new_password": FRESH}
    assert here.post("/api/v1/auth/password", body, content_type="application/json").status_code == 204
    assert here.get("/api/v1/auth/me").status_code == 200
    assert elsewhere.get("/api/v1/auth/me").status_code == 401
    assert (_bearer(token), _bearer(others)) == (401, 200)
    assert not ApiToken.objects.filter(user=radiologist).exists()


@pytest.mark.parametrize("change", [{"password": FRESH}, {"is_active": False}])
def test_a_reset_and_a_switched_off_account_end_every_way_in(
    change: dict[str, Any], project: Project, radiologist: User, admin: User
) -> None:
    elsewhere = logged_in("ann", PASSWORD)
    _, token = token_make(user=radiologist, name="script", days=1)
    assert Api(admin)("PATCH", f"users/{radiologist.pk}", change)[0] == 200
    assert (elsewhere.get("/api/v1/auth/me").status_code, _bearer(token)) == (401, 401)
    Api(admin)("PATCH", f"users/{radiologist.pk}", {"is_active": True})
    assert _bearer(token) == 401
    if "password" in change:
        assert logged_in("ann", FRESH).get("/api/v1/projects").json()["code"] == "password_change_required"


def test_an_admin_changes_their_own_password_where_the_old_one_is_asked(project: Project, admin: User) -> None:
    status, answer = Api(admin)("PATCH", f"users/{admin.pk}", {"password": FRESH})
    assert (status, answer["code"]) == (422, "own_password")


def test_preferences_have_a_limit(project: Project, radiologist: User) -> None:
    status, answer = Api(radiologist)("PATCH", "auth/me", {"preferences": {"a": "x" * 70_000}})
    assert (status, answer["code"]) == (422, "preferences_too_large")


def test_a_new_secret_key_ends_the_sessions_and_leaves_passwords_and_tokens(
    project: Project, radiologist: User, settings: Any
) -> None:
    before = logged_in("ann", PASSWORD)
    _, token = token_make(user=radiologist, name="script", days=1)
    settings.SECRET_KEY = "another-secret-key-that-is-quite-long-enough-for-all-of-this"
    assert before.get("/api/v1/auth/me").status_code == 401
    assert _bearer(token) == 200
    assert logged_in("ann", PASSWORD).get("/api/v1/auth/me").status_code == 200


@pytest.mark.parametrize("name", ["an na", "a", "x" * 151, "a/b"])
def test_a_name_that_nobody_can_log_in_with_is_refused_at_every_door(
    name: str, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"username": name, "display_name": "Anna", "role": "reviewer", "password": FRESH}
    assert Api(admin)("POST", "users", given)[0] == 422
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{FRESH}\n"))
    with pytest.raises(CommandError, match="user name has 2 to 150 letters"):
        call_command("create_admin", name, stdout=io.StringIO())
    assert not User.objects.filter(username=name).exists()


def test_the_demo_with_its_published_passwords_stays_out_of_a_house_with_people(admin: User) -> None:
    with pytest.raises(CommandError, match="People of your own log in here"):
        call_command("demo", stdout=io.StringIO())
    assert list(User.objects.values_list("username", flat=True)) == [admin.username]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["demo", "--second-reading", "-3"], "a number from 1 up"),
        (["demo", "--second-reading", "0"], "a number from 1 up"),
        (["serve", "--port", "http"], "http is no port"),
    ],
)
def test_a_wrong_number_is_answered_in_words(command: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command(*command)
