"""Who may do what, in which project. Every other room's ``access`` module stands on this one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import QuerySet

from core.errors import Forbidden, NotFound
from core.models import Job, Membership, Project, User
from core.roles import PROJECT_PERMISSIONS, SITE_PERMISSIONS, Role, role_may

if TYPE_CHECKING:
    from collections.abc import Iterable


def _is_site_admin(user: User) -> bool:
    return user.is_active and user.role == Role.ADMIN


def role_in(user: User, project: Project) -> str | None:
    """Return the user's role in the project, or None for a stranger; installation admins are admins everywhere."""
    if not user.is_active:
        return None
    if _is_site_admin(user):
        return Role.ADMIN.value
    membership = Membership.objects.filter(project=project, user=user).first()
    return membership.role if membership else None


def may(user: User, permission: str, project: Project) -> bool:
    """Say whether the user has a project permission in this project."""
    role = role_in(user, project)
    return role is not None and role_may(role, permission)


def permissions_in(user: User, project: Project) -> list[str]:
    """Return the project permissions the user has in this project, sorted."""
    role = role_in(user, project)
    return sorted(name for name, roles in PROJECT_PERMISSIONS.items() if role in roles)


def site_permissions(user: User) -> list[str]:
    """Return the installation-wide permissions of the user, sorted."""
    return sorted(name for name, roles in SITE_PERMISSIONS.items() if user.is_active and user.role in roles)


def projects_of(user: User, permission: str = "project.read") -> QuerySet[Project]:
    """Return the projects in which the user has ``permission``."""
    projects = Project.objects.filter(archived_at__isnull=True)
    if _is_site_admin(user):
        return projects
    if not user.is_active:
        return projects.none()
    roles = [str(role) for role in PROJECT_PERMISSIONS[permission]]
    return projects.filter(memberships__user=user, memberships__role__in=roles).distinct()


def require(user: User, permission: str, project: Project, *, not_found: NotFound | None = None) -> None:
    """Raise NotFound for a stranger to the project, Forbidden for a member without the permission."""
    role = role_in(user, project)
    if role is None:
        raise not_found or NotFound("project_not_found", "There is no such project, or you are not a member of it.")
    if not role_may(role, permission):
        raise Forbidden(
            "not_permitted",
            "Your role in this project does not allow this. Ask an admin of the project.",
            permission=permission,
        )


def project_for(user: User, permission: str, *, slug: str | None = None, id: UUID | str = "") -> Project:
    """Return one project by slug or id for a user with ``permission``; raises NotFound, Forbidden."""
    query = Project.objects.filter(slug=slug) if slug is not None else Project.objects.filter(pk=id)
    project = query.first()
    if project is None:
        raise NotFound("project_not_found", "There is no such project, or you are not a member of it.")
    require(user, permission, project)
    return project


def require_site(user: User, permission: str) -> None:
    """Raise Forbidden unless the user has an installation-wide permission."""
    if not (user.is_active and role_may(user.role, permission)):
        raise Forbidden("not_permitted", "This needs an admin. Ask one to do it.", permission=permission)


def user_for(user: User, *, id: UUID | str) -> User:
    """Return another user for an admin; raises Forbidden, NotFound."""
    require_site(user, "user.change")
    found = User.objects.filter(pk=id).first()
    if found is None:
        raise NotFound("user_not_found", "There is no such user.")
    return found


def job_for(user: User, *, id: UUID | str) -> Job:
    """Return a job for an admin; raises Forbidden, NotFound."""
    require_site(user, "job.read")
    found = Job.objects.filter(pk=id).first()
    if found is None:
        raise NotFound("job_not_found", "There is no such job.")
    return found


def members(project: Project, roles: Iterable[Role]) -> QuerySet[User]:
    """Return the active users who have one of ``roles`` in the project."""
    return User.objects.filter(
        is_active=True, memberships__project=project, memberships__role__in=[str(role) for role in roles]
    ).distinct()
