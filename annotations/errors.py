"""The coded refusals of this room, each said once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from core.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed, PreconditionRequired
from core.numbers import how_many


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


def no_pictures() -> Conflict:
    """A case is read from its pictures."""
    return Conflict(
        "no_pictures",
        "This study holds no image that can be shown, so it cannot be read. Send its images again, or ask an admin.",
    )


def not_author() -> Forbidden:
    """Only the author edits a finding."""
    return Forbidden(
        "not_your_finding",
        "Only its author edits a finding. A reviewer corrects it by a review.",
    )


def own_work() -> Forbidden:
    """Nobody reviews what they read."""
    return Forbidden("own_work", "This is your own work, so somebody else must review it.")


def second_reader_read_it() -> Conflict:
    """A second reading is another person's."""
    return Conflict(
        "second_reader_read_it", "This person has read the study before. Let somebody else read it a second time."
    )


def second_reader_saw_model() -> Conflict:
    """Who was shown a model's opinion of a case does not read it blind."""
    return Conflict(
        "second_reader_saw_model",
        "This person has seen what a model says of the study, so their reading would not be blind. Choose another one.",
    )


def second_reader_saw_reading() -> Conflict:
    """Who was shown what others said of a case does not read it independently."""
    return Conflict(
        "second_reader_saw_reading",
        "This person has seen what others said of the study, so their reading would not be independent. "
        "Choose another one.",
    )


def if_match_missing() -> PreconditionRequired:
    """A change must say what it changes."""
    return PreconditionRequired(
        "if_match_missing", "Send If-Match with the version you have read, so that no change is lost."
    )


def revision_outdated(head: dict[str, Any], finding_id: UUID) -> PreconditionFailed:
    """Somebody saved a newer revision of the finding; ``head`` is that revision as the API shows it."""
    return PreconditionFailed(
        "revision_outdated",
        "This finding was changed elsewhere since you loaded it. Keep one version, or merge the two.",
        head=head,
        finding_id=str(finding_id),
    )


def judged_outdated(head: dict[str, Any], finding_id: UUID, by: str, difference: dict[str, Any]) -> PreconditionFailed:
    """Somebody changed the finding since the reviewer loaded it; ``difference`` is what the change changed."""
    changed = ", ".join(_changed_words(name, value) for name, value in difference.items())
    return PreconditionFailed(
        "revision_outdated",
        f"{by} changed this finding since you loaded it{f' ({changed})' if changed else ''}. Look again, then decide.",
        head=head,
        finding_id=str(finding_id),
        difference=difference,
    )


_CHANGED: Final = {"label_key": "label", "present": "present", "name": "name", "text": "text"}


