"""The licence of a version's maps: the grades in its newest report. What offers or serves a map asks here."""

from __future__ import annotations

from inference.engine.map_licence import Withheld, withheld
from inference.engine.map_report import MapGrades
from inference.engine.recipe_cards import recipe_card
from inference.models import ModelVersion, SaliencyMap


def map_grades(version: ModelVersion) -> dict[str, MapGrades]:
    """Return the grades of each label's maps; labels that the newest report did not grade are missing."""
    newest = version.reports.order_by("-created_at").values_list("report", flat=True).first()
    labels = (newest or {}).get("labels", {})
    return {key: MapGrades.model_validate(one["maps"]) for key, one in labels.items() if one.get("maps")}


def map_withheld(saliency: SaliencyMap) -> Withheld | None:
    """Say why a map that was asked for is not shown, or None where it may be."""
    version = saliency.prediction.version
    known = {one.name: one for one in recipe_card(version.family.recipe).explanations}
    method = known.get(saliency.method)
    if method is None:
        return Withheld("method_unknown", "Not offered: this kind of map is no longer made.")
    return withheld(version.card, method, saliency.label_key, map_grades(version).get(saliency.label_key))
