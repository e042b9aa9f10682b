"""The coded refusals of this room, each said once."""

from __future__ import annotations

from typing import Any

from core.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed, PreconditionRequired


def workitem_not_found() -> NotFound:
    """The work item does not exist for this user."""
    return NotFound("workitem_not_found", "There is no such study on your worklist.")


def finding_not_found() -> NotFound:
    """The finding does not exist for this user, or may not be known to them yet."""
    return NotFound("finding_not_found", "There is no such finding.")


def snapshot_not_found() -> NotFound:
    """The snapshot does not exist for this user."""
    return NotFound("snapshot_not_found", "There is no such dataset snapshot.")


def signed_off() -> Conflict:
    """Nothing may change below a signed-off work item."""
    return Conflict(
        "workitem_signed_off",
        "This study is signed off, so its findings can no longer be changed. Ask an admin to reopen it.",
    )


def not_being_read(state: str) -> Conflict:
    """Findings of a reader change only while they hold the work item."""
    return Conflict(
        "workitem_not_claimed",
        "Findings can be changed only while you are reading the study. Claim it, or withdraw your submission, first.",
        state=state,
    )


def not_own() -> Forbidden:
    """Somebody else's work."""
    return Forbidden("not_your_workitem", "Somebody else is reading this study. Choose another one.")


def not_author() -> Forbidden:
    """Only the author edits a finding."""
    return Forbidden(
        "not_your_finding",
        "Only its author edits a finding. A reviewer corrects it by a review.",
    )


def own_work() -> Forbidden:
    """Nobody reviews what they read."""
    return Forbidden("own_work", "This is your own work, so somebody else must review it.")


def if_match_missing() -> PreconditionRequired:
    """A change must say what it changes."""
    return PreconditionRequired(
        "if_match_missing", "Send If-Match with the version you have read, so that no change is lost."
    )


def revision_outdated(head: dict[str, Any]) -> PreconditionFailed:
    """Somebody saved a newer revision; ``head`` is that revision as the API shows it."""
    return PreconditionFailed(
        "revision_outdated",
        "This finding was changed elsewhere since you loaded it. Keep one version, or merge the two.",
        head=head,
    )


def workitem_outdated(version: int) -> PreconditionFailed:
    """Somebody changed the work item's state."""
    return PreconditionFailed(
        "workitem_outdated", "The state of this study has changed since you loaded it. Reload it.", version=version
    )


def content_wrong(code: str, message: str, **detail: Any) -> Invalid:
    """A revision's content breaks a rule."""
    return Invalid(code, message, **detail)


def calibration_not_found() -> NotFound:
    """No calibration with this id holds in this case."""
    return NotFound("calibration_not_found", "This calibration does not hold any more. Reload the case.")