def _changed_words(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return f"{_CHANGED.get(name, name)}: {value['from']} → {value['to']}"
    return name.replace("_", " ") if value is True else f"{name.replace('_', ' ')} {value}"


def decision_outdated(decision: dict[str, Any], by: str) -> PreconditionFailed:
    """Another reviewer decided about the finding since the reviewer loaded it; ``decision`` as the API shows it."""
    because = f" ({decision['reason'].replace('_', ' ')})" if decision["reason"] else ""
    return PreconditionFailed(
        "decision_outdated",
        f"{by} {decision['decision']} this finding since you loaded it{because}. Look again, then decide.",
        decision=decision,
    )


def workitem_outdated(version: int, words: str = "", steps: list[dict[str, Any]] | None = None) -> PreconditionFailed:
    """Somebody moved the case, or changed what it says; ``steps`` is what, ``words`` the same in a sentence."""
    told = f" Since then: {words}." if words else ""
    return PreconditionFailed(
        "workitem_outdated",
        f"This study has changed since you loaded it.{told} Look at it again.",
        version=version,
        steps=steps or [],
    )


def images_arrived(digest: str) -> PreconditionFailed:
    """The study has images that the person has not seen."""
    return PreconditionFailed(
        "images_arrived",
        "Images of this study have arrived (or were taken away) since you loaded it. Look at them first.",
        images_digest=digest,
    )


def findings_undecided(models: list[str], people: list[str], labels: list[str]) -> Conflict:
    """Findings wait for a decision of their own: models', and readers' that somebody contradicts, on which labels."""
    told = []
    if models:
        told.append(how_many(len(models), "model finding waits for a decision", "model findings wait for a decision"))
    told += [f"reader and model (or people among themselves) disagree on {', '.join(labels)}"] if people else []
    words = " and ".join(told)
    return Conflict(
        "findings_undecided",
        f"{words[:1].upper()}{words[1:]}. Accept, correct or reject each, then sign off.",
        count=len(models) + len(people),
        findings=[*models, *people],
        disagreements=people,
    )


def reading_was_corrected(count: int, by: list[str]) -> Conflict:
    """A changed reading is not accepted as it is."""
    return Conflict(
        "reading_was_corrected",
        f"{how_many(count, 'finding of this reading was', 'findings of this reading were')} corrected, rejected or "
        f"added by {', '.join(by)}. Sign it off as corrected.",
        count=count,
        by=by,
    )


def reading_was_not_corrected() -> Conflict:
    """An unchanged reading is not signed off as corrected."""
    return Conflict(
        "reading_was_not_corrected",
        "Nothing of this reading was corrected, rejected or added. Correct what is wrong, or accept the reading.",
    )


def content_wrong(code: str, message: str, **detail: Any) -> Invalid:
    """A revision's content breaks a rule."""
    return Invalid(code, message, **detail)


def calibration_not_found() -> NotFound:
    """No calibration with this id holds in this case."""
    return NotFound("calibration_not_found", "This calibration does not hold any more. Reload the case.")


def not_permitted(permission: str) -> Forbidden:
    """The role does not carry it."""
    return Forbidden(
        "not_permitted",
        "Your role in this project does not allow this. Ask an admin of the project.",
        permission=permission,
    )


def already_answered() -> Conflict:
    """Who has answered keeps the case, so that nobody reads it half blind."""
    return Conflict(
        "already_answered",
        "You have answered this study before, so it stays with you. Submit it, or ask an admin to release it.",
    )


def not_submitted(state: str) -> Conflict:
    """There is nothing to review yet."""
    return Conflict("workitem_not_submitted", "This study has not been submitted for review yet.", state=state)


def reading_abandoned() -> Conflict:
    """What an abandoned reading said stays as it was."""
    return Conflict(
        "reading_abandoned",
        "This was said in a reading that was given up. It is kept in the history and cannot be changed. Say it anew.",
    )


def finding_deleted() -> Conflict:
    """Nobody judges what was taken back."""
    return Conflict("finding_deleted", "This finding was deleted. Restore it first.")


def nothing_corrected() -> Invalid:
    """A correction that changes nothing."""
    return Invalid(
        "correction_changes_nothing",
        "This correction says the same as the finding. Change the label, the answer or the drawing, or accept it.",
    )


def answers_missing(required: list[str], answered: list[str], missing: list[str], names: Mapping[str, str]) -> Conflict:
    """A reading without the answers that the project asks for; ``names`` of the labels that are missing."""
    asked = ", ".join(names[key] for key in missing)
    return Conflict(
        "answers_missing",
        f"{len(answered)} of {len(required)} answered. Say present or absent for each of: {asked}.",
        required=required,
        answered=answered,
        missing=missing,
    )


def reading_empty() -> Conflict:
    """Nothing was said or drawn, and nobody said that this is meant."""
    return Conflict(
        "reading_empty",
        "You have said and drawn nothing. Mark something, or submit the study as one in which nothing is found.",
    )


def settings_outdated(what: str, version: int, current: dict[str, Any]) -> PreconditionFailed:
    """Somebody changed the settings of a project or label; ``current`` is how they are now."""
    return PreconditionFailed(
        "settings_outdated",
        f"Somebody has changed this {what} since you opened it. Compare the two, then save what you want to keep.",
        version=version,
        current=current,
    )


def label_in_use(fields: list[str]) -> Conflict:
    """What was said with a label must go on meaning the same."""
    return Conflict(
        "label_in_use",
        "Something was said with this label, so its code and what it is for stay. Retire it, and name a successor.",
        fields=fields,
    )
