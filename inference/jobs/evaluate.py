"""The job of an evaluation: the only place that opens the test split of a frozen dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from annotations.dataset.teaching import ONE_BY_ONE
from annotations.models import DatasetSnapshot
from annotations.selectors.projects import label_names
from annotations.selectors.snapshots import snapshot_cases
from core.errors import NotFound
from inference.engine.criteria import Reviewed
from inference.engine.evaluate import evaluate as report_on
from inference.engine.gate import compare
from inference.engine.recipe_cards import recipe_card
from inference.errors import nothing_to_evaluate_on
from inference.family_facts import limits_of, plan_of
from inference.jobs.floors import priors_of
from inference.jobs.gaze import where_it_looks
from inference.jobs.graded_maps import graded_maps
from inference.jobs.images import model_of
from inference.jobs.judges import JUDGES, Setting
from inference.jobs.samples import samples_left_out, snapshot_samples
from inference.jobs.tested import Tested
from inference.models import ModelFamily, ModelVersion
from inference.services.evaluation import evaluation_finish

if TYPE_CHECKING:
    from core.jobs import JobContext

Json = dict[str, Any]
GROUPS = ("sex", "age_band", "view", "scanner")
LEARNED: Final = ("train", "validation")
#: A handful of decisions that a reviewer made one by one is the least that counts as more of them.
_FEWEST_DECIDED: Final = 5


def evaluate(context: JobContext, version_id: str, snapshot_id: str) -> None:
    """Judge a version on the locked test cases of a dataset, beside the live version on the same cases.

    Raises:
        NotFound: the version or the dataset is gone. Conflict: no test cases, or their images changed.
        OverreadError: an image cannot be read, or a model is not whole.
    """
    version = ModelVersion.objects.select_related("family__project", "training_run__plan").filter(pk=version_id).first()
    snapshot = DatasetSnapshot.objects.filter(pk=snapshot_id).first()
    if version is None or snapshot is None:
        raise NotFound("evaluation_gone", "The version or the dataset was removed before it was evaluated.")
    live_id = ModelFamily.objects.get(pk=version.family_id).live_id
    live = ModelVersion.objects.select_related("family").get(pk=live_id) if live_id and live_id != version.pk else None
    challenger, champion = model_of(version), model_of(live) if live else None
    labels = challenger.config.labels
    dimensions = max(model.config.dimensions for model in (challenger, champion) if model)
    samples = snapshot_samples(snapshot, "test", labels=labels, dimensions=dimensions)
    left_out = samples_left_out(snapshot, "test", labels=labels, dimensions=dimensions)
    if not samples:
        raise nothing_to_evaluate_on()
    plan = limits_of(plan_of(version))
    models = [challenger] if champion is None else [challenger, champion]
    priors, names = priors_of(snapshot, labels, dimensions), label_names(version.family.project, labels)
    setting = Setting(snapshot, labels, dimensions, priors, plan.surface_tolerance)
    tested = Tested(models, JUDGES[recipe_card(challenger.config.recipe).graded](setting))
    for number, sample in enumerate(samples):
        context.check()
        context.progress(phase="evaluating", step=number, steps=len(samples))
        tested.ask(sample)
    maps, found_on_maps = graded_maps(context, challenger, samples, priors=priors, names=names)
    looked = where_it_looks(context, models, samples, maps=maps, names=names)
    new, *others = tested.results
    old = others[0] if others else []
    thresholds, before = dict(challenger.thresholds), dict(champion.thresholds) if champion else None
    known = [label for label in labels if before is not None and label in before]
    gate = compare(
        old or None,
        new,
        labels=labels,
        champion_thresholds=before,
        challenger_thresholds=thresholds,
        plan=plan,
        reviewed_labels=_reviewed(live, version, labels) if live else None,
        groups=GROUPS,
        trivial=tested.trivial,
        names=names,
        gaze=[one for one in (looked.challenger, looked.champion) if one is not None],
    )
    evaluation_finish(
        version=version,
        snapshot=snapshot,
        compared_with=live,
        report=report_on(
            new,
            labels=labels,
            thresholds=thresholds,
            groups=GROUPS,
            trivial=tested.trivial,
            maps=maps,
            gaze=looked.figures,
            left_out=left_out,
        ),
        compared_report=report_on(old, labels=known, thresholds=before or {}, groups=GROUPS, left_out=left_out)
        if known
        else None,
        gate=gate,
        outputs={**tested.outputs(), "maps": found_on_maps, "gaze": looked.outputs},
    )


def _reviewed(live: ModelVersion, version: ModelVersion, labels: tuple[str, ...]) -> Reviewed:
    """Return from how many reviewed labels the live version and the new one learned.

    Of two counts, all that was signed off and what a reviewer decided one by one, the one that has grown; a version
    from outside learned from none that was reviewed here.
    """
    signed, decided = ((count(live, labels), count(version, labels)) for count in (_signed_off, _decided))
    grew = decided[1] >= max(1.1 * decided[0], decided[0] + _FEWEST_DECIDED)
    return Reviewed(*decided, one_by_one=True) if grew else Reviewed(*signed)


def _signed_off(version: ModelVersion, labels: tuple[str, ...]) -> int:
    run = version.training_run
    splits: Json = run.snapshot.counts.get("splits", {}) if run else {}
    counted = [splits.get(split, {}).get("labels", {}).get(key, {}) for split in LEARNED for key in labels]
    return sum(int(one.get("positive", 0)) + int(one.get("negative", 0)) for one in counted)


def _decided(version: ModelVersion, labels: tuple[str, ...]) -> int:
    run = version.training_run
    cases = [case for case in snapshot_cases(run.snapshot) if case.split in LEARNED] if run else []
    return sum(case.label_provenance.get(key) in ONE_BY_ONE for case in cases for key in labels)
