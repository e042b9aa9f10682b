"""Fixtures of the tests about what is said, and what it teaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from annotations.models import ReadingProtocol
from tests.factories.reading import make_label

if TYPE_CHECKING:
    from core.models import Project


@pytest.fixture
def nodule_and_mass(project: Project, settings: Any) -> None:
    """A project with two labels, of which no answer is required."""
    settings.OVERREAD_SPLIT_KEY = "split-key-of-the-tests"
    make_label(project)
    make_label(project, "mass")
    ReadingProtocol.objects.create(project=project, required_labels=[])
