"""How far a new installation has come: what stands between an empty system and a first reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from annotations.models import Label, Workitem
from core.models import User
from imaging.models import ProjectStudy

if TYPE_CHECKING:
    from collections.abc import Iterator

#: States in which somebody has finished a reading of the case.
_READ = (
    Workitem.State.SUBMITTED,
    Workitem.State.ACCEPTED,
    Workitem.State.CORRECTED,
    Workitem.State.REJECTED,
)


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One step, in the order in which they are best done, and whether it is done."""

    key: str
    done: bool


def first_steps(user: User) -> list[FirstStep]:
    """Return the steps: ``people``, ``labels``, ``images``, ``reading``; ``user`` is who asks."""
    return list(_steps(user))


def _steps(user: User) -> Iterator[FirstStep]:
    yield FirstStep("people", User.objects.filter(is_active=True).exclude(pk=user.pk).exists())
    yield FirstStep("labels", Label.objects.filter(retired_at=None, project__archived_at=None).exists())
    yield FirstStep("images", ProjectStudy.objects.exists())
    yield FirstStep("reading", Workitem.objects.filter(state__in=_READ).exists())
