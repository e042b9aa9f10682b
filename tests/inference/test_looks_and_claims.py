"""Each look at the same test cases is counted; what a figure is said to be worth is what its report measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from annotations.selectors.snapshots import snapshot_cases
from core import blobs
from core.digest import digest_of
from core.models import AuditEvent
from inference.claims import claims_json
from inference.engine.case_result import CaseResult
from inference.engine.evaluate import evaluate
from inference.engine.gate import compare
from inference.looks import next_look
from inference.models import EvaluationReport, ModelFamily, ModelVersion
from inference.selectors import family_json, report_json
from inference.services.evaluation import evaluation_finish
from inference.services.training import training_estimate
from tests.inference.planted_archive import freeze, make_family, plant_many

if TYPE_CHECKING:
    from annotations.models import DatasetSnapshot
    from core.models import Project, User

pytestmark = pytest.mark.django_db
HALF = {"square": 0.5}


@pytest.fixture
def family(project: Project, admin: User) -> ModelFamily:
    return make_family(project, admin)


def cases(count: int, seed: int, sure: float = 1.0, first: int = 0) -> list[CaseResult]:
    """Answers whose stated probability is right; with ``sure`` above 1 it is too sure of itself."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(0, 1.5, size=count)
    truth = rng.random(count) < 1 / (1 + np.exp(-logit))
    said = 1 / (1 + np.exp(-sure * logit))
    return [
        CaseResult(f"c{first + k}", f"p{first + k}", {"square": float(said[k])}, {"square": float(truth[k])})
        for k in range(count)
    ]


def judged(family: ModelFamily, snapshot: DatasetSnapshot, answers: list[CaseResult]) -> EvaluationReport:
    number = family.versions.count() + 1
    version = ModelVersion.objects.create(
        family=family, number=number, weights_digest=str(number) * 64, card_digest="c" * 64
    )
    return evaluation_finish(
        version=version,
        snapshot=snapshot,
        compared_with=None,
        report=evaluate(answers, labels=["square"], thresholds=HALF, replicates=20),
        compared_report=None,
        gate=compare(None, answers, labels=["square"], challenger_thresholds=HALF),
        outputs={"version": [one.to_json() for one in answers], "compared_with": []},
    )


def test_each_look_at_the_same_test_cases_counts_whichever_dataset_held_them(
    project: Project, family: ModelFamily
) -> None:
    one, other = freeze(project, {}, name="one"), freeze(project, {}, name="other")
    reports = [judged(family, one, cases(60, 1)), judged(family, other, cases(60, 2)[::-1])]
    elsewhere = judged(family, one, cases(59, 3, first=60))
    shown = [report_json(report) for report in (*reports, elsewhere)]
    assert [row["look"] for row in shown] == [1, 2, 1]
    assert shown[0]["look_sentence"] == "First look at these test cases."
    assert shown[1]["look_sentence"].startswith("2nd look at these test cases.")
    assert "up to 5 %" in shown[1]["look_sentence"]  # 1 - 0.975²
    assert [version["look"] for version in family_json(family)["versions"]] == [1, 2, 1]
    assert [version["gate_verdict"] for version in family_json(family)["versions"]] == ["passed"] * 3


def test_a_test_split_that_grew_by_a_patient_was_looked_at_before(project: Project, family: ModelFamily) -> None:
    """Whoever adds one patient has not made a fresh test: it used to begin with the first look again."""
    snapshot = freeze(project, {})
    first = judged(family, snapshot, cases(40, 1))
    grown = judged(family, snapshot, cases(41, 2))
    again = judged(family, snapshot, cases(41, 3))
    other = judged(family, snapshot, cases(10, 4, first=36))
    fresh = judged(family, snapshot, cases(40, 5, first=100))
    shown = [report_json(report) for report in (first, grown, again, other, fresh)]
    assert [row["look"] for row in shown] == [1, 2, 3, 4, 1]
    sentences = [row["look_sentence"].partition(".")[0] for row in shown]
    assert sentences[1] == (
        "2nd look at these test cases (1 earlier report looked at a part of them: 40 of 41)"
    )  # fmt: skip
    assert sentences[2] == (
        "3rd look at these test cases (1 earlier report looked at all of them, 1 at a part: 40 of 41)"
    )  # fmt: skip
    assert sentences[3] == (
        "4th look at these test cases (3 earlier reports looked at a part of them: 5 of 10 at most)"
    )  # fmt: skip
    assert sentences[4] == "First look at these test cases"
    assert "up to 10 %" in shown[3]["look_sentence"]  # 1 - 0.975⁴
    looks = AuditEvent.objects.filter(event_type="evaluation.finished").order_by("pk").values_list("detail", flat=True)
    assert [detail["looks"] for detail in looks] == [1, 2, 3, 4, 1]


