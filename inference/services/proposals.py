"""What models propose, from their predictions to the findings downstairs: recorded, kept for later, superseded.

A finding stands while its prediction is the present answer: of the live version, about the present input. What no
longer stands needs no decision; what a person has decided stays decided.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from django.db.models import Max, OuterRef, Subquery
from django.utils import timezone

from annotations.models import Finding, Workitem
from annotations.rules.lifecycle import SIGNED_OFF
from annotations.services.revisions import Proposal, proposals_record
from core import blobs
from core.digest import canonical_json
from inference.answers import PRESENT
from inference.models import ModelFamily, Prediction, ProposedFinding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

_State = Prediction.State


def ai_score_of(workitem: Workitem) -> float | None:
    """Return the highest score of the present answers about a work item; None where there is none."""
    present = Prediction.objects.filter(PRESENT, workitem=workitem)
    score: float | None = present.aggregate(highest=Max("case_score"))["highest"]
    return score


def proposals_take(*, prediction: Prediction, proposals: Sequence[Proposal]) -> list[Finding]:
    """Record what a finished prediction proposes, or keep it for later where it would not stand now.

    The caller holds the locks of the prediction and of its work item. It would not stand when the study is signed
    off, the version has been retired meanwhile, or the same version was asked about a newer input.
    """
    stands = Prediction.objects.filter(PRESENT, pk=prediction.pk).exclude(workitem__state__in=SIGNED_OFF).exists()
    if not stands:
        prediction.kept_proposals_digest = blobs.put(canonical_json([asdict(one) for one in proposals]))
        prediction.save(update_fields=["kept_proposals_digest"])
        return []
    findings = proposals_record(
        workitem=prediction.workitem,
        proposals=proposals,
        ai_score=ai_score_of(prediction.workitem),
        looked_for=prediction.output.get("labels", {}),
    )
    ProposedFinding.objects.bulk_create(
        [
            ProposedFinding(
                prediction=prediction,
                finding=finding,
                label_key=one.label_key,
                probability=one.probability,
                threshold=one.threshold,
            )
            for one, finding in zip(proposals, findings, strict=True)
        ],
        ignore_conflicts=True,
    )
    _supersede_older(prediction, findings)
    if prediction.kept_proposals_digest:
        prediction.kept_proposals_digest = ""
        prediction.save(update_fields=["kept_proposals_digest"])
    return findings


def proposals_stand(prediction: Prediction) -> None:
    """Let what a present answer proposed stand again, after its input had been another for a while."""
    if not Prediction.objects.filter(PRESENT, pk=prediction.pk).exists():
        return
    findings = Finding.objects.filter(pk__in=prediction.proposed.values("finding"))
    if findings.filter(superseded_at__isnull=False).exists():
        _supersede_older(prediction, list(findings))
    _score_again(prediction.workitem)


def proposals_withdraw(prediction: Prediction) -> None:
    """Let what the version said of the series stand no more: it does not read it as it is now."""
    _supersede_older(prediction, [])
    _score_again(prediction.workitem)


def _score_again(workitem: Workitem) -> None:
    """Bring the score of a case that is not signed off up to its present answers."""
    rows = Workitem.objects.filter(pk=workitem.pk).exclude(state__in=SIGNED_OFF)
    rows.update(ai_score=ai_score_of(workitem))


def _supersede_older(prediction: Prediction, findings: Sequence[Finding]) -> None:
    """Let what the same version said of older inputs of the series stand no more, unless it says it again."""
    again = [finding.pk for finding in findings]
    of_series = ProposedFinding.objects.filter(
        prediction__workitem=prediction.workitem_id,
        prediction__series=prediction.series_id,
        prediction__version=prediction.version_id,
    )
    older = Finding.objects.filter(pk__in=of_series.values("finding"), superseded_at__isnull=True)
    older.exclude(pk__in=again).update(superseded_at=timezone.now())
    Finding.objects.filter(pk__in=again, superseded_at__isnull=False).update(superseded_at=None)


def kept_proposals_of(workitem: Workitem) -> QuerySet[Prediction]:
    """Return the present answers about a work item whose proposals were kept for later."""
    return Prediction.objects.filter(PRESENT, workitem=workitem).exclude(kept_proposals_digest="")


def kept_proposals(prediction: Prediction) -> list[Proposal]:
    """Return the proposals that were kept for later."""
    return [Proposal(**one) for one in json.loads(blobs.get(prediction.kept_proposals_digest))]


def workitems_locked(family: ModelFamily) -> None:
    """Lock, in a fixed order, the work items that the family has answered about, for ``pointer_moved``.

    Call it before anything else of the transaction is locked that whoever holds a work item may wait for.
    """
    answered = Prediction.objects.filter(version__family=family).values("workitem")
    list(Workitem.objects.select_for_update().filter(pk__in=answered).order_by("pk").values_list("pk", flat=True))


def pointer_moved(family: ModelFamily) -> None:
    """Let the proposals of the version that is live now stand, and those of the family's others no more.

    The caller's transaction has moved the pointer and holds ``workitems_locked``.
    """
    of_family = ProposedFinding.objects.filter(prediction__version__family=family)
    of_live = of_family.filter(prediction__version=family.live_id, prediction__superseded_at__isnull=True)
    standing = Finding.objects.filter(superseded_at__isnull=True, pk__in=of_family.values("finding"))
    standing.exclude(pk__in=of_live.values("finding")).update(superseded_at=timezone.now())
    Finding.objects.filter(superseded_at__isnull=False, pk__in=of_live.values("finding")).update(superseded_at=None)
    present = Prediction.objects.filter(PRESENT, workitem=OuterRef("pk")).order_by().values("workitem")
    highest = present.annotate(highest=Max("case_score")).values("highest")
    answered = Prediction.objects.filter(version__family=family).values("workitem")
    open_cases = Workitem.objects.filter(pk__in=answered).exclude(state__in=SIGNED_OFF)
    open_cases.update(ai_score=Subquery(highest))
