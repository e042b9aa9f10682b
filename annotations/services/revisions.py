"""Findings and their revisions: appended, never changed. Every write holds the work item's row lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone

from annotations import errors
from annotations.access import locked_workitem
from annotations.content.checks import Content, checked_content
from annotations.content.difference import content_difference
from annotations.content.revision_json import mask_stored, revision_json, whole_content
from annotations.models import Finding, Reading, Revision, Step, Workitem
from annotations.rules.lifecycle import SIGNED_OFF
from annotations.rules.may import Act, FindingAct, require_act, require_finding_act
from annotations.rules.reveal import seen_ai
from annotations.services.steps import step_take
from core import audit, events
from core.audit_kinds import AuditKind
from core.digest import digest_of
from core.errors import PreconditionFailed
from core.event_kinds import EventKind, OfWorkitem
from core.models import User

if TYPE_CHECKING:
    from annotations.models import Label

_State = Workitem.State
_ABANDONED = Reading.State.ABANDONED
#: How the audit trail calls a revision of this cause; every other one was created or revised.
_RECORDED: Final = {
    "delete": AuditKind.FINDING_DELETED,
    "restore": AuditKind.FINDING_RESTORED,
    "proposal": AuditKind.FINDING_PROPOSED,
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a model proposes of a study.

    Attributes:
        content: of the revision; ``kind`` and ``label_key`` are filled in where they are left out.
        probability: calibrated, 0..1.
        proposal_key: opaque; the same proposal has the same key.
        threshold: of the version for this label; a finding below it need not be decided before sign-off.
    """

    kind: str
    label_key: str
    content: dict[str, Any] = field(repr=False)
    probability: float | None
    algorithm_name: str
    algorithm_version: str
    proposal_key: str
    threshold: float | None = None


def revision_written(
    *,
    finding: Finding,
    author: User | None,
    content: Content,
    cause: str,
    client_key: str = "",
    ai_visible: bool = False,
) -> Revision:
    """Append the next revision of a finding whose work item is locked; the caller has checked who and when."""
    head = finding.head
    mask_digest = mask_stored(content.mask) if content.mask else ""
    parent = head.digest if head else None
    difference = {}
    if head is not None and cause == "correction":
        difference = content_difference(whole_content(head), {**content.said, "mask": content.mask}, finding.workitem)
    revision = Revision.objects.create(
        finding=finding,
        number=head.number + 1 if head else 1,
        parent=head,
        author=author,
        label=content.label,
        content=content.said,
        mask_digest=mask_digest,
        digest=digest_of({"content": content.said, "mask": mask_digest, "parent": parent}),
        cause=cause,
        client_key=client_key,
        difference=difference,
        ai_visible=ai_visible,
    )
    finding.head, finding.deleted = revision, cause == "delete"
    finding.save(update_fields=["head", "deleted"])
    Workitem.objects.filter(pk=finding.workitem_id).update(updated_at=timezone.now())
    _tell(finding, revision, author)
    return revision


def _tell(finding: Finding, revision: Revision, author: User | None) -> None:
    project = finding.workitem.project
    said = AuditKind.FINDING_CREATED if revision.number == 1 else AuditKind.FINDING_REVISED
    audit.record(
        _RECORDED.get(revision.cause, said),
        actor=author,
        object_kind="finding",
        object_id=finding.pk,
        project=project,
        detail={
            "workitem": finding.workitem_id,
            "revision": revision.pk,
            "number": revision.number,
            "digest": revision.digest,
            "parent": revision.parent.digest if revision.parent else None,
            "cause": revision.cause,
        },
    )
    if finding.algorithm_type == Finding.AlgorithmType.MANUAL:
        detail = OfWorkitem(workitem_id=finding.workitem_id)
        events.publish(EventKind.FINDING_CHANGED, finding.pk, project=project, version=revision.digest, detail=detail)
    elif revision.cause != "proposal":
        # An event that names a model's finding would tell the reader that there is one.
        events.publish(
            EventKind.WORKITEM_CHANGED, finding.workitem_id, project=project, version=finding.workitem.version
        )


