"""Logging in, being locked out, tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from core.models import ApiToken, AuditEvent, User
from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from core.models import Project

pytestmark = pytest.mark.django_db


def _log_in(client: Client, username: str, password: str) -> tuple[int, dict[str, object]]:
    client.get("/")
    answer = client.post(
        "/api/v1/auth/login",
        {"username": username, "password": password},
        content_type="application/json",
        headers={"X-CSRFToken": client.cookies["csrftoken"].value},
    )
    return answer.status_code, answer.json()


@pytest.fixture
def browser() -> Client:
    """A client that is held to CSRF as a browser is."""
    return Client(enforce_csrf_checks=True)


def test_a_radiologist_logs_in_and_sees_their_projects_and_permissions(browser: Client, radiologist: User) -> None:
    status, me = _log_in(browser, "ann", PASSWORD)
    assert status == 200
    assert [found["slug"] for found in me["projects"]] == ["chest"]  # type: ignore[union-attr,index]
    permissions = me["projects"][0]["permissions"]  # type: ignore[index]
    assert "finding.write" in permissions
    assert "finding.review" not in permissions
    assert browser.get("/api/v1/auth/me").json()["username"] == "ann"


def test_logging_in_without_the_csrf_token_is_refused_with_a_code(browser: Client, radiologist: User) -> None:
    answer = browser.post(
        "/api/v1/auth/login", {"username": "ann", "password": PASSWORD}, content_type="application/json"
    )
    assert answer.status_code == 403
    assert answer.json()["code"] == "csrf_failed"


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(browser: Client, radiologist: User) -> None:
    answers = [_log_in(browser, name, "wrong") for name in ("ann", "nobody")]
    assert [(status, body["code"], body["message"]) for status, body in answers] == [
        (401, "login_failed", "The name or the password is wrong.")
    ] * 2


def test_after_five_wrong_passwords_even_the_right_one_has_to_wait(browser: Client, radiologist: User) -> None:
    for _ in range(5):
        _log_in(browser, "ann", "wrong")
    status, body = _log_in(browser, "ann", PASSWORD)
    assert (status, body["code"]) == (429, "locked_out")
    assert AuditEvent.objects.filter(outcome="locked_out").exists()


def test_a_switched_off_account_is_out_at_once(browser: Client, radiologist: User) -> None:
    _log_in(browser, "ann", PASSWORD)
    User.objects.update(is_active=False)
    assert browser.get("/api/v1/auth/me").status_code == 401


def test_logging_out_ends_the_session(browser: Client, radiologist: User) -> None:
    _, me = _log_in(browser, "ann", PASSWORD)
    browser.post("/api/v1/auth/logout", content_type="application/json", headers={"X-CSRFToken": str(me["csrf_token"])})
    assert browser.get("/api/v1/auth/me").status_code == 401


def test_a_token_opens_the_door_until_it_is_revoked_and_only_its_hash_is_stored(client: Client, admin: User) -> None:
    client.force_login(admin)
    made = client.post("/api/v1/auth/tokens", {"name": "script", "days": 3}, content_type="application/json").json()
    row = ApiToken.objects.get()
    assert made["token"] not in (row.digest, row.token_key)
    program = Client(headers={"Authorization": f"Bearer {made['token']}"})
    assert program.get("/api/v1/auth/me").json()["username"] == "adm"
    assert client.get("/api/v1/auth/tokens").json()[0]["name"] == "script"
    assert "token" not in client.get("/api/v1/auth/tokens").json()[0]
    assert client.delete(f"/api/v1/auth/tokens/{made['id']}").status_code == 204
    assert program.get("/api/v1/auth/me").json()["code"] == "not_authenticated"


def test_the_last_admin_cannot_lock_the_house(client: Client, admin: User) -> None:
    client.force_login(admin)
    answer = client.patch(f"/api/v1/users/{admin.pk}", {"role": "radiologist"}, content_type="application/json")
    assert answer.json()["code"] == "last_admin"


def test_a_weak_password_is_refused_with_what_to_do(client: Client, radiologist: User, project: Project) -> None:
    client.force_login(radiologist)
    answer = client.post(
        "/api/v1/auth/password", {"old_password": PASSWORD, "new_password": "short"}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "password_weak")
    assert "at least 10 characters" in answer.json()["message"]
