"""What is known of a family without asking anybody: its change plan, its training settings, what was live before."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings

from annotations.dataset.manifests import labels_marked
from annotations.dataset.questions import QUESTIONS
from annotations.models import DatasetSnapshot
from annotations.rules.pictures import picture_rules
from annotations.selectors.pictures import colour_share
from annotations.selectors.projects import label_names
from inference import errors
from inference.engine.config import RecipeConfig, settings_of
from inference.engine.gate_plan import GatePlan
from inference.engine.operating_point import OperatingPoint
from inference.engine.recipe_cards import recipe_card
from inference.models import DeclaredPlan, ModelFamily, ModelVersion, Promotion

Json = dict[str, Any]
_COLOUR_FROM: Final = 0.1


def snapshot_fits(family: ModelFamily, snapshot: DatasetSnapshot) -> None:
    """Ask for a dataset that the family can learn from; raises Invalid."""
    if snapshot.project_id != family.project_id:
        raise errors.snapshot_does_not_fit("This dataset is of another project. Choose one of the model's project.")
    card = recipe_card(family.recipe)
    if snapshot.question != card.question:
        asked, wanted = QUESTIONS[snapshot.question].title.lower(), QUESTIONS[card.question].title.lower()
        raise errors.snapshot_does_not_fit(
            f"This dataset asks for {asked}, {card.title.lower()} learns from {wanted}. Freeze another one."
        )
    if missing := sorted(set(family.label_keys) - set(snapshot.label_keys)):
        raise errors.snapshot_does_not_fit(
            f"This dataset lacks labels of the model: {', '.join(missing)}. Freeze one that has them.", missing=missing
        )


def places_are_taught(family: ModelFamily, snapshot: DatasetSnapshot) -> None:
    """Ask for a marked place of each label to learn from where the dataset asks where things are; raises Invalid."""
    if QUESTIONS[snapshot.question].label_use != "region":
        return
    if missing := sorted(set(family.label_keys) - labels_marked(snapshot.manifest_digest, "train")):
        named = ", ".join(label_names(family.project, missing)[key] for key in missing)
        raise errors.places_not_marked(named, missing)


def training_config(family: ModelFamily, chosen: Json) -> RecipeConfig:
    """Return the frozen configuration of a training of this family.

    Args:
        chosen: any of ``RecipeConfig.choices``.

    Raises:
        Invalid: unknown or wrong settings.
    """
    wanted = dict(chosen)
    preset = wanted.get("preset", "tiny")
    dimensions = wanted.get("dimensions", recipe_card(family.recipe).dimensions[0])
    if isinstance(dimensions, bool) or dimensions not in (2, 3) or preset not in ("tiny", "standard"):
        raise errors.config_wrong("Choose 2 or 3 dimensions and the preset tiny or standard.")
    known = settings_of(family.recipe).choices()
    if unknown := sorted(set(wanted) - set(known)):
        raise errors.config_wrong(f"Unknown settings: {', '.join(unknown)}.", known=list(known))
    usual = RecipeConfig.for_preset(family.recipe, tuple(family.label_keys), preset=preset, dimensions=dimensions)
    if "channels" not in wanted:
        wanted["channels"] = channels_of(family)
    fixed = {"recipe": family.recipe, "labels": list(family.label_keys), "threads": settings.OVERREAD_TORCH_THREADS}
    return RecipeConfig.from_json({**usual.to_json(), **wanted, **fixed})


def channels_of(family: ModelFamily) -> int:
    """Return how many channels a training has when nobody chooses: 3 where the family's pictures are in colour, else 1.

    In colour is a family of which a tenth of the pictures is: a grey picture loses nothing in three channels, and a
    coloured one loses its colours in one.
    """
    share = colour_share(family.project, picture_rules(family.project_id), family.modalities)
    return 3 if share >= _COLOUR_FROM else 1


def training_defaults(family: ModelFamily) -> Json:
    """Return the settings a training has when nothing is chosen."""
    whole = training_config(family, {}).to_json()
    return {name: whole[name] for name in settings_of(family.recipe).choices()}


def training_settings(family: ModelFamily) -> list[Json]:
    """Return what may be chosen of a training of this family, as ``Settings.entries`` says, each with its default."""
    card, defaults = recipe_card(family.recipe), training_defaults(family)
    found: list[Json] = []
    for entry in settings_of(family.recipe).entries():
        name = entry["name"]
        if name in card.unused or (name == "dimensions" and len(card.dimensions) == 1):
            continue
        if name == "dimensions":
            entry |= {"kind": "choice", "choices": list(card.dimensions)}
        whole, _, part = name.partition(".")
        found.append({**entry, "default": defaults[whole][part] if part else defaults[whole]})
    return found


def plan_in_force(family: ModelFamily) -> DeclaredPlan:
    """Return the family's newest declared plan: that of the trainings that are asked for now."""
    return family.plans.select_related("declared_by", "family").order_by("-number")[0]


def plan_of(version: ModelVersion) -> DeclaredPlan:
    """Return the plan that a version is judged by: that of its training, or what was in force when it was imported."""
    if version.training_run is not None:
        return version.training_run.plan
    plans = version.family.plans.order_by("-number")
    return plans.filter(created_at__lte=version.created_at).first() or plans.reverse()[0]


def limits_of(plan: DeclaredPlan) -> GatePlan:
    """Return the limits of a plan, with the defaults filled in."""
    return GatePlan.from_json(plan.limits)


def operating_point_of(plan: DeclaredPlan) -> OperatingPoint:
    """Return where decisions are to lie by a plan."""
    return OperatingPoint.from_json(plan.operating_point)


def previously_live(family: ModelFamily) -> ModelVersion | None:
    """Return the version that was live before the present one was promoted, or None."""
    moves = Promotion.objects.filter(
        family=family, to_version=family.live_id, direction=Promotion.Direction.PROMOTE, from_version__isnull=False
    )
    last = moves.select_related("from_version").order_by("-created_at").first()
    return last.from_version if last else None
