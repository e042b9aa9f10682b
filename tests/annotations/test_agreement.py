"""Reader and model agree when what they drew agrees, counted pixel by pixel; the word alone is not enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from annotations.models import Finding, Workitem
from annotations.selectors import agreement_json
from annotations.services.reviews import review_record
from annotations.services.revisions import Proposal, finding_create, proposals_record
from tests.factories.api import Api
from tests.factories.reading import COLUMNS, ROWS, box, image_label, make_label, make_workitem, painted

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(project: Project, radiologist: User) -> Workitem:
    make_label(project)
    make_label(project, "other")
    return make_workitem(project, radiologist, spacing_mm=(0.5, 0.25))


def _proposed(case: Workitem, kind: str, content: dict[str, Any]) -> Finding:
    proposal = Proposal(kind, "nodule", content, 0.9, "chest", "1", f"k{case.pk.hex[:20]}", threshold=0.5)
    return proposals_record(workitem=case, proposals=[proposal], ai_score=0.9)[0]


def _handed_in(case: Workitem, reader: User) -> None:
    api = Api(reader)
    version = api("GET", f"workitems/{case.pk}")[1]["version"]
    status, answer = api("POST", f"workitems/{case.pk}/submit", {}, match=version)
    assert status == 200, answer


def _version(case: Workitem, user: User) -> int:
    return int(Api(user)("GET", f"workitems/{case.pk}")[1]["version"])


def _row(case: Workitem, user: User) -> dict[str, Any]:
    status, rows = Api(user)("GET", f"workitems/{case.pk}/agreement")
    assert status == 200, rows
    (row,) = rows
    return dict(row)


def _mask(x0: int, y0: int, x1: int, y1: int) -> Any:
    mask = np.zeros((ROWS, COLUMNS), bool)
    mask[y0:y1, x0:x1] = True
    return mask


@pytest.mark.parametrize(
    ("theirs", "verdict"),
    [
        ((5, 5, 15, 15), "agree"),
        ((6, 5, 16, 15), "agree"),
        ((12, 5, 30, 25), "drawn_differently"),
        ((30, 25, 40, 35), "drawn_apart"),
    ],
)
def test_two_drawings_are_compared_by_their_pixels_and_their_stored_sizes(
    theirs: tuple[int, int, int, int], verdict: str, case: Workitem, radiologist: User, reviewer: User
) -> None:
    finding = finding_create(workitem=case, author=radiologist, content=box(case, 4.5, 4.5, 14.5, 14.5))
    finding_create(workitem=case, author=radiologist, content=image_label())
    mask = _mask(*theirs)
    runs: list[int] = []
    for line in range(theirs[1], theirs[3]):
        runs += [line * COLUMNS + theirs[0], theirs[2] - theirs[0]]
    proposed = _proposed(case, "mask", painted(case, runs))
    _handed_in(case, radiologist)
    row = _row(case, reviewer)
    alike = verdict == "agree"
    assert row["waiting"] == [str(one.pk) for one in ([proposed] if alike else [finding, proposed])]
    assert row["disagrees"] is not alike
    own = _mask(5, 5, 15, 15)
    assert row["dice"] == pytest.approx(2 * (own & mask).sum() / (own.sum() + mask.sum()), abs=1e-4)
    assert row["verdict"] == verdict
    assert (row["reader"]["present"], row["model"]["present"]) == (True, True)
    # One pixel is 0.5 by 0.25 mm.
    assert row["model"]["extent"] == {"measure": "area", "value": pytest.approx(mask.sum() * 0.125), "unit": "mm2"}
    assert finding.head is not None
    area = next(value for name, value in finding.head.content["measures"].items() if name.startswith("area"))
    assert row["reader"]["extent"]["value"] == pytest.approx(area["value"])
    assert area["value"] == pytest.approx(100 * 0.125)


def test_a_box_and_a_word_say_the_same_but_only_one_shows_where(
    case: Workitem, radiologist: User, reviewer: User
) -> None:
    finding_create(workitem=case, author=radiologist, content=image_label())
    _proposed(case, "rectangle", box(case))
    _handed_in(case, radiologist)
    row = _row(case, reviewer)
    assert (row["verdict"], row["dice"]) == ("one_drew", None)


def test_absent_against_a_proposal_is_a_disagreement(case: Workitem, radiologist: User, reviewer: User) -> None:
    finding_create(workitem=case, author=radiologist, content=image_label(present=False))
    _proposed(case, "rectangle", box(case))
    _handed_in(case, radiologist)
    row = _row(case, reviewer)
    assert (row["reader"]["present"], row["model"]["present"], row["verdict"]) == (False, True, "disagree")


def _waiting(case: Workitem, user: User, says: dict[str, bool] | None = None) -> list[Any]:
    return [pk for row in agreement_json(user, case, says or {}) for pk in row["waiting"]]


def _judge(finding: Finding, reviewer: User, decision: str, reason: str = "") -> None:
    head = Finding.objects.get(pk=finding.pk).head
    assert head is not None
    review_record(finding=finding, reviewer=reviewer, decision=decision, reason=reason, if_match=head.digest)


def test_drawings_that_are_unlike_need_a_decision_each_until_only_one_of_them_stands(
    case: Workitem, radiologist: User, reviewer: User
) -> None:
    finding = finding_create(workitem=case, author=radiologist, content=box(case, 5, 5, 15, 15))
    proposed = _proposed(case, "rectangle", box(case, 25, 25, 35, 35))
    _handed_in(case, radiologist)
    status, refused = Api(reviewer)(
        "POST", f"workitems/{case.pk}/decide", {"event": "accept"}, match=_version(case, reviewer)
    )
    assert (status, refused["code"]) == (409, "findings_undecided")
    assert refused["detail"]["findings"] == [str(proposed.pk), str(finding.pk)]
    assert refused["message"].startswith("1 model finding waits for a decision and reader and model")
    _judge(proposed, reviewer, "accepted")
    assert _waiting(case, reviewer) == [finding.pk], "two places of one label are both looked at"
    _judge(proposed, reviewer, "rejected", "wrong_place")
    assert _waiting(case, reviewer) == []
    _judge(proposed, reviewer, "accepted")
    _judge(finding, reviewer, "accepted")
    status, signed = Api(reviewer)(
        "POST", f"workitems/{case.pk}/decide", {"event": "accept"}, match=_version(case, reviewer)
    )
    assert (status, signed["state"]) == (200, "accepted")


def test_what_the_reader_drew_and_the_model_looked_for_in_vain_needs_a_decision(
    case: Workitem, radiologist: User, reviewer: User
) -> None:
    finding = finding_create(workitem=case, author=radiologist, content=box(case))
    _handed_in(case, radiologist)
    assert _waiting(case, reviewer) == [], "no model looked"
    (row,) = agreement_json(reviewer, case, {"nodule": False})
    assert (row["words"], row["waiting"]) == ("The reader says present, the model says absent.", [finding.pk])
    _judge(finding, reviewer, "accepted")
    assert _waiting(case, reviewer, {"nodule": False}) == []


def test_a_reader_who_was_corrected_is_not_said_to_have_agreed(
    case: Workitem, radiologist: User, reviewer: User
) -> None:
    finding = finding_create(workitem=case, author=radiologist, content=image_label(present=True))
    _handed_in(case, radiologist)
    assert finding.head is not None
    review_record(
        finding=finding,
        reviewer=reviewer,
        decision="corrected",
        corrected_content=image_label(present=False),
        if_match=finding.head.digest,
    )
    (row,) = agreement_json(reviewer, case, {"nodule": False})
    assert row["words"] == "As corrected: reader and model agree."
    (row,) = agreement_json(reviewer, case, {"nodule": True})
    assert row["words"] == "As corrected: the reader says absent, the model says present."


def test_who_accepts_both_of_two_contrary_answers_is_told_what_to_do(
    case: Workitem, radiologist: User, reviewer: User
) -> None:
    said = finding_create(workitem=case, author=radiologist, content=image_label(present=False))
    proposed = _proposed(case, "image_label", image_label())
    _handed_in(case, radiologist)
    contrary = "The reader says absent, the model says present."
    assert _row(case, reviewer)["words"] == contrary
    _judge(proposed, reviewer, "accepted")
    _judge(said, reviewer, "accepted")
    row = _row(case, reviewer)
    assert row["words"] == f"{contrary} Both are accepted: correct or reject the one or the other."
    assert row["waiting"] == [str(said.pk)]


def test_what_the_model_alone_drew_is_a_disagreement_of_its_own(
    case: Workitem, radiologist: User, reviewer: User
) -> None:
    finding_create(workitem=case, author=radiologist, content=image_label("other"))
    proposed = _proposed(case, "rectangle", box(case))
    _handed_in(case, radiologist)
    (row,) = (one for one in agreement_json(reviewer, case, {"nodule": True}) if one["disagrees"])
    assert (row["verdict"], row["waiting"]) == ("model_alone", [proposed.pk])
    _judge(proposed, reviewer, "rejected", "not_present")
    assert _waiting(case, reviewer, {"nodule": True}) == []


@pytest.mark.parametrize("reason", ["not_present", "wrong_label"])
@pytest.mark.parametrize("drawn", [True, False])
def test_what_the_reader_says_is_not_signed_silently_where_the_models_equal_finding_was_denied(
    case: Workitem, radiologist: User, reviewer: User, drawn: bool, reason: str
) -> None:
    said = box(case) if drawn else image_label()
    finding = finding_create(workitem=case, author=radiologist, content=said)
    proposed = _proposed(case, "rectangle" if drawn else "image_label", said)
    _handed_in(case, radiologist)
    _judge(proposed, reviewer, "rejected", reason)
    assert _waiting(case, reviewer) == [finding.pk]
    _judge(finding, reviewer, "rejected", reason)
    assert _waiting(case, reviewer) == []


def test_it_is_not_called_agreement_where_a_reviewer_denied_one_of_two_equal_answers(
    case: Workitem, radiologist: User, reviewer: User
) -> None:
    finding = finding_create(workitem=case, author=radiologist, content=image_label())
    proposed = _proposed(case, "image_label", image_label())
    _handed_in(case, radiologist)
    assert _row(case, reviewer)["words"] == "Reader and model agree."
    _judge(finding, reviewer, "rejected", "not_present")
    _judge(proposed, reviewer, "accepted")
    assert _row(case, reviewer)["words"].endswith("together they teach nothing.")
    _judge(proposed, reviewer, "rejected", "not_present")
    assert _row(case, reviewer)["words"] == "Reader and model said the same."


def test_who_answers_absent_and_draws_it_all_the_same_is_not_signed_off_as_both(
    case: Workitem, radiologist: User, reviewer: User
) -> None:
    answer = finding_create(workitem=case, author=radiologist, content=image_label(present=False))
    drawn = finding_create(workitem=case, author=radiologist, content=box(case))
    _handed_in(case, radiologist)
    row = _row(case, reviewer)
    assert row["disagrees"]
    assert row["words"].startswith("People say both")
    assert {str(pk) for pk in row["waiting"]} == {str(answer.pk), str(drawn.pk)}
    status, refused = Api(reviewer)(
        "POST", f"workitems/{case.pk}/decide", {"event": "accept"}, match=_version(case, reviewer)
    )
    assert (status, refused["code"]) == (409, "findings_undecided")
    _judge(drawn, reviewer, "accepted")
    _judge(answer, reviewer, "accepted")
    assert set(_waiting(case, reviewer)) == {answer.pk, drawn.pk}, "of two opposite answers only one can be signed"
    _judge(answer, reviewer, "rejected", "not_present")
    assert _waiting(case, reviewer) == []


def test_nothing_is_compared_for_a_reader_who_must_not_know_yet(case: Workitem, radiologist: User) -> None:
    finding_create(workitem=case, author=radiologist, content=image_label())
    _proposed(case, "rectangle", box(case))
    assert Api(radiologist)("GET", f"workitems/{case.pk}/agreement") == (200, [])
