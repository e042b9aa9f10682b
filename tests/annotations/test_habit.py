"""Who accepts nearly everything is noticed, told, and weighs less; who looks is not."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from annotations.dataset.habit import reviewing_of
from annotations.dataset.rows import snapshot_rows
from annotations.models import Finding, Review, Revision
from tests.factories.api import Api
from tests.factories.reading import image_label
from tests.factories.scenes import NOTHING, Scene, Taught, taught_by

if TYPE_CHECKING:
    from collections.abc import Iterable

    from annotations.dataset.habit import Reviewing
    from core.models import Project, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nodule_and_mass")]
MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def pile(project: Project, radiologist: User, reviewer: User) -> Scene:
    """A handed-in case with sixty proposals of a model, of which sixteen are about what the reader denied blind."""
    scene = Scene.begun(project, radiologist, reviewer)
    scene.answers(present=False)
    label = {key: project.labels.get(key=key) for key in ("nodule", "mass")}
    for number in range(60):
        key = "nodule" if number < 16 else "mass"
        finding = Finding.objects.create(
            workitem=scene.workitem, kind="image_label", algorithm_type="AUTOMATIC", algorithm_version="1",
            algorithm_name="chest", proposal_key=f"pile {number}",
        )  # fmt: skip
        head = Revision.objects.create(
            finding=finding, number=1, label=label[key], digest=f"{number:064d}", cause="proposal",
            content={**image_label(key), "geometry": None, "name": "", "text": "", "mask": None},
        )  # fmt: skip
        Finding.objects.filter(pk=finding.pk).update(head=head)
    return scene.submits()


def _decide(scene: Scene, decisions: Iterable[str], *, seconds: float = 20.0) -> Reviewing:
    """Store the reviewer's decisions about the pile, one every ``seconds``, the denied ones first."""
    rows = Finding.objects.filter(workitem=scene.workitem, algorithm_type="AUTOMATIC").order_by("created_at", "id")
    for number, (finding, decision) in enumerate(zip(rows, decisions, strict=False)):
        Review.objects.create(
            finding=finding, revision=finding.head, reviewer=scene.reviewer, decision=decision,
            reason="not_present" if decision == "rejected" else "",
            created_at=MORNING + timedelta(seconds=number * seconds),
        )  # fmt: skip
    (one,) = reviewing_of(scene.now.project)
    return one


def test_accepting_everything_is_a_habit_and_weighs_less(pile: Scene, project: Project, reviewer: User) -> None:
    one = _decide(pile, ["accepted"] * 60)
    assert (one.decisions, one.share, one.seconds, one.checks, one.checks_accepted) == (60, 1.0, 20.0, 16, 16)
    assert one.reasons == [
        "Accepted 60 of 60 model findings.",
        "Accepted 16 of 16 findings that say the contrary of a blind reading.",
    ]
    nodded = {split: Scene.begun(project, pile.reader, reviewer, split=split) for split in ("train", "test")}
    for other in nodded.values():
        proposed = other.proposes(image_label())
        other.submits()
        other.judges(proposed, "accepted")
        other.signs()
    assert taught_by(nodded["train"]) == Taught(1, "ai_accepted_by_habit", 0.2, 1)
    assert taught_by(nodded["test"]) == NOTHING
    built = snapshot_rows(project=project, question="classification", label_keys=["nodule"])
    assert built.unsettled["test_by_habit"] == {"nodule": 1}


def test_fewer_than_fifty_decisions_prove_nothing(pile: Scene) -> None:
    one = _decide(pile, ["accepted"] * 49)
    assert not one.by_habit
    assert one.words == "Not enough to say: 49 of 50 decisions about model findings."


def test_one_who_accepts_a_good_models_findings_but_not_those_that_a_blind_reading_denies_is_no_habit(
    pile: Scene,
) -> None:
    denied_first = ["rejected"] * 10 + ["accepted"] * 50
    one = _decide(pile, denied_first)
    assert (one.checks, one.checks_accepted, one.by_habit) == (16, 6, False)
    assert one.words.startswith("Decides case by case")


def test_one_who_is_too_fast_to_have_looked_is_noticed(pile: Scene) -> None:
    decisions = ["rejected"] * 4 + ["accepted"] * 56
    one = _decide(pile, decisions, seconds=1.5)
    assert one.reasons == ["Half of the decisions took no longer than 1.5 s."]