def finding_create(
    *, workitem: Workitem, author: User, content: Any, client_key: str = "", if_match: str | None = None
) -> Finding:
    """Begin a finding with its first revision.

    The same ``client_key`` returns the finding it made before. An image label that the author has already said of
    the study (or of this image) gets a new revision instead of a second finding, but only from somebody who has seen
    that answer: two windows of one person would else overwrite each other.

    Args:
        if_match: digest of the author's answer that was seen; None: none was.

    Raises:
        Conflict: signed off, or not claimed. Forbidden: somebody else reads it. Invalid, TooLarge: the content.
        PreconditionFailed: there is another answer than was seen; ``detail.head`` is its revision.
    """
    with transaction.atomic():
        workitem = locked_workitem(workitem.pk)
        if client_key:
            own = Finding.objects.filter(workitem=workitem, author=author).exclude(reading__state=_ABANDONED)
            known = own.filter(revisions__client_key=client_key).first()
            if known is not None:
                return known
        require_act(Act.EDIT, author, workitem)
        checked = checked_content(content, workitem=workitem)
        reading = _own_reading(workitem, author)
        finding = _same_image_label(workitem, author, reading, checked)
        if finding is not None and finding.head is not None:
            if finding.deleted or not says_the_same(finding.head, checked):
                # An answer that was taken back is none: nothing is overwritten.
                if if_match != finding.head.digest and not (finding.deleted and if_match is None):
                    raise errors.revision_outdated(revision_json(finding.head), finding.pk)
                _append(finding, author, checked, cause="restore" if finding.deleted else "edit", client_key=client_key)
            return finding
        finding = Finding(workitem=workitem, reading=reading, kind=checked.said["kind"], author=author)
        finding.save(force_insert=True)
        _append(finding, author, checked, cause="edit", client_key=client_key)
    return finding


def _own_reading(workitem: Workitem, author: User) -> Reading | None:
    """Return the reading in which the author speaks; None for what a reviewer adds."""
    reading = workitem.reading
    return reading if reading is not None and reading.reader_id == author.pk else None


def _same_image_label(workitem: Workitem, author: User, reading: Reading | None, content: Content) -> Finding | None:
    if content.said["kind"] != Finding.Kind.IMAGE_LABEL:
        return None
    found = Finding.objects.filter(workitem=workitem, author=author, reading=reading, kind=Finding.Kind.IMAGE_LABEL)
    for finding in found.filter(head__label=content.label).select_related("head", "workitem__project"):
        if finding.head is not None and _image_of(finding.head.content) == _image_of(content.said):
            return finding
    return None


def _image_of(content: dict[str, Any]) -> tuple[str, int] | None:
    place = content.get("geometry")
    return (place["sop_instance_uid"], place["frame_number"]) if place else None


def says_the_same(head: Revision, content: Content) -> bool:
    """Say whether the content is that of the revision: label, answer, drawing, mask, words; measures follow."""
    unmeasured = [{**said, "measures": {}} for said in (head.content, content.said)]
    if digest_of(unmeasured[0]) != digest_of(unmeasured[1]):
        return False
    return content.mask is None or mask_stored(content.mask) == head.mask_digest


def _append(finding: Finding, author: User, content: Content, *, cause: str, client_key: str) -> Revision:
    workitem = finding.workitem
    reading = finding.reading
    revision = revision_written(
        finding=finding,
        author=author,
        content=content,
        cause=cause,
        client_key=client_key,
        ai_visible=seen_ai(author, workitem, reading if reading and reading.reader_id == author.pk else None),
    )
    if workitem.state == _State.SUBMITTED:
        step_take(workitem, Step.Kind.REVISED, author, finding=finding)
    return revision


def _locked_finding(finding: Finding) -> Finding:
    workitem = locked_workitem(finding.workitem_id)
    rows = Finding.objects.select_related("head__author", "head__parent", "head__label", "author", "reading")
    locked = rows.select_for_update(of=("self",)).get(pk=finding.pk)
    locked.workitem = workitem
    return locked


def _edited_outdated(finding: Finding, head: Revision, _seen: str) -> PreconditionFailed:
    return errors.revision_outdated(revision_json(head), finding.pk)


def locked_head(
    *,
    finding: Finding,
    if_match: str | None,
    outdated: Callable[[Finding, Revision, str], PreconditionFailed] = _edited_outdated,
) -> tuple[Finding, Revision]:
    """Lock the work item and the finding, and return them with the head that ``if_match`` must name.

    Args:
        outdated: makes the refusal from the finding, its head, and the digest that was named.

    Raises:
        PreconditionRequired: no If-Match. PreconditionFailed: another head; ``detail.head`` is that revision.
    """
    locked = _locked_finding(finding)
    head = locked.head
    if head is None:
        raise errors.finding_not_found()
    if not if_match:
        raise errors.if_match_missing()
    if if_match != head.digest:
        raise outdated(locked, head, if_match)
    return locked, head


def _said_before(finding: Finding, author: User, client_key: str) -> Revision | None:
    if not client_key:
        return None
    return finding.revisions.filter(client_key=client_key, author=author).select_related("author").first()


