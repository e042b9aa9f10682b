"""The settings that a dataset's fingerprint asks for, as a family would train; the same figures, the same settings."""

from __future__ import annotations

from typing import Any

from annotations.models import DatasetSnapshot, Label
from core.digest import digest_of
from core.models import Job
from inference import errors
from inference.engine.config import RecipeConfig, settings_of
from inference.engine.fingerprint import REVISION as FINGERPRINT_REVISION
from inference.engine.proposed_settings import REVISION, proposed_settings, value_in, with_values
from inference.engine.recipe_cards import recipe_card
from inference.family_facts import training_config
from inference.models import Fingerprint, ModelFamily

Json = dict[str, Any]


def asked_digest(family: ModelFamily) -> str:
    """Return what names the fingerprint that a family asks of a dataset."""
    return digest_of([family.recipe, list(family.label_keys), FINGERPRINT_REVISION])


def fingerprint_of_family(family: ModelFamily, snapshot: DatasetSnapshot) -> Fingerprint | None:
    """Return the fingerprint of a dataset as a family asks for it, where it was taken."""
    rows = Fingerprint.objects.filter(snapshot=snapshot, asked_digest=asked_digest(family))
    return rows.exclude(digest="").first()


def proposal_of(family: ModelFamily, found: Fingerprint) -> Json:
    """Return ``{digest, settings}``: each setting with the preset's value and the reason."""
    labels = Label.objects.filter(project=family.project, key__in=family.label_keys)
    words = [word for label in labels for word in (label.key, label.code_meaning)]
    usual = training_config(family, {})
    unused = recipe_card(family.recipe).unused
    settings = [one.to_json() for one in proposed_settings(found.figures, usual, words) if one.name not in unused]
    return {"digest": digest_of([found.digest, REVISION, settings]), "settings": settings}


def proposal_json(family: ModelFamily, found: Fingerprint) -> Json:
    """Return the proposal in the API's shape; its Job says how far it is."""
    job = Job.objects.filter(fingerprint=found).first()
    done = bool(found.digest)
    state = Job.State.SUCCEEDED if done else job.state if job else Job.State.CANCELLED
    made: Json = proposal_of(family, found) if done else {"digest": "", "settings": []}
    failed = job is not None and not done and job.error_code
    return {
        "id": found.pk,
        "state": state,
        "share": job.progress.get("share") if job else None,
        "fingerprint": found.figures if done else None,
        "fingerprint_digest": found.digest,
        **made,
        "error": {"code": job.error_code, "message": job.error_message} if failed and job else None,
    }


def proposal_kept(family: ModelFamily, snapshot: DatasetSnapshot, config: RecipeConfig, digest: str) -> Json:
    """Return what a training keeps: what was proposed, and what was chosen otherwise.

    Args:
        digest: of the proposal that the person saw.

    Raises:
        Conflict: it is not what is proposed now.
    """
    found = fingerprint_of_family(family, snapshot)
    made = proposal_of(family, found) if found else None
    if found is None or made is None or made["digest"] != digest:
        raise errors.proposal_outdated()
    usual = training_config(family, {"preset": config.preset, "dimensions": config.dimensions})
    proposed = {one["name"]: one["value"] for one in made["settings"]}
    if proposed.get("dimensions", usual.dimensions) != config.dimensions:
        expected = usual.to_json()
    else:
        expected = with_values(usual.to_json(), proposed)
    chosen, changed = config.to_json(), {}
    for name in (one["name"] for one in settings_of(family.recipe).entries()):
        before, after = value_in(expected, name), value_in(chosen, name)
        if before != after:
            changed[name] = {"proposed": before, "chosen": after}
    return {"digest": digest, "fingerprint": found.digest, "settings": made["settings"], "changed": changed}
