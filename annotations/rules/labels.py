"""Whether something was said with a label: from then on it never changes its meaning."""

from __future__ import annotations

from annotations.models import DatasetSnapshot, Label, Revision
from core.models import Project


def label_is_used(label: Label) -> bool:
    """Say whether a revision or a frozen dataset refers to the label."""
    return Revision.objects.filter(label=label).exists() or label.key in _frozen_keys(label.project)


def labels_used(project: Project) -> set[str]:
    """Return the keys of the project's labels that a revision or a frozen dataset refers to."""
    said = Label.objects.filter(pk__in=Revision.objects.filter(label__project=project).values("label"))
    return set(said.values_list("key", flat=True)) | _frozen_keys(project)


def _frozen_keys(project: Project) -> set[str]:
    rows = DatasetSnapshot.objects.filter(project=project).values_list("label_keys", flat=True)
    return {key for keys in rows for key in keys}
