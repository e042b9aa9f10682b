"""What follows for the cases in hand when a person leaves, or may do something else: they are free again, at once."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from annotations.models import Reading, Workitem
from annotations.services.readings import readings_free, readings_in_hand
from core.access import permissions_in
from core.models import Project, User
from core.users import membership_end, membership_set, user_change


def _permissions(person: User, held: list[Reading]) -> dict[Project, list[str]]:
    return {project: permissions_in(person, project) for project in {one.workitem.project for one in held}}


def _freed(person: User, by: User, before: dict[Project, list[str]]) -> list[Workitem]:
    changed = [project for project, had in before.items() if permissions_in(person, project) != had]
    return readings_free(reader=person, by=by, projects=changed) if changed else []


def person_change(*, person: User, by: User, **fields: Any) -> tuple[User, list[Workitem]]:
    """Change a person, and free what they had in hand where they may do something else now.

    Returns:
        The person, and the cases that are open again.
    """
    with transaction.atomic():
        before = _permissions(person, readings_in_hand(person))
        person = user_change(user=person, by=by, **fields)
        return person, _freed(person, by, before)


def member_set(*, project: Project, person: User, by: User, role: str) -> list[Workitem]:
    """Give a person a role in a project, and free what they had in hand there where it is another one."""
    with transaction.atomic():
        before = _permissions(person, readings_in_hand(person, projects=[project]))
        membership_set(project=project, user=person, role=role, by=by)
        return _freed(person, by, before)


def member_end(*, project: Project, person: User, by: User) -> list[Workitem]:
    """Take a person out of a project, and free what they had in hand there."""
    with transaction.atomic():
        before = _permissions(person, readings_in_hand(person, projects=[project]))
        membership_end(project=project, user=person, by=by)
        return _freed(person, by, before)
