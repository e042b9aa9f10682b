"""By what a dataset is named, so that anybody can find out whether it is still what was frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.digest import digest_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.models import Project


def snapshot_digest(*, project: Project, question: str, label_keys: Sequence[str], manifest: str) -> str:
    """Return the digest by which a dataset is named: of the project, question, labels and the manifest's digest.

    What is asked was once called the recipe; under that name it stays in what is digested.
    """
    return digest_of(
        {"project": str(project.pk), "recipe": question, "label_keys": list(label_keys), "manifest": manifest}
    )
