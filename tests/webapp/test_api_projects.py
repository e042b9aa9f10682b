"""Projects, labels and members through the front door."""

from __future__ import annotations

import pytest

from core.models import AuditEvent, Project, User
from tests.factories.api import Api

pytestmark = pytest.mark.django_db
LABEL = {
    "key": "effusion", "code_value": "60046008", "coding_scheme_designator": "SCT", "code_meaning": "Pleural effusion",
    "uses": ["image", "region"], "color": "#00AAFF",
}  # fmt: skip


def test_an_admin_makes_a_project_with_labels_and_members(admin: User, radiologist: User) -> None:
    api = Api(admin)
    status, made = api("POST", "projects", {"slug": "knees", "title": "Knees", "reveal": "always"})
    assert (status, made["reveal"], made["labels"]) == (201, "always", [])
    assert [member["role"] for member in made["members"]] == ["admin"]
    assert api("POST", "projects", {"slug": "knees", "title": "Again"})[1]["code"] == "slug_taken"
    status, label = api("POST", "projects/knees/labels", LABEL)
    assert (status, label["color"], label["retired_at"]) == (201, "#00aaff", None)
    assert api("POST", "projects/knees/labels", LABEL)[1]["code"] == "label_key_taken"
    assert api("PATCH", "projects/knees/labels/effusion", {"retired": True})[1]["retired_at"] is not None
    assert api("PATCH", "projects/knees/labels/effusion", {"retired": False, "position": 3})[1]["position"] == 3
    assert api("PATCH", "projects/knees/labels/ghost", {})[0] == 404
    _, changed = api("PATCH", "projects/knees", {"instructions": "Look twice.", "reveal": "never"})
    assert (changed["instructions"], changed["reveal"], changed["title"]) == ("Look twice.", "never", "Knees")
    reader = Api(radiologist)
    assert reader("GET", "projects/knees")[0] == 404
    assert api("PUT", f"projects/knees/members/{radiologist.pk}", {"role": "reviewer"})[0] == 200
    assert {row["slug"] for row in reader("GET", "projects")[1]} == {"chest", "knees"}
    assert reader("GET", "projects/knees")[1]["members"][-1]["user"]["username"] == "ann"
    assert api("DELETE", f"projects/knees/members/{radiologist.pk}")[0] == 204
    assert reader("GET", "projects/knees")[0] == 404
    written = set(AuditEvent.objects.values_list("event_type", flat=True))
    assert {"project.created", "project.changed", "label.created", "label.changed", "membership.set"} <= written


def test_only_admins_change_a_project(project: Project, radiologist: User, reviewer: User, stranger: User) -> None:
    calls = [
        ("PATCH", "projects/chest", {"title": "x"}),
        ("POST", "projects/chest/labels", LABEL),
        ("PUT", f"projects/chest/members/{stranger.pk}", {"role": "admin"}),
        ("DELETE", f"projects/chest/members/{radiologist.pk}", None),
    ]
    for method, address, body in calls:
        assert Api(radiologist)(method, address, body)[0] == 403
        assert Api(reviewer)(method, address, body)[0] == 403
        assert Api(stranger)(method, address, body)[0] == 404
    assert Api(reviewer)("POST", "projects", {"slug": "x1", "title": "x"})[0] == 403


@pytest.mark.parametrize(
    "change", [{"color": "red"}, {"uses": []}, {"uses": ["whole-body"]}, {"key": "no spaces"}, {"code_value": ""}]
)
def test_a_label_that_is_not_coded_right_is_refused(change: dict, project: Project, admin: User) -> None:
    assert Api(admin)("POST", "projects/chest/labels", {**LABEL, **change})[0] == 422


def test_a_change_that_changes_nothing_is_no_version_and_no_row_of_the_audit(project: Project, admin: User) -> None:
    api = Api(admin)
    assert api("POST", "projects/chest/labels", LABEL)[0] == 201
    _, before = api("GET", "projects/chest")
    written = AuditEvent.objects.exclude(event_type="series.read").count()
    same = {"color": "#00aaff", "retired": False}
    status, label = api("PATCH", "projects/chest/labels/effusion", same, match=1)
    assert (status, label["version"], label["retired_at"]) == (200, 1, None)
    status, after = api("PATCH", "projects/chest", {"title": before["title"]}, match=before["version"])
    assert (status, after["version"]) == (200, before["version"])
    assert AuditEvent.objects.exclude(event_type="series.read").count() == written


def test_a_successor_is_named_with_the_retiring_and_may_be_mended_after(project: Project, admin: User) -> None:
    api = Api(admin)
    for key in ("effusion", "fluid", "water"):
        assert api("POST", "projects/chest/labels", {**LABEL, "key": key})[0] == 201
    status, refused = api("PATCH", "projects/chest/labels/effusion", {"successor": "fluid"})
    assert (status, refused["code"]) == (422, "successor_wrong")
    status, label = api("PATCH", "projects/chest/labels/effusion", {"retired": True, "successor": "fluid"})
    assert (status, label["successor"]) == (200, "fluid")
    status, mended = api("PATCH", "projects/chest/labels/effusion", {"successor": "water"})
    assert (status, mended["successor"], mended["retired_at"]) == (200, "water", label["retired_at"])


def test_the_audit_says_which_role_was_before(project: Project, admin: User, radiologist: User) -> None:
    api = Api(admin)
    assert api("PUT", f"projects/chest/members/{radiologist.pk}", {"role": "reviewer"})[0] == 200
    assert api("DELETE", f"projects/chest/members/{radiologist.pk}")[0] == 204
    assert api("PATCH", f"users/{radiologist.pk}", {"role": "reviewer", "display_name": "Ann"})[0] == 200
    told = AuditEvent.objects.filter(object_id=str(radiologist.pk)).order_by("pk")
    found = {row.event_type: row.detail for row in told}
    assert found["membership.set"] == {"role": "reviewer", "before": "radiologist"}
    assert found["membership.ended"] == {"before": "reviewer"}
    assert found["user.changed"]["changes"] == {"role": {"from": "radiologist", "to": "reviewer"}}
