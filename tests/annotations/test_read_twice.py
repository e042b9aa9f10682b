"""How far two readers of one case agree, compared with another way of counting it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from annotations.dataset.read_twice import agreement_of, kappa_of
from annotations.models import Finding, Reading, Revision, Workitem
from core.models import Project, User
from tests.annotations.test_snapshots import _read, _sign
from tests.factories.reading import image_label, make_label


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=60))
def test_kappa_is_that_of_others_and_its_interval_holds_it_and_has_a_width(pairs: list[tuple[bool, bool]]) -> None:
    found = kappa_of(pairs)
    assert found["pairs"] == found["both_present"] + found["both_absent"] + found["differ"] == len(pairs)
    if len({answer for pair in pairs for answer in pair}) < 2:
        assert found["kappa"] is None
        return
    assert found["kappa"] == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)), abs=1e-4)
    assert -1 <= found["low"] <= found["kappa"] + 1e-4
    assert found["kappa"] - 1e-4 <= found["high"] <= 1
    assert found["low"] < found["high"], "few pairs are never certain, also where all agree"


def test_more_pairs_make_a_narrower_interval() -> None:
    few = kappa_of([(True, True), (False, False), (True, False)] * 4)
    many = kappa_of([(True, True), (False, False), (True, False)] * 100)
    assert few["kappa"] == pytest.approx(many["kappa"])
    assert many["high"] - many["low"] < (few["high"] - few["low"]) / 3


def _second(workitem: Workitem, reader: User, *, present: bool, handed_in: bool = True) -> None:
    """Let another reader read a case too."""
    at = workitem.created_at
    reading = Reading.objects.create(
        workitem=workitem, reader=reader, reveal="after_own_answer", submitted_at=at if handed_in else None
    )
    finding = Finding.objects.create(workitem=workitem, reading=reading, kind="image_label", author=reader)
    content: dict[str, Any] = {**image_label(present=present), "geometry": None, "mask": None}
    finding.head = Revision.objects.create(finding=finding, number=1, author=reader, content=content, digest="5" * 64)
    finding.save()


@pytest.mark.django_db
def test_only_readings_that_were_handed_in_about_cases_of_the_dataset_are_compared(
    project: Project, radiologist: User, reviewer: User, make_user: Any
) -> None:
    make_label(project)
    other = make_user("ben", "radiologist", project)
    said = [(True, True), (True, False), (False, False), (False, False)]
    read = [_sign(_read(project, radiologist, image_label(present=first)), reviewer) for first, _ in said]
    for workitem, (_, second) in zip(read, said, strict=True):
        _second(workitem, other, present=second)
    alone = _sign(_read(project, radiologist, image_label()), reviewer)
    _second(alone, other, present=True, handed_in=False)
    outside = _sign(_read(project, radiologist, image_label()), reviewer)
    _second(outside, other, present=True)
    studies = {workitem.study.study_instance_uid for workitem in (*read, alone)}
    found = agreement_of(project, studies, ["nodule", "mass"])
    assert (found["nodule"]["pairs"], found["mass"]["pairs"], found["mass"]["kappa"]) == (4, 0, None)
    assert found["nodule"]["kappa"] == pytest.approx(cohen_kappa_score(*zip(*said, strict=True)), abs=1e-4)
