"""Every figure and interval of a report and of its gate, computed again from the stored outputs by other libraries.

Nothing of the engine is used to compute: scikit-learn and SciPy, and a few lines of the papers that are cited there.
"""

from __future__ import annotations

import json
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import beta, binomtest, norm
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, confusion_matrix, roc_auc_score, roc_curve

from core import blobs
from inference.engine.case_result import CaseResult
from inference.engine.evaluate import evaluate
from inference.engine.gate import compare
from inference.models import EvaluationReport, ModelFamily, ModelVersion
from inference.services.evaluation import evaluation_finish, evaluation_request
from tests.inference.planted_archive import freeze, install, make_family, plant_many, planted_pixels

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.models import Project, User

pytestmark = pytest.mark.django_db
Json = dict[str, Any]
LABEL = "square"
LIMITS = {"live": 0.5, "new": 0.45}
Z = norm.ppf(0.975)


def stored(report: EvaluationReport, which: str) -> tuple[np.ndarray, np.ndarray, list[Json]]:
    """Return what was said of the cases whose truth is known, that truth, and the cases as they were kept."""
    cases = json.loads(zlib.decompress(blobs.get(report.outputs_digest)))[which]
    known = [case for case in cases if case["truth"].get(LABEL) is not None]
    said = np.array([case["probabilities"][LABEL] for case in known])
    return said, np.array([case["truth"][LABEL] for case in known]), known


def wilson(right: np.ndarray) -> tuple[float, float]:
    found = binomtest(int(right.sum()), len(right)).proportion_ci(0.95, method="wilson")
    return float(found.low), float(found.high)


def auc_parts(said: np.ndarray, truth: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, tuple[float, float]]:
    """AUC, DeLong's structural components, and the wider of Newcombe's (2006, method 5) and the logit interval."""
    yes, no = said[truth == 1], said[truth == 0]
    above = (yes[:, None] > no).astype(float) + 0.5 * (yes[:, None] == no)
    auc, of_yes, of_no = above.mean(), above.mean(axis=1), above.mean(axis=0)
    m, n = len(yes), len(no)

    def off(asked: float) -> float:
        star = (m + n) / 2 - 1
        spread = 1 + star * (1 - asked) / (2 - asked) + star * asked / (1 + asked)
        return float((auc - asked) ** 2 - Z**2 * asked * (1 - asked) * spread / (m * n))

    low = brentq(off, 1e-9, auc - 1e-9) if auc > 1e-6 else 0.0
    high = brentq(off, auc + 1e-9, 1 - 1e-9) if auc < 1 - 1e-6 else 1.0
    if 0 < auc < 1:
        variance = of_yes.var(ddof=1) / m + of_no.var(ddof=1) / n
        centre, half = np.log(auc / (1 - auc)), Z * np.sqrt(variance) / (auc * (1 - auc))
        low, high = min(low, 1 / (1 + np.exp(half - centre))), max(high, 1 / (1 + np.exp(-half - centre)))
    elif auc == 1:
        low = min(low, 0.025 ** (1 / min(m, n)))
    else:
        high = max(high, 1 - 0.025 ** (1 / min(m, n)))
    return float(auc), of_yes, of_no, (low, high)


def change_of_auc(old: np.ndarray, new: np.ndarray, truth: np.ndarray) -> tuple[float, tuple[float, float]]:
    """The difference by squares and sums (Newcombe 1998), with DeLong's correlation."""
    was, was_yes, was_no, (was_low, was_high) = auc_parts(old, truth)
    now, now_yes, now_no, (now_low, now_high) = auc_parts(new, truth)
    m, n = len(was_yes), len(was_no)
    shared = np.cov(was_yes, now_yes)[0, 1] / m + np.cov(was_no, now_no)[0, 1] / n
    spreads = [a.var(ddof=1) / m + b.var(ddof=1) / n for a, b in ((was_yes, was_no), (now_yes, now_no))]
    alike = min(max(shared / np.sqrt(spreads[0] * spreads[1]), 0), 1 - 2 / min(m, n))
    down = (now - now_low) ** 2 + (was_high - was) ** 2 - 2 * alike * (now - now_low) * (was_high - was)
    up = (now_high - now) ** 2 + (was - was_low) ** 2 - 2 * alike * (now_high - now) * (was - was_low)
    return now - was, (now - was - np.sqrt(down), now - was + np.sqrt(up))