def revision_append(
    *, finding: Finding, author: User, content: Any, if_match: str | None, client_key: str = "", cause: str = "edit"
) -> Revision:
    """Append what the author says now; saying the same again returns the head, the same key the row it made.

    An image answer that is neither present nor absent any more is taken back: the finding is deleted.

    Args:
        if_match: digest of the revision the author started from.
        cause: ``edit``, or ``merge`` after a 412.

    Raises:
        PreconditionRequired (428), PreconditionFailed (412, ``detail.head``), Conflict, Forbidden, Invalid, TooLarge.
    """
    if cause not in ("edit", "merge"):
        raise errors.content_wrong("cause_wrong", "A change is an edit or a merge.", cause=cause)
    with transaction.atomic():
        locked = _locked_finding(finding)
        before = _said_before(locked, author, client_key)
        if before is not None:
            return before
        require_finding_act(FindingAct.EDIT, author, locked)
        locked, head = locked_head(finding=finding, if_match=if_match)
        if locked.kind == Finding.Kind.IMAGE_LABEL and isinstance(content, dict) and content.get("present") is None:
            if locked.deleted:
                return head
            return _append(locked, author, _again(head), cause="delete", client_key=client_key)
        checked = checked_content(content, workitem=locked.workitem, kind=locked.kind, kept=head.label)
        if not locked.deleted and says_the_same(head, checked):
            return head
        return _append(locked, author, checked, cause=cause, client_key=client_key)


def _again(revision: Revision) -> Content:
    """Return what a stored revision says, to be said once more."""
    whole = whole_content(revision)
    label: Label | None = revision.label
    return Content(revision.content, whole["mask"], label)


def finding_delete(*, finding: Finding, author: User, if_match: str | None) -> Revision:
    """Take a finding back: a revision with cause ``delete``; ``revision_restore`` brings it back.

    Raises:
        as ``revision_append``.
    """
    with transaction.atomic():
        require_finding_act(FindingAct.DELETE, author, _locked_finding(finding))
        locked, head = locked_head(finding=finding, if_match=if_match)
        if locked.deleted:
            return head
        return _append(locked, author, _again(head), cause="delete", client_key="")


def revision_restore(*, finding: Finding, author: User, revision: Revision, if_match: str | None) -> Revision:
    """Say again what an earlier revision said, as a new revision; undoes a deletion too.

    Raises:
        as ``revision_append``.
    """
    with transaction.atomic():
        require_finding_act(FindingAct.RESTORE, author, _locked_finding(finding))
        locked, head = locked_head(finding=finding, if_match=if_match)
        if not locked.deleted and says_the_same(head, _again(revision)):
            return head
        return _append(locked, author, _again(revision), cause="restore", client_key="")


def proposals_record(
    *,
    workitem: Workitem,
    proposals: Sequence[Proposal],
    ai_score: float | None = None,
    looked_for: Iterable[str] = (),
) -> list[Finding]:
    """Record what a model proposes. Proposing twice is once; what a person has since said of it stays.

    Args:
        looked_for: keys of every label that the model answers, whether or not it proposes anything for it.
        ai_score: highest calibrated probability of the case; without it the highest of the proposals.

    Returns:
        The findings of the proposals, in their order; only those known before where the study is signed off.

    Raises:
        Invalid, TooLarge: a content breaks a rule; then nothing is recorded.
    """
    with transaction.atomic():
        workitem = locked_workitem(workitem.pk)
        keys = [proposal.proposal_key for proposal in proposals]
        known = {finding.proposal_key: finding for finding in workitem.findings.filter(proposal_key__in=keys)}
        locked = workitem.state in SIGNED_OFF
        for proposal in proposals:
            if proposal.proposal_key not in known and not locked:
                known[proposal.proposal_key] = _proposed(workitem, proposal)
        scores = [proposal.probability for proposal in proposals if proposal.probability is not None]
        score = ai_score if ai_score is not None else max(scores, default=None)
        if score is not None and not locked:
            workitem.ai_score = score
        if not locked:
            looked = {*workitem.looked_for, *looked_for, *(one.label_key for one in proposals)}
            workitem.looked_for = sorted(looked)
        if workitem.state == _State.SUBMITTED:
            step_take(workitem, Step.Kind.PROPOSED, None)
        else:
            workitem.updated_at = timezone.now()
            workitem.save(update_fields=["ai_score", "looked_for", "updated_at"])
            # Told whether or not anything was found: the event must not give the model's answer away.
            events.publish(EventKind.WORKITEM_CHANGED, workitem.pk, project=workitem.project, version=workitem.version)
    return [known[key] for key in keys if key in known]


def _proposed(workitem: Workitem, proposal: Proposal) -> Finding:
    filled = {"kind": proposal.kind, "label_key": proposal.label_key, **proposal.content}
    if proposal.kind == Finding.Kind.IMAGE_LABEL:
        filled.setdefault("present", True)
    content = checked_content(filled, workitem=workitem, kind=proposal.kind)
    finding = Finding(
        workitem=workitem,
        kind=proposal.kind,
        algorithm_type=Finding.AlgorithmType.AUTOMATIC,
        algorithm_name=proposal.algorithm_name,
        algorithm_version=proposal.algorithm_version,
        proposal_key=proposal.proposal_key,
        probability=proposal.probability,
        threshold=proposal.threshold,
    )
    finding.save(force_insert=True)
    revision_written(finding=finding, author=None, content=content, cause="proposal")
    return finding
