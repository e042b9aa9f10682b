"""An installation with nothing in it but one admin, in a real browser: every step leads to the next, none to a wall."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from annotations.models import Label, Workitem
from annotations.services.projects import inbox_open
from core.models import Membership, Project, User
from core.roles import Role
from core.users import user_create
from imaging.models import Instance, ProjectStudy
from tests.browser import sat_down, started_browser
from tests.conftest import PASSWORD
from tests.e2e.bench import need_the_front_end, reader_at
from tests.imaging.archive import bundled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OWN = "a-password-of-my-own"
LABELS = """key;meaning;code;scheme;uses;colour
nodule;Solitary nodule of lung;427359005;SCT;image region;#1f8ef1
normal;Normal;17621005;SCT;image;
"""


def step(page: Page, key: str) -> str | None:
    return page.get_by_test_id(f"first-step-{key}").get_attribute("data-done")


def test_the_admin_of_an_empty_installation_is_led_to_the_first_reading(server_url: str, tmp_path: Path) -> None:
    need_the_front_end()
    inbox_open()
    user_create(username="boss", display_name="Bo Boss", role=Role.ADMIN.value, password=PASSWORD, by=None)
    with sat_down(started_browser(), server_url, width=1366, height=768) as desk:
        page = desk.page
        page.goto(server_url)
        page.get_by_test_id("login-username").fill("boss")
        page.get_by_test_id("login-password").fill(PASSWORD)
        page.get_by_test_id("login-submit").click()
        expect(page.get_by_test_id("first-steps")).to_be_visible()
        assert [step(page, key) for key in ("people", "labels", "images", "reading")] == ["false"] * 4
        desk.picture("first-steps")

        page.get_by_role("link", name="To the users").click()
        page.get_by_test_id("user-create").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("User name").fill("rita")
        dialog.get_by_role("textbox", name="Name", exact=True).fill("Rita Reader")
        dialog.get_by_label("First password").fill(PASSWORD)
        dialog.get_by_role("button", name="Add").click()
        expect(page.get_by_test_id("user-rita")).to_contain_text("still has a first password")

        page.get_by_role("link", name="Projects").click()
        page.get_by_test_id("project-create").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Title").fill("Mozg / Мозг")
        dialog.get_by_label("Short name").fill("brain")
        dialog.get_by_role("button", name="Make it").click()
        expect(page.get_by_test_id("labels-panel")).to_be_visible()

        sheet = tmp_path / "labels.csv"
        sheet.write_text(LABELS.replace("#1f8ef1", "blue"))
        page.get_by_test_id("label-set-open-import").click()
        page.get_by_role("dialog").locator("xpath=//input[@type='file']").set_input_files(sheet)
        page.get_by_test_id("label-set-import").click()
        expect(page.get_by_test_id("label-set-error")).to_contain_text("Write a colour as #rrggbb")
        desk.picture("label-set-error")
        assert not Label.objects.exists()
        sheet.write_text(LABELS)
        page.get_by_role("dialog").locator("xpath=//input[@type='file']").set_input_files(sheet)
        page.get_by_test_id("label-set-import").click()
        expect(page.get_by_test_id("label-nodule")).to_contain_text("Solitary nodule of lung")
        stored = Label.objects.filter(project__slug="brain").order_by("position")
        assert list(stored.values_list("key", "code_value", "uses")) == [
            ("nodule", "427359005", ["image", "region"]),
            ("normal", "17621005", ["image"]),
        ]

        page.get_by_test_id("member-person").click()
        page.get_by_role("option", name="Rita Reader").click()
        page.get_by_test_id("member-add").click()
        expect(page.get_by_test_id("members-panel")).to_contain_text("Rita Reader")
        assert Membership.objects.filter(project__slug="brain", user__username="rita").exists()

        page.get_by_role("link", name="Worklist", exact=True).click()
        expect(page.get_by_test_id("first-step-labels")).to_have_attribute("data-done", "true")
        assert [step(page, key) for key in ("people", "labels", "images", "reading")] == ["true", "true"] + [
            "false"
        ] * 2
        page.get_by_test_id("first-steps").get_by_role("link", name="Upload images").click()
        page.get_by_test_id("upload-project").click()
        page.get_by_role("option", name="Mozg").click()
        page.get_by_test_id("upload-files").set_input_files(bundled("CT_small.dcm"))
        expect(page.get_by_test_id("upload-tally")).to_contain_text("1 stored")
        assert ProjectStudy.objects.get().project.slug == "brain"
        page.get_by_test_id("upload-to-worklist").click()
        expect(page.get_by_test_id("worklist-row")).to_have_count(1)
        assert [step(page, key) for key in ("images", "reading")] == ["true", "false"]
        desk.picture("first-steps-later")
        Workitem.objects.update(state="submitted")
        page.reload()
        expect(page.get_by_test_id("worklist-row")).to_have_count(1)
        expect(page.get_by_test_id("first-steps")).to_have_count(0)


def test_a_first_password_is_replaced_before_anything_else_opens(
    project: Project, admin: User, server_url: str
) -> None:
    need_the_front_end()
    user_create(username="rita", display_name="Rita Reader", role="radiologist", password=PASSWORD, by=admin)
    with sat_down(started_browser(), server_url) as desk:
        page = desk.page
        page.goto(f"{server_url}/upload")
        page.get_by_test_id("login-username").fill("rita")
        page.get_by_test_id("login-password").fill(PASSWORD)
        page.get_by_test_id("login-submit").click()
        expect(page.get_by_test_id("first-password-form")).to_be_visible()
        page.goto(f"{server_url}/worklist")
        expect(page.get_by_test_id("first-password-form")).to_be_visible()
        desk.picture("first-password")
        page.get_by_test_id("first-password-old").fill(PASSWORD)
        for name in ("new", "again"):
            page.get_by_test_id(f"first-password-{name}").fill(PASSWORD)
        page.get_by_test_id("first-password-submit").click()
        expect(page.get_by_test_id("first-password-error")).to_contain_text("Choose another")
        for name in ("new", "again"):
            page.get_by_test_id(f"first-password-{name}").fill(OWN)
        page.get_by_test_id("first-password-submit").click()
        expect(page.get_by_test_id("worklist-page")).to_be_visible()
        rita = User.objects.get(username="rita")
        assert rita.check_password(OWN)
        assert not rita.must_change_password
        page.goto(f"{server_url}/upload")
        expect(page.get_by_test_id("empty-state")).to_contain_text("Ask an admin to make you a member")


def test_stopped_files_go_to_their_own_project_and_the_next_person_finds_an_empty_list(
    project: Project,
    admin: User,
    make_user: Callable[..., User],
    server_url: str,
    tmp_path: Path,
) -> None:
    need_the_front_end()
    other = Project.objects.create(slug="synthetic", title="Synthetic chest")
    for name, source in (("one", "CT_small.dcm"), ("two", "MR_small.dcm"), ("three", "rtplan.dcm")):
        (tmp_path / f"{name}.dcm").write_bytes(bundled(source).read_bytes())
    late = tmp_path / "late.dcm"
    late.write_bytes(bundled("ExplVR_BigEnd.dcm").read_bytes())

    def projects_of(name: str) -> set[str]:
        """Return where the API holds the study of a file."""
        from pydicom import dcmread

        study = str(dcmread(tmp_path / name, stop_before_pixels=True).StudyInstanceUID)
        return set(ProjectStudy.objects.filter(study__study_instance_uid=study).values_list("project__slug", flat=True))

    with reader_at(server_url, admin) as desk:
        page = desk.page
        held: list[object] = []
        page.route("**/api/v1/uploads/*/files", lambda route: held.append(route))
        page.goto(f"{server_url}/upload?project={project.slug}")
        files = [tmp_path / f"{name}.dcm" for name in ("one", "two", "three")]
        page.get_by_test_id("upload-files").set_input_files(files)
        expect(page.get_by_test_id("upload-row").filter(has_text="Sending").or_(
            page.get_by_test_id("upload-row").filter(has_text="Being checked"))).to_have_count(3)  # fmt: skip
        page.get_by_test_id("upload-cancel").click()
        expect(page.get_by_test_id("upload-tally")).to_contain_text("3 stopped")
        page.unroute("**/api/v1/uploads/*/files")

        page.get_by_test_id("upload-project").click()
        page.get_by_role("option", name="Synthetic chest").click()
        page.get_by_test_id("upload-files").set_input_files(late)
        expect(page.get_by_test_id("upload-tally")).to_contain_text("1 stored")
        assert Instance.objects.count() == 1
        assert projects_of("late.dcm") == {other.slug}
        desk.picture("upload-stopped")

        page.get_by_test_id("upload-retry").click()
        expect(page.get_by_test_id("upload-tally")).to_contain_text("4 stored")
        assert [projects_of(f"{name}.dcm") for name in ("one", "two", "three")] == [{project.slug}] * 3
        assert projects_of("late.dcm") == {other.slug}

        page.get_by_test_id("user-menu").click()
        page.get_by_test_id("sign-out").click()
        expect(page.get_by_test_id("login-form")).to_be_visible()
        make_user("next", "radiologist", project)
        page.get_by_test_id("login-username").fill("next")
        page.get_by_test_id("login-password").fill(PASSWORD)
        page.get_by_test_id("login-submit").click()
        page.get_by_role("link", name="Upload", exact=True).click()
        expect(page.get_by_test_id("upload-page")).to_be_visible()
        expect(page.get_by_test_id("upload-row")).to_have_count(0)
        expect(page.get_by_test_id("upload-retry")).to_be_disabled()