def unseen(sums: np.ndarray, counts: np.ndarray, lowest: float, highest: float) -> tuple[float, float]:
    """Gaffke's bounds: random weights (Dirichlet) of the patients and of one who is as bad, or as good, as can be."""
    draws = np.random.default_rng(99).dirichlet(np.ones(len(sums) + 1), size=40_000)
    ends = []
    for worst, share in ((lowest, 0.025), (highest, 0.975)):
        size = counts.mean()
        total = draws[:, :-1] @ sums + draws[:, -1] * size * worst
        ends.append(float(np.quantile(total / (draws[:, :-1] @ counts + draws[:, -1] * size), share)))
    return ends[0], ends[1]


def bootstrapped(values: np.ndarray, patients: list[str]) -> tuple[float, float]:
    """Patients drawn with replacement, all their images together."""
    rng, names = np.random.default_rng(7), sorted(set(patients))
    of = {name: np.flatnonzero(np.array(patients) == name) for name in names}
    means = []
    for _ in range(4000):
        chosen = np.concatenate([of[name] for name in rng.choice(names, len(names))])
        means.append(values[chosen].mean())
    return tuple(np.percentile(means, (2.5, 97.5)))  # type: ignore[return-value]


def check_figures(figures: Json, said: np.ndarray, truth: np.ndarray, cases: list[Json], limit: float) -> None:
    """Compare all figures of a label with what other libraries make of the stored outputs."""
    seen, patients = (said >= limit).astype(int), [case["patient_key"] for case in cases]
    tn, fp, fn, tp = confusion_matrix(truth, seen, labels=[0, 1]).ravel()
    assert figures["confusion"] == {
        "true_positive": tp, "false_positive": fp, "true_negative": tn, "false_negative": fn,
    }  # fmt: skip
    repeated = len(set(patients)) < len(patients)
    for name, members in (("sensitivity", truth == 1), ("specificity", truth == 0), ("accuracy", truth >= 0)):
        right = (seen == truth)[members].astype(float)
        own = [patient for patient, inside in zip(patients, members, strict=True) if inside]
        assert figures[name]["value"] == pytest.approx(right.mean())
        if repeated and 0 < right.mean() < 1:
            assert figures[name]["interval"] == pytest.approx(bootstrapped(right, own), abs=0.03), name
        else:
            assert figures[name]["interval"] == pytest.approx(wilson(right)), name
    assert figures["auc"]["value"] == pytest.approx(roc_auc_score(truth, said))
    if not repeated:
        assert figures["auc"]["interval"] == pytest.approx(auc_parts(said, truth)[3], abs=1e-6)
    assert figures["brier"]["value"] == pytest.approx(brier_score_loss(truth, said))
    assert figures["brier"]["interval"] == pytest.approx(bootstrapped((said - truth) ** 2, patients), abs=0.012)
    ece = gaps_by_bin(said, truth)
    assert figures["ece"]["value"] == pytest.approx(ece)
    low, high = figures["ece"]["interval"]
    assert 0 <= low <= ece <= high <= 1
    observed, stated = calibration_curve(truth, np.minimum(said, 1 - 1e-9), n_bins=10)
    assert [one["observed"] for one in figures["calibration"]] == pytest.approx(list(observed))
    assert [one["mean_probability"] for one in figures["calibration"]] == pytest.approx(list(stated))
    for one in figures["calibration"]:
        inside = (said >= one["low"]) & ((said < one["high"]) | (one["high"] == 1.0))
        assert one["n"] == inside.sum()
        assert one["interval"] == pytest.approx(wilson(truth[inside]))
    false, true, _ = roc_curve(truth, said, drop_intermediate=False)
    drawn = [(point["false_positive_rate"], point["true_positive_rate"]) for point in figures["roc"]]
    every = np.stack([false, true], axis=1)
    if len(every) <= 200:  # of more points some are drawn
        assert np.array(drawn) == pytest.approx(every)
    assert all(np.isclose(every, point).all(axis=1).any() for point in drawn)


