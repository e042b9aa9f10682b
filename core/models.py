"""Users, projects, audit, jobs and live events: what every room above stands on. No medicine in here."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone
from knox.models import AbstractAuthToken

from core.roles import Role


class Identified(models.Model):
    """Base of rows that leave the house by id: a random UUID, and the instant the row was made."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True


class User(AbstractUser):  # type: ignore[django-manager-missing]  # knox's reverse relation has no typed manager
    """A person or service. ``role`` is what they may be everywhere; memberships narrow it to projects."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    display_name = models.CharField(max_length=120, blank=True)
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.RADIOLOGIST)
    preferences = models.JSONField(default=dict, blank=True)
    must_change_password = models.BooleanField(default=False, help_text="Somebody else chose the password.")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_known")
        ]

    def __str__(self) -> str:
        return self.display_name or self.username


class ApiToken(AbstractAuthToken):  # type: ignore[misc]  # knox carries no types
    """A token for programs; only its hash is stored."""

    name = models.CharField(max_length=80)


class Project(Identified):
    """The unit of access: who belongs to a project sees its studies, findings and models."""

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    is_inbox = models.BooleanField(default=False, help_text="Receives studies that name no project.")
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["title"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["is_inbox"], condition=models.Q(is_inbox=True), name="project_one_inbox")
        ]

    def __str__(self) -> str:
        return self.title


class Membership(Identified):
    """What one user is in one project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "user"], name="membership_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]


class AuditChain(models.Model):
    """The head of one hash chain; its row lock orders the events of the chain."""

    name = models.CharField(max_length=40, primary_key=True)
    sequence = models.BigIntegerField(default=0)
    head = models.CharField(max_length=64, default="0" * 64)


class AuditEvent(models.Model):
    """One thing somebody did. Written once, chained by hash, never changed (see ``core.audit``)."""

    id = models.BigAutoField(primary_key=True)
    chain = models.CharField(max_length=40)
    sequence = models.BigIntegerField()
    occurred_at = models.DateTimeField()
    event_type = models.CharField(max_length=60)
    action = models.CharField(max_length=1)
    outcome = models.CharField(max_length=40)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_role = models.CharField(max_length=20, blank=True)
    source = models.CharField(max_length=64, blank=True)
    object_kind = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=128, blank=True)
    project_id = models.CharField(max_length=64, blank=True)
    detail = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["chain", "sequence"], name="audit_sequence_once"),
            models.CheckConstraint(condition=models.Q(action__in=["C", "R", "U", "D", "E"]), name="audit_action"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["object_kind", "object_id"]),
            models.Index(fields=["actor_id", "occurred_at"]),
            models.Index(fields=["occurred_at"]),
        ]


class Job(Identified):
    """A piece of long work. The row is the truth; a broker message only wakes a worker (see ``core.jobs``)."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"

    kind = models.CharField(max_length=60)
    queue = models.CharField(max_length=20, default="cpu")
    arguments = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, help_text="Same kind and arguments give the same digest.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)
    attempts_allowed = models.PositiveSmallIntegerField(default=3)
    not_before = models.DateTimeField(default=timezone.now)
    woken_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=120, blank=True)
    cancel_requested = models.BooleanField(default=False)
    progress = models.JSONField(default=dict)
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    followed_at = models.DateTimeField(null=True, blank=True, help_text="When the story's next chapter was done.")
    follow_tries = models.PositiveSmallIntegerField(default=0)
    requested_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "digest"],
                condition=models.Q(state__in=["queued", "running"]),
                name="job_active_once",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "lease_until"]),
            models.Index(fields=["kind", "state"]),
            models.Index(fields=["kind", "digest"]),
            models.Index(
                fields=["finished_at"],
                condition=models.Q(followed_at__isnull=True, finished_at__isnull=False),
                name="job_not_followed",
            ),
        ]

    def names(self, argument: str) -> str:
        """Return the id that an argument names; where the row has no such argument, the id that no row has."""
        return str(self.arguments.get(argument) or uuid.UUID(int=0))


class Event(models.Model):
    """A live event: what changed (kind, id, version), never the data. Clients replay from their last id."""

    id = models.BigAutoField(primary_key=True)
    occurred_at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=60)
    object_id = models.CharField(max_length=64)
    version = models.CharField(max_length=64, blank=True)
    project = models.ForeignKey(Project, null=True, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    detail = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["id"]
