"""What a dataset's test split can prove by a family's plan, in figures and in sentences; before anything is trained."""

from __future__ import annotations

from typing import Any

from annotations.selectors.projects import label_names
from core.numbers import how_many
from inference.engine.gate_plan import GatePlan
from inference.engine.gradings.cards import GRADING_CARDS
from inference.engine.power import Proof, Provable, proof_of
from inference.engine.recipe_cards import recipe_card
from inference.family_facts import limits_of, plan_in_force
from inference.models import ModelFamily

Json = dict[str, Any]


def proof_of_snapshot(family: ModelFamily, counts: Json) -> Json:
    """Return what the test split of a dataset can prove of a family's next version.

    Args:
        counts: of the dataset (``annotations.dataset.counts``).
    """
    labels = counts.get("splits", {}).get("test", {}).get("labels", {})
    return proof_by_plan(family, {key: _patients(states) for key, states in labels.items()})


def proof_by_plan(family: ModelFamily, patients: Json) -> Json:
    """Return what so many test patients can prove of a family's next version by the plan in force.

    Args:
        patients: by label, {"positive": with it, "negative": without it}.
    """
    plan, names = limits_of(plan_in_force(family)), label_names(family.project, family.label_keys)
    there = {key: patients[key] for key in family.label_keys if key in patients}
    if not patients_wanted(family.recipe, plan)["negative"]:
        wanted = patients_wanted(family.recipe, plan)["positive"]
        enough = any(one["positive"] >= wanted for one in there.values())
        sentences = [_masks(names[key], one["positive"], wanted) for key, one in there.items()]
        return {"labels": {}, "can_pass": enough, "sentences": sentences}
    found = {key: proof_of(one["positive"], one["negative"], plan) for key, one in there.items()}
    return {
        "labels": {key: _label_json(one) for key, one in found.items()},
        "can_pass": any(one.chance > 0 for one in found.values()),
        "sentences": [_sentence(names[key], one, plan) for key, one in found.items()],
    }


def patients_wanted(recipe: str, plan: GatePlan) -> dict[str, int]:
    """Return how many test patients with and without a label a plan asks for: with fewer no equal version can pass."""
    return GRADING_CARDS[recipe_card(recipe).graded].wanted(plan)


def _patients(states: Json) -> dict[str, int]:
    """Return patients with and without a label; datasets frozen before patients were counted have images only."""
    return {word: int(states.get(f"{word}_patients", states[word]) or 0) for word in ("positive", "negative")}


def _label_json(one: Proof) -> Json:
    def provable(what: Provable) -> Json:
        return {"chance": round(what.chance, 2), "smallest": what.smallest and round(what.smallest, 3)}

    return {
        "positive": one.positive, "negative": one.negative, "passes_if_equal": round(one.chance, 2),
        "auc": provable(one.auc), "sensitivity": provable(one.sensitivity), "specificity": provable(one.specificity),
        "missing_positive": one.missing_positive, "missing_negative": one.missing_negative,
    }  # fmt: skip


def _sentence(named: str, one: Proof, plan: GatePlan) -> str:
    there = f"{_with(named, one.positive)} and {one.negative:,} without."
    if one.missing_positive or one.missing_negative:
        missing = [
            f"{count} more {word} it"
            for count, word in ((one.missing_positive, "with"), (one.missing_negative, "without"))
            if count
        ]
        are = "is" if one.missing_positive + one.missing_negative == 1 else "are"
        return (
            f"{there} An equally good version can never be shown to be so: at least {' and '.join(missing)} "
            f"{are} needed (sensitivity within {plan.sensitivity_margin:g}, specificity within "
            f"{plan.specificity_margin:g})."
        )
    return (
        f"{there} A version exactly as good as the live one passes with a chance of about {_percent(one.chance)}. "
        f"Can be shown 4 times in 5: {_margins(one)}."
    )


def _margins(one: Proof) -> str:
    named = (("AUC", one.auc), ("sensitivity", one.sensitivity), ("specificity", one.specificity))
    shown = [f"{word} not lower by {what.smallest:.2f}" for word, what in named if what.smallest is not None]
    return ", ".join(shown) or "nothing"


def _percent(share: float) -> str:
    return f"{min(99, max(1, round(100 * share)))} %"


def _masks(named: str, positive: int, wanted: int) -> str:
    there = _with(named, positive)
    if positive < wanted:
        more = f"at least {how_many(wanted - positive, 'more is', 'more are')} needed"
        return f"{there}. An equally good version can never be shown to be so: {more}."
    return f"{there}, of the {wanted} at least with which an equally good version can be shown to be so."


def _with(named: str, patients: int) -> str:
    return f"The test split has {how_many(patients, 'patient', 'patients')} with “{named}”"
