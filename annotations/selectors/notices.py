"""What a reader must know of a study before believing what is shown of it."""

from __future__ import annotations

from typing import Any

from annotations.models import Revision, Workitem
from imaging.dicom.charsets import WORDS
from imaging.models import ConflictDecision
from imaging.services.identity import clash_differences, clash_message

Json = dict[str, Any]


def workitem_notices(workitem: Workitem) -> list[Json]:
    """Return the notices of a work item's study, each with a stable code and a sentence."""
    study = workitem.study
    found: list[Json] = []
    if study.patient.identity_clash:
        found.append({"code": "identity_clash", "message": clash_message(study, clash_differences(study))})
    if study.text_code:
        found.append({"code": study.text_code, "message": WORDS[study.text_code]})
    decisions = ConflictDecision.objects.filter(conflict__instance__series__study=study)
    made = decisions.select_related("conflict__instance", "decided_by").order_by("created_at")
    return found + [
        {"code": "image_replaced", "message": _replaced(workitem, decision)}
        for decision in made
        if decision.shown_before != decision.shown_after
    ]


def _replaced(workitem: Workitem, decision: ConflictDecision) -> str:
    instance, what = decision.conflict.instance, "Image" if decision.pixels_changed else "The header of image"
    sentence = (
        f"{what} {instance.instance_number or ''} was replaced on {decision.created_at:%Y-%m-%d %H:%M} UTC by "
        f"{decision.decided_by}: {decision.reason}"
    )
    before = Revision.objects.filter(finding__workitem=workitem, created_at__lt=decision.created_at)
    if before.exists():
        what = "pixels" if decision.pixels_changed else "header"
        sentence += f". What was said before that speaks of the old {what}."
    return sentence
