"""A page made for one person is not answered as another who signed in behind it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from annotations.models import Finding
from tests.factories.reading import image_label, make_label, make_workitem

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.models import Project, User

pytestmark = pytest.mark.django_db


def _ask(session: User, page: User, method: str, address: str, body: Any = None) -> tuple[int, str]:
    client = Client()
    client.force_login(session)
    answer = client.generic(
        method,
        f"/api/v1/{address}",
        b"" if body is None else json.dumps(body).encode(),
        content_type="application/json",
        headers={"X-Overread-User": str(page.pk)},
    )
    return answer.status_code, answer.json().get("code", "") if answer.content else ""


def test_a_finding_drawn_on_one_persons_page_is_not_stored_as_anothers(
    make_user: Callable[..., User], project: Project, radiologist: User
) -> None:
    second = make_user("second", "radiologist", project)
    make_label(project)
    case = make_workitem(project, second)
    address, body = f"workitems/{case.pk}/findings", {"content": image_label()}
    assert _ask(second, radiologist, "POST", address, body) == (409, "other_person")
    assert not Finding.objects.exists()
    assert _ask(second, second, "POST", address, body)[0] == 201
    assert Finding.objects.get().author == second


def test_a_page_is_not_shown_what_another_person_may_see(
    make_user: Callable[..., User], project: Project, radiologist: User, reviewer: User
) -> None:
    case = make_workitem(project, radiologist)
    assert _ask(reviewer, radiologist, "GET", f"workitems/{case.pk}") == (409, "other_person")
    assert _ask(reviewer, reviewer, "GET", f"workitems/{case.pk}")[0] == 200


def test_a_page_cannot_end_or_change_another_persons_session(radiologist: User, reviewer: User) -> None:
    for method, address in (("POST", "auth/logout"), ("PATCH", "auth/me"), ("POST", "auth/tokens")):
        assert _ask(reviewer, radiologist, method, address, {}) == (409, "other_person"), address
