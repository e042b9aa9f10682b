"""The second reader's work is opened again, the most doubtful first, and read again by the reviewer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from annotations.models import Finding, Workitem
from annotations.rules.standing import standing_of
from annotations.services.reviews import review_record
from annotations.services.sign_off import workitem_decide, workitem_reopen
from core.jobs import run_waiting_jobs
from inference.models import Prediction
from inference.services.predictions import predictions_on_arrival
from webapp.demo.cases import HASTY, Visit, draw_visit, visit_shown
from webapp.demo.projects import SYNTHETIC, TAUGHT_LABEL

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.models import User
    from webapp.demo.phantoms import Box


@dataclass(frozen=True)
class Known:
    """What is true of a drawn study.

    Attributes:
        label_key: that it is about.
        boxes_jiji: first row, first column, last row, last column of what is planted, all inclusive.
    """

    label_key: str
    present: bool
    boxes_jiji: tuple[Box, ...]


REASON = "An audit found that this reader mixed up nodule and consolidation. Please look again."


def hasty_work() -> list[Workitem]:
    """Return the signed-off work of the second reader."""
    signed = Workitem.objects.filter(
        project__slug=SYNTHETIC, readings__reader__username=HASTY, state=Workitem.State.ACCEPTED
    )
    return list(signed.select_related("project", "study").order_by("id"))


def suspects_reopen(*, admin: User, done: Callable[[], None]) -> int:
    """Open the second reader's work again, ask the live model about it, and put the most doubtful first.

    Doubtful is where the model contradicts the reader most; the worklist shows high priority first.
    """
    work = hasty_work()
    for workitem in work:
        reopened = workitem_reopen(workitem=workitem, by=admin, version=workitem.version, reason=REASON)
        predictions_on_arrival(workitem=reopened)
        run_waiting_jobs()
        Workitem.objects.filter(pk=workitem.pk).update(priority=_doubt(workitem))
        done()
    return len(work)


def _doubt(workitem: Workitem) -> int:
    """Return 1 … 100: how far the model's probability is from what the reader said."""
    prediction = Prediction.objects.filter(workitem=workitem, state=Prediction.State.FINISHED).first()
    said = Finding.objects.filter(workitem=workitem, kind=Finding.Kind.IMAGE_LABEL, algorithm_type="MANUAL").first()
    if prediction is None or said is None or said.head is None:
        return 1
    probability = float(prediction.output["labels"][TAUGHT_LABEL]["probability"])
    return max(1, round(100 * abs(probability - float(bool(said.head.content["present"])))))


def second_reading(*, reviewer: User, limit: int, done: Callable[[], None]) -> int:
    """Read the reopened work again with the truth in hand, as a careful reviewer would at the screen.

    Every step goes through the services that the browser uses, and is recorded as the reviewer's.
    """
    waiting = Workitem.objects.filter(
        project__slug=SYNTHETIC, readings__reader__username=HASTY, state=Workitem.State.SUBMITTED
    ).select_related("project", "study__patient")
    chosen = list(waiting.order_by("-priority", "id")[:limit])
    for workitem in chosen:
        study = workitem.study
        shown = visit_shown(patient_id=study.patient.patient_id, study_instance_uid=study.study_instance_uid)
        decide_by(known_of(shown), workitem=workitem, reviewer=reviewer)
        done()
    return len(chosen)


def known_of(shown: Visit) -> Known:
    """Return what is true of a chest."""
    lesions = draw_visit(shown).lesions
    return Known(TAUGHT_LABEL, shown.truth, tuple(one.box_jiji for one in lesions if one.kind == TAUGHT_LABEL))


def decide_by(known: Known, *, workitem: Workitem, reviewer: User) -> None:
    """Decide every finding of a submitted study that is still open, and sign it off."""
    changed = False
    for one in standing_of([workitem]).values():
        finding, head = one.finding, one.finding.head
        judged = one.review is not None and not one.review.at_sign_off
        if finding.deleted or head is None or judged or head.content["label_key"] != known.label_key:
            continue
        if one.is_ai:
            decision = about_proposal(head.content, known)
        elif (head.content["present"] is not False) == known.present:
            decision = {"decision": "accepted"}
        else:
            content = {**head.content, "present": known.present, "measures": {}}
            decision = {"decision": "corrected", "reason": "wrong_label", "corrected_content": content}
            changed = True
        review_record(finding=finding, reviewer=reviewer, if_match=head.digest, **decision)
    workitem.refresh_from_db()
    event = "correct" if changed else "accept"
    workitem_decide(workitem=workitem, by=reviewer, version=workitem.version, event=event)


def about_proposal(content: dict[str, Any], known: Known) -> dict[str, Any]:
    """Accept what the model said rightly; an outline is right when its middle lies in a planted one."""
    if not known.present:
        return {"decision": "rejected", "reason": "not_present"}
    points = content["geometry"]["points"] if content["geometry"] else []
    if not points:
        return {"decision": "accepted"}
    column, row = (sum(point[axis] for point in points) / len(points) for axis in (0, 1))
    if any(j0 <= row <= j1 and i0 <= column <= i1 for j0, i0, j1, i1 in known.boxes_jiji):
        return {"decision": "accepted"}
    return {"decision": "rejected", "reason": "wrong_place"}
