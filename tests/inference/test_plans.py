"""The change plan: declared by a named person with a reason, before a training that keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import DatabaseError, transaction

from core.errors import Conflict, Invalid
from core.models import AuditEvent, Project, User
from inference.engine.errors import ConfigError
from inference.engine.gate_plan import DECLARED_NOW, plan_entries
from inference.family_facts import limits_of, plan_in_force, plan_of
from inference.models import DeclaredPlan, ModelFamily, ModelVersion, TrainingRun
from inference.services.families import plan_declare
from inference.services.training import training_request
from tests.inference.planted_archive import CONFIG, freeze, make_family, plant_many

if TYPE_CHECKING:
    from annotations.models import DatasetSnapshot

pytestmark = pytest.mark.django_db
SENSITIVE = {"kind": "sensitivity", "value": 0.95}


@pytest.fixture
def family(project: Project, admin: User) -> ModelFamily:
    return make_family(project, admin, change_plan={"margin": 0.04, "benefit": "more_labels"})


@pytest.fixture
def snapshot(project: Project) -> DatasetSnapshot:
    return freeze(project, plant_many(project, train=4, validation=4, test=6))


def ask(family: ModelFamily, snapshot: DatasetSnapshot, admin: User) -> TrainingRun:
    return training_request(family=family, snapshot=snapshot, chosen=CONFIG, reason="more cases", requested_by=admin)


def test_a_plan_is_declared_by_a_named_person_with_a_reason_and_the_ones_before_stay(
    family: ModelFamily, admin: User
) -> None:
    first = plan_in_force(family)
    assert (first.number, first.limits, first.declared_by) == (1, {"margin": 0.04, **DECLARED_NOW}, admin)
    with pytest.raises(Invalid, match="why"):
        plan_declare(family=family, limits={"margin": 0.03}, operating_point={}, reason="  ", by=admin)
    second = plan_declare(
        family=family, limits={"margin": 0.03}, operating_point=SENSITIVE, reason="nothing may be missed", by=admin
    )
    assert plan_in_force(family) == second
    assert (second.number, limits_of(second).margin, limits_of(second).smallest) == (2, 0.03, 10)
    event = AuditEvent.objects.get(event_type="plan.declared")
    assert event.actor_id == str(admin.pk)
    assert event.detail["before"]["limits"] == {"margin": 0.04, **DECLARED_NOW}
    assert event.detail["operating_point"] == SENSITIVE
    assert event.detail["reason"] == "nothing may be missed"
    assert [plan.number for plan in family.plans.all()] == [2, 1]


def test_a_plan_of_before_is_told_where_a_version_looks_and_a_new_one_asks(family: ModelFamily, admin: User) -> None:
    before = DeclaredPlan.objects.create(
        family=family, number=7, limits={"margin": 0.04}, declared_by=admin, reason="-"
    )
    asked = ("grounding", "outside", "shortcut")
    assert [getattr(limits_of(before), one) for one in asked] == ["told"] * 3
    now = plan_declare(family=family, limits={"outside": "told"}, operating_point={}, reason="it is known", by=admin)
    assert [getattr(limits_of(now), one) for one in asked] == ["where_marked", "told", "guard"]
    defaults = {entry["name"]: entry["default"] for entry in plan_entries()}
    assert [defaults[one] for one in asked] == ["where_marked", "guard", "guard"]


def test_what_changes_nothing_or_means_nothing_is_refused(family: ModelFamily, admin: User) -> None:
    for limits, point in (({"margin": 3}, {}), ({"luck": 1}, {}), ({}, {"kind": "sensitivity"})):
        with pytest.raises(ConfigError):
            plan_declare(family=family, limits=limits, operating_point=point, reason="why not", by=admin)
    same = {"margin": 0.04, "smallest": 10}
    with pytest.raises(Conflict, match="in force"):
        plan_declare(family=family, limits=same, operating_point={"kind": "balanced"}, reason="again", by=admin)
    assert DeclaredPlan.objects.count() == 1


def test_a_training_keeps_the_plan_that_it_was_asked_for_under(
    family: ModelFamily, snapshot: DatasetSnapshot, admin: User
) -> None:
    run = ask(family, snapshot, admin)
    looser = plan_declare(family=family, limits={"margin": 0.5}, operating_point={}, reason="let it pass", by=admin)
    run.refresh_from_db()
    assert run.plan.number == 1
    version = ModelVersion.objects.create(
        family=family, number=1, training_run=run, weights_digest="w" * 64, card_digest="c" * 64
    )
    assert limits_of(plan_of(version)).margin == 0.04
    other = ask(family, snapshot, admin)
    assert (other.pk != run.pk, other.plan) == (True, looser)


def test_an_imported_version_is_judged_by_the_plan_of_its_day(family: ModelFamily, admin: User) -> None:
    version = ModelVersion.objects.create(family=family, number=1, weights_digest="w" * 64, card_digest="c" * 64)
    plan_declare(family=family, limits={"margin": 0.5}, operating_point={}, reason="let it pass", by=admin)
    assert limits_of(plan_of(version)).margin == 0.04


def test_a_declared_plan_is_never_changed(family: ModelFamily) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        DeclaredPlan.objects.filter(family=family).update(limits={"margin": 0.9})


def test_nothing_is_trained_by_a_plan_that_nobody_declared(project: Project, admin: User) -> None:
    family = make_family(project, admin)
    family.plans.all().delete()
    DeclaredPlan.objects.create(family=family, number=1, limits={}, reason="As it was before plans were declared.")
    snapshot = freeze(project, {})
    with pytest.raises(Conflict) as refusal:
        training_request(family=family, snapshot=snapshot, chosen={}, reason="go", requested_by=admin)
    assert refusal.value.code == "plan_not_declared"
    plan_declare(family=family, limits={}, operating_point={}, reason="As it is.", by=admin)
    assert plan_in_force(family).declared_by == admin, "the same limits, with somebody who answers for them"
