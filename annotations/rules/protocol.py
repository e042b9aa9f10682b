"""How a project is read."""

from __future__ import annotations

from annotations.models import ReadingProtocol
from core.models import Project


def protocol_of(project: Project) -> ReadingProtocol:
    """Return the project's reading protocol; the default one (not saved) where none was set."""
    return ReadingProtocol.objects.filter(project=project).first() or ReadingProtocol(project=project)
