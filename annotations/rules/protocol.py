"""How a project is read: its protocol, and which answers a reading must give."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from annotations.models import Finding, Label, Reading, ReadingProtocol
from core.models import Project


def protocol_of(project: Project) -> ReadingProtocol:
    """Return the project's reading protocol; the default one (not saved) where none was set."""
    return ReadingProtocol.objects.filter(project=project).first() or ReadingProtocol(project=project)


@dataclass(frozen=True, slots=True)
class Answers:
    """Which labels a reading must answer, and which it has answered, by key in the labels' order.

    A label is answered by an image label (present or absent), or by something drawn with it.
    """

    required: list[str]
    answered: list[str]

    @property
    def missing(self) -> list[str]:
        """The required ones without an answer."""
        return [key for key in self.required if key not in self.answered]


def required_labels(protocol: ReadingProtocol) -> list[Label]:
    """Return the labels that each reading must answer: those the protocol names, else all said of an image."""
    chosen = protocol.required_labels
    labels = Label.objects.filter(project=protocol.project_id, retired_at__isnull=True)
    if chosen is None:
        return [label for label in labels if Label.Use.IMAGE in label.uses]
    return [label for label in labels if label.key in chosen]


def answers_of(reading: Reading, protocol: ReadingProtocol | None = None) -> Answers:
    """Return what this reading must answer and has answered.

    Args:
        protocol: of its project; None: it is fetched.
    """
    protocol = protocol or protocol_of(reading.workitem.project)
    said = reading.findings.filter(deleted=False, head__isnull=False).values_list("head__label__key", flat=True)
    return answers_among(required_labels(protocol), said)


def answers_among(required: Iterable[Label], said: Iterable[str | None]) -> Answers:
    """Return the answers of a reading that has said these label keys."""
    keys, given = [label.key for label in required], set(said)
    return Answers(keys, [key for key in keys if key in given])


def says_nothing(reading: Reading) -> bool:
    """Say whether nothing was said or drawn in this reading."""
    return not Finding.objects.filter(reading=reading, deleted=False).exists()
