"""Model families: what a project predicts with, and what their versions must reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db import IntegrityError, transaction

from annotations.dataset.questions import QUESTIONS
from annotations.models import Label
from core import audit, events
from core.audit_kinds import AuditKind
from core.errors import Conflict, Invalid
from core.event_kinds import EventKind
from core.models import Project, User
from inference import errors
from inference.access import locked_family
from inference.engine.gate_plan import DECLARED_NOW, GatePlan
from inference.engine.gradings.cards import GRADING_CARDS
from inference.engine.operating_point import BALANCED, OperatingPoint
from inference.engine.recipe_cards import recipe_card
from inference.family_facts import plan_in_force
from inference.models import DeclaredPlan, ModelFamily

Json = dict[str, Any]
USES: Final = {"image": "said of an image", "region": "drawn as a shape", "segment": "painted as a mask"}


def family_create(
    *,
    project: Project,
    slug: str,
    title: str,
    recipe: str,
    label_keys: Sequence[str],
    modalities: Sequence[str] = (),
    change_plan: Json | None = None,
    operating_point: Json | None = None,
    reason: str,
    by: User | None,
) -> ModelFamily:
    """Begin a model family; it predicts nothing before its first version is live.

    Args:
        modalities: which it reads (``DX``, ``CT``, …); empty means all.
        change_plan: limits of the promotion gate that differ from ``GatePlan``'s.
        operating_point: where decisions are to lie; empty is the balanced one.
        reason: why these limits; kept with the plan.

    Raises:
        Invalid: an unknown recipe, label or limit, or no reason. Conflict: the short name is taken.
    """
    if not reason.strip():
        raise errors.reason_missing()
    use = QUESTIONS[recipe_card(recipe).question].label_use
    keys = sorted(set(label_keys))
    known = {row.key for row in Label.objects.filter(project=project, key__in=keys) if use in row.uses}
    if not keys or set(keys) - known:
        unfit = sorted(set(keys) - known)
        raise Invalid("label_unknown", f"Choose labels of the project that are {USES[use]}.", keys=unfit)
    limits, point = _checked_plan(recipe, change_plan or {}, operating_point or {})
    try:
        with transaction.atomic():
            family = ModelFamily.objects.create(
                project=project,
                slug=slug,
                title=title,
                recipe=recipe,
                label_keys=keys,
                modalities=sorted({one.upper() for one in modalities}),
            )
            DeclaredPlan.objects.create(
                family=family,
                number=1,
                limits=limits,
                operating_point=point,
                declared_by=by,
                reason=reason.strip()[:2000],
            )
            audit.record(
                AuditKind.MODEL_CREATED, actor=by, object_kind="model", object_id=family.pk, project=project,
                detail={"slug": slug, "recipe": recipe, "label_keys": keys},
            )  # fmt: skip
            events.publish(EventKind.MODEL_CHANGED, family.pk, project=project)
    except IntegrityError:
        raise Conflict("slug_taken", "The project has a model of this short name already. Choose another.") from None
    return family


def plan_declare(*, family: ModelFamily, limits: Json, operating_point: Json, reason: str, by: User) -> DeclaredPlan:
    """Declare another plan. Trainings that were asked for before keep theirs, and so do the versions they made.

    Args:
        limits: those that differ from ``GatePlan``'s; what is not named takes its default.
        operating_point: where decisions are to lie; empty is the balanced one.
        reason: kept with the plan.

    Raises:
        Invalid: no reason, an unknown limit or one out of its range. Conflict: it says what the present one says.
    """
    if not reason.strip():
        raise errors.reason_missing()
    wanted, point = _checked_plan(family.recipe, limits, operating_point)
    with transaction.atomic():
        locked = locked_family(family.pk)
        present = plan_in_force(locked)
        if present.declared_by_id and (present.limits, present.operating_point) == (wanted, point):
            raise Conflict("plan_unchanged", "This is the plan that is in force. Change a limit, or leave it.")
        plan = DeclaredPlan.objects.create(
            family=locked,
            number=present.number + 1,
            limits=wanted,
            operating_point=point,
            declared_by=by,
            reason=reason.strip()[:2000],
        )
        audit.record(
            AuditKind.PLAN_DECLARED, actor=by, object_kind="model", object_id=locked.pk, project=locked.project,
            detail={
                "plan": plan.pk, "number": plan.number, "limits": wanted, "operating_point": point,
                "before": {"limits": present.limits, "operating_point": present.operating_point},
                "reason": plan.reason[:500],
            },
        )  # fmt: skip
        events.publish(EventKind.MODEL_CHANGED, locked.pk, project=locked.project)
    return plan


def _checked_plan(recipe: str, limits: Json, operating_point: Json) -> tuple[Json, Json]:
    """Return both as they are stored: only what differs from ``GatePlan()``, so that equal plans are equal rows.

    What is not named takes the default of a plan that is declared now.
    """
    usual, chosen = GatePlan().to_json(), GatePlan.from_json({**DECLARED_NOW, **limits}).to_json()
    point, known = OperatingPoint.from_json(operating_point), GRADING_CARDS[recipe_card(recipe).graded].points
    if point.kind not in known:
        message = f"This recipe has no operating point “{point.kind}”. Choose {' or '.join(known)}."
        raise Invalid("operating_point_wrong", message, known=list(known))
    return {name: chosen[name] for name in chosen if chosen[name] != usual[name]}, (
        {} if point == BALANCED else point.to_json()
    )