def gaps_by_bin(said: np.ndarray, truth: np.ndarray) -> float:
    edges = np.linspace(0, 1, 11)
    edges[-1] = 1.1
    parts = [(said >= low) & (said < high) for low, high in pairwise(edges)]
    return float(sum(abs(said[one].mean() - truth[one].mean()) * one.mean() for one in parts if one.any()))


def faint(count: int, images: int = 1) -> tuple[list[CaseResult], list[CaseResult]]:
    """Two models that err on the same cases: ties, some truths unknown, two sexes, several images of a patient."""
    rng = np.random.default_rng(11)
    lists: tuple[list[CaseResult], list[CaseResult]] = ([], [])
    for number in range(count):
        truth = None if number % 17 == 0 else float(rng.random() < 0.4)
        shared = rng.normal()
        for image in range(images):
            for results, gain in zip(lists, (1.4, 1.8), strict=True):
                logit = gain * ((truth or 0.0) - 0.5) + 0.7 * shared + 0.7 * rng.normal()
                results.append(
                    CaseResult(
                        f"c{number}-{image}", f"p{number}", {LABEL: 0.0003 + round(float(1 / (1 + np.exp(-logit))), 3)},
                        {LABEL: truth}, {"sex": "F" if number % 3 else "M"},
                    )
                )  # fmt: skip
    return lists


def judged(project: Project, family: ModelFamily, old: list[CaseResult], new: list[CaseResult]) -> EvaluationReport:
    versions = [
        ModelVersion.objects.create(family=family, number=n, weights_digest=str(n) * 64, card_digest="c" * 64)
        for n in (1, 2)
    ]
    live, limit = {LABEL: LIMITS["live"]}, {LABEL: LIMITS["new"]}
    return evaluation_finish(
        version=versions[1], snapshot=freeze(project, {}), compared_with=versions[0],
        report=evaluate(new, labels=[LABEL], thresholds=limit, groups=["sex"]),
        compared_report=evaluate(old, labels=[LABEL], thresholds=live, groups=["sex"]),
        gate=compare(old, new, labels=[LABEL], champion_thresholds=live, challenger_thresholds=limit, groups=["sex"]),
        outputs={"version": [one.to_json() for one in new], "compared_with": [one.to_json() for one in old]},
    )  # fmt: skip


@pytest.mark.parametrize("images", [1, 3])
def test_the_figures_of_a_report_are_those_of_other_libraries(project: Project, admin: User, images: int) -> None:
    old, new = faint(150, images)
    report = judged(project, make_family(project, admin), old, new)
    for kept, which, limit in (
        (report.report, "version", LIMITS["new"]),
        (report.compared_report, "compared_with", LIMITS["live"]),
    ):
        said, truth, cases = stored(report, which)
        figures = kept["labels"][LABEL]
        assert (figures["n"], figures["unknown"]) == (141 * images, 9 * images)
        check_figures(figures, said, truth, cases, limit)
        for sex, group in kept["groups"]["sex"].items():
            inside = np.array([case["groups"]["sex"] == sex for case in cases])
            assert group["labels"][LABEL]["auc"]["value"] == pytest.approx(roc_auc_score(truth[inside], said[inside]))
            right = ((said >= limit) == truth)[inside]
            assert group["labels"][LABEL]["accuracy"]["value"] == pytest.approx(right.mean())