def test_reports_of_before_are_counted_by_their_outputs(project: Project, family: ModelFamily) -> None:
    snapshot = freeze(project, {})
    before = judged(family, snapshot, cases(40, 1))
    names = sorted(f"c{k}" for k in range(40))
    assert before.test_digest == digest_of(names), "the same name as it had before the cases were kept by it"
    blobs.local_path(before.test_digest).unlink()
    assert report_json(judged(family, snapshot, cases(50, 2)))["look"] == 2


def test_a_training_is_told_which_look_its_report_will_be(project: Project, family: ModelFamily, admin: User) -> None:
    snapshot = freeze(project, plant_many(project, train=4, validation=4, test=4))
    told = training_estimate(family=family, snapshot=snapshot, chosen={})
    assert told["look_sentence"] == "First look at these test cases."
    held = [case for case in snapshot_cases(snapshot) if case.split == "test"]
    names = [f"{case.sop_instance_uid}/{case.frame_number}" for case in held]
    answers = [
        CaseResult(name, name, {"square": 0.1 + 0.8 * (k % 2)}, {"square": k % 2}) for k, name in enumerate(names)
    ]
    judged(family, snapshot, answers[1:])
    told = training_estimate(family=family, snapshot=snapshot, chosen={})
    part = f"(1 earlier report looked at a part of them: {len(names) - 1} of {len(names)})"
    assert told["look_sentence"].startswith(f"2nd look at these test cases {part}.")


def test_models_of_volumes_and_of_single_images_count_each_others_looks(
    project: Project, family: ModelFamily, admin: User
) -> None:
    """The images behind a case are what was looked at, whether it was judged alone or with its series."""
    snapshot = freeze(project, plant_many(project, train=4, validation=4, test=4))
    held = [case for case in snapshot_cases(snapshot) if case.split == "test"]
    images = [f"{case.sop_instance_uid}/{case.frame_number}" for case in held]
    series = list(dict.fromkeys(case.series_instance_uid for case in held))

    def answered(names: list[str]) -> EvaluationReport:
        said = [CaseResult(n, n, {"square": 0.1 + 0.8 * (k % 2)}, {"square": k % 2}) for k, n in enumerate(names)]
        return judged(family, snapshot, said)

    volumes = answered(series)
    one_by_one = answered(images[1:])
    again = answered(series)
    rows = [report_json(report) for report in (volumes, one_by_one, again)]
    assert [row["look"] for row in rows] == [1, 2, 3]
    assert rows[1]["look_sentence"].startswith("2nd look at these test cases. ")
    share = f"{len(series) - 1} of {len(series)}"
    assert f"(1 earlier report looked at all of them, 1 at a part: {share})" in rows[2]["look_sentence"]
    for dimensions, cases_named in ((2, images), (3, series)):
        told = next_look(snapshot, dimensions=dimensions)
        assert (told.number, told.cases) == (4, len(cases_named))


def test_a_claim_is_the_count_of_test_answers_like_it(project: Project, family: ModelFamily) -> None:
    answers = cases(500, 4)
    claims = claims_json(judged(family, freeze(project, {}), answers).version)["labels"]["square"]
    assert len(claims) == 10
    for number, claim in enumerate(claims):
        inside = [one for one in answers if number / 10 <= one.probabilities["square"] < (number + 1) / 10]
        right = sum(one.truth["square"] == 1 for one in inside)
        assert (claim["n"], claim["shown"]) == (len(inside), right)
        assert claim["sentence"].startswith(
            f"Of {len(inside)} test answers between {number * 10} and {number * 10 + 10} %, {right} showed it."
        )
    assert sum(claim["stands"] == "disproved" for claim in claims) <= 1  # one bin in twenty by chance


def test_a_figure_that_the_report_disproves_is_called_no_probability(project: Project, family: ModelFamily) -> None:
    claims = claims_json(judged(family, freeze(project, {}), cases(800, 5, sure=5.0)).version)["labels"]["square"]
    assert claims[9]["stands"] == "disproved"
    assert "too high here: take it as a score" in claims[9]["sentence"]
    assert claims[0]["stands"] == "disproved"
    assert "too low here" in claims[0]["sentence"]


def test_what_was_not_measured_is_said_to_be_so(project: Project, family: ModelFamily) -> None:
    answers = [CaseResult(f"c{k}", f"p{k}", {"square": 0.05 + 0.9 * (k % 2)}, {"square": k % 2}) for k in range(40)]
    report = judged(family, freeze(project, {}), answers)
    claims: list[dict[str, Any]] = claims_json(report.version)["labels"]["square"]
    assert claims[5]["stands"] == "unmeasured"
    assert "was not measured" in claims[5]["sentence"]
    unjudged = ModelVersion.objects.create(family=family, number=9, weights_digest="9" * 64, card_digest="c" * 64)
    assert (claims_json(unjudged)["labels"], claims_json(unjudged)["report_id"]) == ({}, None)