def test_a_pause_is_no_decision_and_the_same_pace_at_ease_is_no_habit(pile: Scene) -> None:
    one = _decide(pile, ["rejected"] * 8 + ["accepted"] * 52, seconds=25)
    assert (one.seconds, one.by_habit) == (25.0, False)
    Review.objects.all().delete()
    assert _decide(pile, ["accepted"] * 52, seconds=3600).seconds is None


def test_who_changes_their_mind_has_decided_once_and_by_the_last_word(pile: Scene) -> None:
    _decide(pile, ["accepted"] * 60)
    first = Finding.objects.filter(workitem=pile.workitem, algorithm_type="AUTOMATIC").order_by("created_at", "id")[0]
    for decision, reason, at in (("rejected", "not_present", 0.4), ("accepted", "", 0.8), ("rejected", "other", 1.2)):
        Review.objects.create(
            finding=first, revision=first.head, reviewer=pile.reviewer, decision=decision, reason=reason,
            created_at=MORNING + timedelta(seconds=at),
        )  # fmt: skip
    (one,) = reviewing_of(pile.now.project)
    assert (one.decisions, one.accepted, one.checks, one.checks_accepted, one.seconds) == (60, 59, 16, 15, 20.0)


def test_who_corrects_a_model_and_accepts_their_own_correction_has_not_nodded(pile: Scene) -> None:
    _decide(pile, ["rejected"] * 16)
    proposal = Finding.objects.filter(workitem=pile.workitem, algorithm_type="AUTOMATIC").order_by("created_at", "id")
    finding = proposal[20]
    pile.judges(finding, "corrected", corrected_content=image_label("mass", present=False))
    corrected = Finding.objects.select_related("head").get(pk=finding.pk).head
    assert corrected is not None
    assert corrected.author == pile.reviewer
    pile.judges(finding, "accepted")
    (one,) = reviewing_of(pile.now.project)
    assert (one.decisions, one.accepted, one.checks, one.checks_accepted) == (17, 0, 16, 0)


def test_every_figure_is_what_the_stored_rows_come_to(pile: Scene, project: Project, reviewer: User) -> None:
    """Counted again by hand, in another way, from many mixed decisions."""
    lots = random.Random(5)
    findings = list(Finding.objects.filter(workitem=pile.workitem, algorithm_type="AUTOMATIC").select_related("head"))
    clock, first_at, final = 0.0, {}, {}
    for finding in findings + lots.sample(findings, 20):
        clock += lots.choice([1.0, 2.0, 4.0, 900.0])
        decision = lots.choice(["accepted", "accepted", "accepted", "rejected"])
        Review.objects.create(
            finding=finding, revision=finding.head, reviewer=reviewer, decision=decision,
            reason="other" if decision == "rejected" else "", created_at=MORNING + timedelta(seconds=clock),
        )  # fmt: skip
        first_at.setdefault(finding.pk, clock)
        final[finding.pk] = decision
    times = sorted(first_at.values())
    gaps = sorted(b - a for a, b in pairwise(times) if b - a <= 600)
    middle = (gaps[(len(gaps) - 1) // 2] + gaps[len(gaps) // 2]) / 2
    denied = [finding.pk for finding in findings if finding.head and finding.head.label.key == "nodule"]
    _, (row,) = Api(reviewer)("GET", f"projects/{project.slug}/reviewers")
    assert (row["decisions"], row["accepted"]) == (60, sum(one == "accepted" for one in final.values()))
    assert row["share_accepted"] == round(row["accepted"] / 60, 4)
    assert (row["checks"], row["checks_accepted"]) == (16, sum(final[pk] == "accepted" for pk in denied))
    assert row["seconds"] == middle


def test_the_lead_sees_every_reviewer_and_a_reviewer_themselves(
    pile: Scene, project: Project, reviewer: User, admin: User, make_user: Any
) -> None:
    _decide(pile, ["accepted"] * 60)
    petra = make_user("petra", "reviewer", project)
    for person, names in ((admin, ["Rev"]), (reviewer, ["Rev"]), (petra, [])):
        status, rows = Api(person)("GET", f"projects/{project.slug}/reviewers")
        assert (status, [row["reviewer"]["display_name"] for row in rows]) == (200, names)
    _, (row,) = Api(reviewer)("GET", f"projects/{project.slug}/reviewers")
    assert (row["by_habit"], row["checks_accepted"], row["share_accepted"]) == (True, 16, 1.0)
    assert "weighs 0.2 instead of 0.5" in row["words"]
