"""What became of asking a live model about a series: seven states, each with its word and its sentence, said here only.

"Found nothing" is said only where a model looked. Every screen shows these words and makes none of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from annotations.rules.pictures import WORDS as _PICTURES
from core.numbers import how_many


class AnswerState(StrEnum):
    """What became of asking one version about one series."""

    NOT_RUN = "not_run"
    WAITING = "waiting"
    RUNNING = "running"
    FAILED = "failed"
    OUTSIDE = "outside"
    NOTHING_FOUND = "nothing_found"
    FOUND = "found"
    HIDDEN = "hidden"
    NO_MODEL = "no_model"


ANSWER_STATES: Final = [state.value for state in AnswerState]

#: Why a version does not read a series (``inference.series_choice.why_outside``), as people say it.
_OUTSIDE: Final = {
    "outside_modality": "it was trained on other modalities",
    "outside_volume": "it was trained on single images, and this is a volume",
    "outside_cine": "it was trained on single images, and this is a clip",
    "outside_localizer": "this only shows where other images lie",
    "outside_localizers": "this only shows where other images lie",
    "outside_single_pictures": "it was trained on slices and clips, and these are single images",
    "outside_multiframe": "it was trained on single images, and these have several frames",
}
_FAILED: Final = {
    "series_changed": "images arrived meanwhile; it is asked again",
    "job_cancelled": "it was cancelled",
    "job_lost": "its worker died several times",
    "job_crashed": "it failed unexpectedly several times",
    "could_not_be_asked": "it could not be asked",
}
#: Which state speaks first for a case with several answers: what is still to come, what went wrong, what was found.
_FIRST: Final = (
    AnswerState.RUNNING,
    AnswerState.WAITING,
    AnswerState.FAILED,
    AnswerState.NOT_RUN,
    AnswerState.HIDDEN,
    AnswerState.FOUND,
    AnswerState.NOTHING_FOUND,
    AnswerState.OUTSIDE,
)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What became of one question, in a word for lists and a sentence for panels.

    Attributes:
        model: family and version, as people name them: "Nodules v3".
        code: of the reason where it failed or is outside of what the version was trained for.
        reason: the job's own sentence, where there is one.
        found: how many findings it proposes; None where it has not answered or may not be told.
        unusable: labels at or above their threshold that the project takes no finding of.
        grown: images arrived after it was asked.
        never: this project's readers never see what models say.
    """

    state: AnswerState
    model: str = ""
    code: str = ""
    reason: str = ""
    found: int | None = None
    unusable: int = 0
    grown: bool = False
    never: bool = False

    @property
    def word(self) -> str:
        """The state in a word or two, for a list."""
        if self.state is AnswerState.FOUND:
            return f"{self.found} found" if self.found else "Above threshold"
        return _WORDS[self.state]

    @property
    def sentence(self) -> str:
        """The state as a sentence."""
        return _SENTENCES[self.state](self)


_WORDS: Final = {
    AnswerState.NOT_RUN: "Not run",
    AnswerState.WAITING: "Waiting",
    AnswerState.RUNNING: "Running",
    AnswerState.FAILED: "Failed",
    AnswerState.OUTSIDE: "Outside its training",
    AnswerState.NOTHING_FOUND: "Nothing found",
    AnswerState.HIDDEN: "Hidden",
    AnswerState.NO_MODEL: "No model",
}


def _not_run(one: Outlook) -> str:
    if one.grown:
        return f"{one.model} has not looked at the images that have arrived since it was asked."
    return f"{one.model} has not been asked about this."


def _failed(one: Outlook) -> str:
    why = _FAILED.get(one.code) or one.reason.rstrip(".") or one.code
    return f"{one.model} could not look at this: {why}."


def _outside(one: Outlook) -> str:
    picture = _PICTURES.get(one.code.removeprefix("outside_"))
    if picture and one.code not in _OUTSIDE:
        return f"{one.model} was not asked: this is not part of the project's question ({picture})."
    return f"{one.model} was not trained for this: {_OUTSIDE.get(one.code, one.code)}."


def _found(one: Outlook) -> str:
    if not one.found:
        labels = "a label" if one.unusable == 1 else f"{one.unusable} labels"
        return f"{one.model} is above its threshold for {labels} that this project takes no finding of."
    return f"{one.model} found {how_many(one.found, 'finding', 'findings')}."


def _hidden(one: Outlook) -> str:
    if one.never:
        return "In this project readers do not see what the model says."
    return f"What {one.model} says is shown after your own reading is submitted."


_SENTENCES: Final[dict[AnswerState, Callable[[Outlook], str]]] = {
    AnswerState.NOT_RUN: _not_run,
    AnswerState.WAITING: lambda one: f"{one.model} has been asked and waits for its turn.",
    AnswerState.RUNNING: lambda one: f"{one.model} is looking at this now.",
    AnswerState.FAILED: _failed,
    AnswerState.OUTSIDE: _outside,
    AnswerState.NOTHING_FOUND: lambda one: f"{one.model} looked and found nothing above its threshold.",
    AnswerState.FOUND: _found,
    AnswerState.HIDDEN: _hidden,
    AnswerState.NO_MODEL: lambda _: "No model is in use in this project.",
}


def summary_of(answers: list[Outlook]) -> tuple[AnswerState, str, str]:
    """Return state, word and sentence of a whole case: the first state that matters, and what is said of every model.

    Series of which the same is said are said once; findings of one model are counted together.
    """
    if not answers:
        none = Outlook(AnswerState.NO_MODEL)
        return none.state, none.word, none.sentence
    together = _together(answers)
    # What a model does not read is worth a word only where it reads nothing of the case.
    looked = [one for one in together if one.state is not AnswerState.OUTSIDE]
    shown = sorted(looked or together, key=lambda one: _FIRST.index(one.state))
    sentences = list(dict.fromkeys(one.sentence for one in shown))
    return shown[0].state, shown[0].word, " ".join(sentences)


def _together(answers: list[Outlook]) -> list[Outlook]:
    """Count the findings of each model together; one that found something in a series found something."""
    found: dict[str, Outlook] = {}
    others: list[Outlook] = []
    for one in answers:
        if one.state is not AnswerState.FOUND:
            others.append(one)
            continue
        before = found.get(one.model)
        count, unusable = one.found or 0, one.unusable
        if before is not None:
            count, unusable = count + (before.found or 0), unusable + before.unusable
        found[one.model] = Outlook(AnswerState.FOUND, model=one.model, found=count, unusable=unusable)
    rest = [one for one in others if one.state is not AnswerState.NOTHING_FOUND or one.model not in found]
    return [*found.values(), *rest]
