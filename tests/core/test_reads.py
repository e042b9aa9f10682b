"""What is read in one moment is of one moment, whatever others write meanwhile; on SQLite and PostgreSQL alike."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.db import DatabaseError, connections, transaction

from core.models import Project
from core.reads import one_moment
from tests.patience import SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db(transaction=True)


def _elsewhere(act: Callable[[], object]) -> None:
    """Do something in another connection and wait until it is committed."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:
            failed.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(timeout=SECONDS)
    assert not thread.is_alive(), "who only reads holds no writer up"
    assert failed == []


def _make(slug: str) -> None:
    Project.objects.create(slug=slug, title=slug)


def test_what_others_commit_meanwhile_is_not_seen_before_the_end() -> None:
    _make("before")
    with one_moment():
        assert Project.objects.count() == 1
        _elsewhere(lambda: _make("meanwhile"))
        assert Project.objects.count() == 1
    assert Project.objects.count() == 2
    _elsewhere(lambda: _make("after"))
    assert Project.objects.count() == 3


def test_inside_a_transaction_nothing_is_begun_and_writing_goes_on() -> None:
    with transaction.atomic():
        _make("one")
        with one_moment():
            assert Project.objects.count() == 1
        _make("two")
    assert Project.objects.count() == 2


def _fail_reading() -> None:
    Project.objects.count()
    raise ZeroDivisionError


def test_the_next_transaction_is_as_always_even_after_a_failure() -> None:
    with pytest.raises(ZeroDivisionError), one_moment():
        _fail_reading()
    with transaction.atomic():
        _make("written")
    assert Project.objects.count() == 1


def test_postgresql_refuses_to_write_in_it(request: pytest.FixtureRequest) -> None:
    if connections["default"].vendor != "postgresql":
        pytest.skip("SQLite has no transactions that only read")
    with pytest.raises(DatabaseError), one_moment():
        _make("never")
    assert Project.objects.count() == 0