def test_the_answers_of_the_gate_are_those_of_other_libraries(project: Project, admin: User) -> None:
    report = judged(project, make_family(project, admin), *faint(150))
    found = {one["id"]: one for one in report.gate["criteria"]}
    new, truth, cases = stored(report, "version")
    old, _, _ = stored(report, "compared_with")
    value, interval = change_of_auc(old, new, truth)
    assert found["non_inferior"]["value"] == pytest.approx(value)
    assert found["non_inferior"]["interval"] == pytest.approx(interval, abs=1e-6)
    was, now = (old >= LIMITS["live"]) == truth, (new >= LIMITS["new"]) == truth
    for id_, state in (("sensitivity", 1), ("specificity", 0)):
        changes = (now.astype(float) - was)[truth == state]
        assert found[id_]["value"] == pytest.approx(changes.mean())
        assert found[id_]["interval"] == pytest.approx(unseen(changes, np.ones(len(changes)), -1, 1), abs=0.01), id_
    # Of shares of patients the bound is that of Clopper and Pearson, which is exact.
    turned, held = int((was & ~now).sum()), int(was.sum())
    exact = beta.ppf(0.025, turned, held - turned + 1), beta.ppf(0.975, turned + 1, held - turned)
    assert found["negative_flips"]["value"] == pytest.approx(turned / held)
    assert found["negative_flips"]["interval"] == pytest.approx(exact, abs=0.008)
    assert found["calibration"]["value"] == pytest.approx(gaps_by_bin(new, truth) - gaps_by_bin(old, truth))
    sexes = np.array([case["groups"]["sex"] for case in cases])
    changes = (now.astype(float) - was)[(truth == 1)]
    means = {sex: changes[sexes[truth == 1] == sex].mean() for sex in "FM"}
    assert found["subgroup:sex"]["value"] == pytest.approx(min(means.values()), abs=1e-9) or (
        found["subgroup:sex"]["value"] == pytest.approx(max(means.values()))  # the least sure, not the least
    )


def test_the_report_of_a_real_evaluation_is_that_of_its_stored_outputs(
    project: Project, admin: User, square_model: Path, misled_model: Path, run_jobs: Callable[[], int]
) -> None:
    family = make_family(project, admin)
    planted = plant_many(project, train=16, validation=4, test=30)
    snapshot = freeze(project, planted, test_located=False)
    live = install(family, square_model)
    version = install(family, misled_model)
    ModelFamily.objects.filter(pk=family.pk).update(live=live)
    evaluation_request(version=version, snapshot=snapshot, requested_by=admin)
    run_jobs()
    report = EvaluationReport.objects.get(version=version)
    for kept, which in ((report.report, "version"), (report.compared_report, "compared_with")):
        said, truth, cases = stored(report, which)
        figures = kept["labels"][LABEL]
        check_figures(figures, said, truth, cases, figures["threshold"])
    # The answers that need no model, from the stored images themselves.
    simple = {one["name"]: one for one in report.report["labels"][LABEL]["simple"]}
    means = {
        f"{one.instance.sop_instance_uid}/1": planted_pixels(one.number, bright=one.square is not None)[0].mean()
        for one in planted["test"]
    }
    assert {"positive", "negative", "prevalence", "brightness"} <= set(simple)
    _, truth, cases = stored(report, "version")
    by_brightness = roc_auc_score(truth, [means[case["case_id"]] for case in cases])
    assert simple["brightness"]["auc"]["value"] == pytest.approx(by_brightness, abs=0.05)  # as fine as 16 cases are
    assert [simple[name]["auc"]["value"] for name in ("positive", "negative", "prevalence")] == [0.5] * 3
    assert (simple["positive"]["sensitivity"]["value"], simple["positive"]["specificity"]["value"]) == (1.0, 0.0)
