"""Steps of a case: each is one version of the work item, written once, told to the project."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.utils import timezone

from annotations import errors
from annotations.models import Finding, Reading, Step, Workitem
from core import audit, events
from core.audit_kinds import AuditKind
from core.event_kinds import EventKind
from core.models import User

_Kind = Step.Kind
#: One's own steps of these kinds are known to oneself: they do not make one's page outdated.
_OWN_DOING: Final = frozenset({_Kind.REVIEWED, _Kind.REVISED, _Kind.CALIBRATED})
#: What a step is called in a sentence.
_DONE: Final = {
    _Kind.CLAIMED: "took the study",
    _Kind.RELEASED: "gave the study back",
    _Kind.ASSIGNED: "assigned the study",
    _Kind.SUBMITTED: "submitted the reading",
    _Kind.WITHDRAWN: "took the submission back",
    _Kind.ACCEPTED: "signed the study off",
    _Kind.CORRECTED: "signed the study off as corrected",
    _Kind.REJECTED: "sent the study back to its reader",
    _Kind.REOPENED: "reopened the study",
    _Kind.READ_AGAIN: "gave the study to another reader",
    _Kind.REVIEWED: "judged a finding",
    _Kind.REVISED: "drew or changed a finding",
    _Kind.PROPOSED: "a model's answer came",
    _Kind.IMAGES_ARRIVED: "more images arrived",
    _Kind.CALIBRATED: "calibrated an image, or took that back",
}


def step_take(
    workitem: Workitem,
    kind: str,
    by: User | None,
    *,
    reading: Reading | None = None,
    finding: Finding | None = None,
    remark: str = "",
    content_digest: str = "",
) -> Step:
    """Move the version of a work item that is locked, say why, and tell the project. Saves the work item."""
    workitem.version += 1
    workitem.updated_at = timezone.now()
    workitem.save()
    step = Step.objects.create(
        workitem=workitem,
        version=workitem.version,
        kind=kind,
        by=by,
        reading=reading,
        finding=finding,
        remark=remark,
        content_digest=content_digest,
    )
    events.publish(EventKind.WORKITEM_CHANGED, workitem.pk, project=workitem.project, version=workitem.version)
    return step


def state_move(
    workitem: Workitem, state: str, kind: str, by: User | None, *, detail: dict[str, Any] | None = None, **step: Any
) -> Workitem:
    """Bring a locked work item into its next state: one step, one audit event, one live event."""
    before, workitem.state = workitem.state, state
    step_take(workitem, kind, by, **step)
    audit.record(
        AuditKind[f"WORKITEM_{kind.upper()}"],
        actor=by,
        object_kind="workitem",
        object_id=workitem.pk,
        project=workitem.project,
        detail={"from": before, "to": state, "version": workitem.version, **(detail or {})},
    )
    return workitem


def version_check(workitem: Workitem, version: int, by: User) -> None:
    """Raise PreconditionFailed where somebody else has moved the locked work item since ``version``.

    What the person did themselves to its findings meanwhile is known to them. ``detail.steps`` names the rest.
    """
    if version == workitem.version:
        return
    steps = list(Step.objects.filter(workitem=workitem, version__gt=version).select_related("by").order_by("version"))
    foreign = [step for step in steps if step.by_id != by.pk or step.kind not in _OWN_DOING]
    whole = len(steps) == workitem.version - version > 0
    if foreign or not whole:
        raise errors.workitem_outdated(workitem.version, _in_words(foreign), [step_json(step) for step in foreign])


def step_json(step: Step) -> dict[str, Any]:
    """Return a step as an error's detail names it: ready for JSON, without words that people wrote."""
    return {
        "version": step.version,
        "kind": step.kind,
        "by": {"id": str(step.by.pk), "display_name": str(step.by)} if step.by else None,
        "finding": str(step.finding_id) if step.finding_id else None,
        "at": step.created_at.isoformat().replace("+00:00", "Z"),
    }


def _in_words(steps: Iterable[Step]) -> str:
    told = [f"{step.by} {_DONE[_Kind(step.kind)]}" if step.by else _DONE[_Kind(step.kind)] for step in steps]
    return "; ".join(list(dict.fromkeys(told))[-3:])
