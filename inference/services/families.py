"""Model families: what a project predicts with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db import IntegrityError, transaction

from annotations.models import Label
from core import audit, events
from core.errors import Conflict, Invalid
from core.models import Project, User
from inference.models import ModelFamily

#: What a family must reach to be promoted, unless its own change plan says otherwise: the defaults of the engine's
#: ``GatePlan``, written out because the web process does not load the engine's statistics (a test compares them).
CHANGE_PLAN: Final[dict[str, Any]] = {
    "margin": 0.05,
    "benefit": "more_labels",
    "negative_flip_limit": 0.02,
    "calibration_margin": 0.03,
    "subgroup_margin": 0.10,
    "smallest": 10,
    "auc_floor": 0.5,
    "dice_floor": 0.3,
    "ece_floor": 0.15,
}
_BENEFITS: Final = ("superior", "more_labels")


def change_plan_of(family: ModelFamily) -> dict[str, Any]:
    """Return the family's change plan with the defaults filled in."""
    return {**CHANGE_PLAN, **family.change_plan}


def _checked_plan(plan: dict[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(plan) - set(CHANGE_PLAN)):
        raise Invalid("change_plan_wrong", f"The change plan has unknown limits: {', '.join(unknown)}.")
    for name, value in plan.items():
        if name == "benefit":
            if value not in _BENEFITS:
                raise Invalid("change_plan_wrong", "'benefit' of the change plan is superior or more_labels.")
        elif name == "smallest":
            if type(value) is not int or not 2 <= value <= 10_000:
                raise Invalid("change_plan_wrong", "'smallest' of the change plan is a number from 2 to 10000.")
        elif type(value) not in (int, float) or not 0 <= value <= 1:
            raise Invalid("change_plan_wrong", f"'{name}' of the change plan must be a number from 0 to 1.")
    return plan


def family_create(
    *,
    project: Project,
    slug: str,
    title: str,
    recipe: str,
    label_keys: Sequence[str],
    modalities: Sequence[str] = (),
    change_plan: dict[str, Any] | None = None,
    by: User | None,
) -> ModelFamily:
    """Begin a model family; it predicts nothing before its first version is live.

    Args:
        modalities: which it reads (``DX``, ``CT``, …); empty means all.
        change_plan: limits of the promotion gate that differ from ``CHANGE_PLAN``.

    Raises:
        Invalid: an unknown recipe, label or limit. Conflict: the short name is taken.
    """
    if recipe not in ModelFamily.Recipe.values:
        raise Invalid("recipe_unknown", "Choose classification or segmentation.", known=ModelFamily.Recipe.values)
    keys = sorted(set(label_keys))
    known = set(Label.objects.filter(project=project, key__in=keys).values_list("key", flat=True))
    if not keys or set(keys) - known:
        raise Invalid("label_unknown", "Choose labels of the project.", keys=sorted(set(keys) - known))
    try:
        with transaction.atomic():
            family = ModelFamily.objects.create(
                project=project,
                slug=slug,
                title=title,
                recipe=recipe,
                label_keys=keys,
                modalities=sorted({one.upper() for one in modalities}),
                change_plan=_checked_plan(change_plan or {}),
            )
            audit.record(
                "model.created", "C", actor=by, object_kind="model", object_id=family.pk, project=project,
                detail={"slug": slug, "recipe": recipe, "label_keys": keys},
            )  # fmt: skip
            events.publish("model.changed", family.pk, project=project)
    except IntegrityError:
        raise Conflict("slug_taken", "The project has a model of this short name already. Choose another.") from None
    return family
