"""Saving a form changes what was changed in it, never back what somebody else set meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from annotations.models import ReadingProtocol
from tests.e2e.bench import reader_at
from tests.e2e.cases import a_case
from tests.factories.api import Api

if TYPE_CHECKING:
    from pathlib import Path

    from core.models import Project, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_mended_description_does_not_switch_the_blinding_back(
    project: Project, admin: User, server_url: str, tmp_path: Path
) -> None:
    case = a_case(project, admin, server_url, tmp_path)

    def reveal(choice: str) -> None:
        version = Api(admin)("GET", f"projects/{project.slug}")[1]["version"]
        status, answer = Api(admin)("PATCH", f"projects/{project.slug}", {"reveal": choice}, match=version)
        assert status == 200, answer

    with reader_at(server_url, admin) as desk:
        page = desk.page
        page.goto(f"{server_url}/admin/projects/{project.slug}")
        page.get_by_test_id("protocol-description").fill("Chest films, mended")
        reveal("never")
        page.get_by_test_id("protocol-save").click()
        expect(page.get_by_text("Project saved.")).to_be_visible()
        project.refresh_from_db()
        assert project.description == "Chest films, mended"
        assert ReadingProtocol.objects.get(project=project).reveal == "never"

        # The same field on both sides: nothing is saved before somebody chose, and both words stand on the page.
        page.get_by_test_id("reveal-after_own_answer").check()
        reveal("always")
        expect(page.get_by_test_id("field-clashes")).to_contain_text("always")
        expect(page.get_by_test_id("protocol-save")).to_be_disabled()
        assert ReadingProtocol.objects.get(project=project).reveal == "always"
        page.get_by_test_id("clash-mine").click()
        with page.expect_response(lambda answer: answer.request.method == "PATCH") as saved:
            page.get_by_test_id("protocol-save").click()
        assert saved.value.status == 200
        assert Api(admin)("GET", f"projects/{project.slug}")[1]["reveal"] == "after_own_answer"

        # A label is retired for a successor, and readers are offered the other one.
        page.get_by_role("button", name="Retire Lesion").click()
        page.get_by_test_id("retire-successor").click()
        page.get_by_role("option", name="Normal").click()
        page.get_by_test_id("retire-confirm").click()
        expect(page.get_by_test_id("label-lesion")).to_contain_text("now normal")
        retired = project.labels.select_related("successor").get(key="lesion")
        assert retired.retired_at is not None
        assert retired.successor is not None
        assert retired.successor.key == "normal"
        page.goto(case.page_url)
        expect(page.get_by_test_id("image-label-normal")).to_be_visible()
        expect(page.get_by_test_id("image-label-lesion")).to_have_count(0)
