"""Model families: what a project predicts with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db import IntegrityError, transaction

from annotations.models import Label
from core import audit, events
from core.audit_kinds import AuditKind
from core.errors import Conflict, Invalid
from core.event_kinds import EventKind
from core.models import Project, User
from inference.engine.gate_plan import GatePlan
from inference.engine.recipe_cards import recipe_card
from inference.models import ModelFamily

USES: Final = {"image": "said of an image", "segment": "painted as a mask"}


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
        change_plan: limits of the promotion gate that differ from ``GatePlan``'s.

    Raises:
        Invalid: an unknown recipe, label or limit. Conflict: the short name is taken.
    """
    use = recipe_card(recipe).label_use
    keys = sorted(set(label_keys))
    known = {row.key for row in Label.objects.filter(project=project, key__in=keys) if use in row.uses}
    if not keys or set(keys) - known:
        unfit = sorted(set(keys) - known)
        raise Invalid("label_unknown", f"Choose labels of the project that are {USES[use]}.", keys=unfit)
    plan = dict(change_plan or {})
    GatePlan.from_json(plan)
    try:
        with transaction.atomic():
            family = ModelFamily.objects.create(
                project=project,
                slug=slug,
                title=title,
                recipe=recipe,
                label_keys=keys,
                modalities=sorted({one.upper() for one in modalities}),
                change_plan=plan,
            )
            audit.record(
                AuditKind.MODEL_CREATED, actor=by, object_kind="model", object_id=family.pk, project=project,
                detail={"slug": slug, "recipe": recipe, "label_keys": keys},
            )  # fmt: skip
            events.publish(EventKind.MODEL_CHANGED, family.pk, project=project)
    except IntegrityError:
        raise Conflict("slug_taken", "The project has a model of this short name already. Choose another.") from None
    return family
