"""Every kind of map of a version is asked the same questions on marked test cases; what fails one is not shown.

In this order, so that what costs little is asked first, and what fails a question is not asked the next one:

1. *Does it point at the mark?* Its strongest place lies in the reader's mark oftener than the middle of the picture and
   than the place where marks of other patients lie most: the lower end of the interval of its hit rate is above both.
2. *Does it stay in the body?* At most three times as much of it lies outside as an even map would have there.
3. *Does it show what was learned?* A network with random weights gives another map, which does not point at the mark.
4. *Does it say the same twice?* With other random numbers it is nearly the same map.
5. *Does the answer hang on it?* Blurring away what it marks lowers the probability faster than a random order does.

See Adebayo 2018, Arun 2021 and Saporta 2022; the limits are those of our specification.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from core.numbers import how_many
from inference.engine import map_questions as asked_of
from inference.engine.fixed_places import fixed_hits, fixed_places, prior_energy, priors_of_others
from inference.engine.loaded_model import LoadedModel
from inference.engine.map_case import MapCase, mean
from inference.engine.map_licence import untaught
from inference.engine.map_likeness import likeness
from inference.engine.map_marks import energy_inside, is_in, peak_of
from inference.engine.map_report import (
    FIXED_PLACE_WORDS,
    OTHERS_WORDS,
    FixedPlace,
    FixedPlaceName,
    MapGrade,
    MapGrades,
    MapQuestion,
)
from inference.engine.methods import Method
from inference.engine.outside_body import outside_of, outside_shares
from inference.engine.question import Question
from inference.engine.recipe_cards import recipe_card
from inference.engine.removal import order_of, random_removal, removal
from inference.engine.saliency import Made, made_of, on_image
from inference.engine.sample import Sample
from inference.engine.trivial import Prior
from inference.engine.twin import twin_of

#: Of fewer marked cases nothing is said: one of them would decide.
FEWEST: Final = 10
#: Marked cases that a kind of map is asked about, by what a map costs; drawn at random where there are more.
MOST: Final = {"instant": 100, "seconds": 24, "minutes": 24}
#: Of these, how many are asked of the twin and once more; and on how many places are blurred away.
AGAIN: Final = {"instant": 24, "seconds": 8, "minutes": 8}
REMOVED: Final = 8
#: Random networks, in turn: one alone may happen to look where this one does.
TWINS: Final = 4
#: Cases that set the normalisation of the twin.
_TWIN_SEES: Final = 16

Ask = Callable[[float], None]


class Tournament:
    """Grades the maps of one label of a version.

    Args:
        model: the version.
        label: one of its labels.
        named: the label in words.
        prior: where training marks of the label lie; without any, those of the other test patients stand for them.
        ask: called before and during every map with the share done, 0…1; may raise to stop.
    """

    def __init__(self, model: LoadedModel, label: str, *, named: str, prior: Prior | None, ask: Ask) -> None:
        self._model, self._label, self._named, self._prior, self._ask = model, label, named, prior, ask
        self._methods = [
            method
            for method in recipe_card(model.config.recipe).explanations
            if method.of_label and untaught(model.card, method, label) is None
        ]
        self._layers: dict[str, str] = {}
        self._cases: list[MapCase] = []
        self._faults: dict[str, tuple[MapQuestion, str]] = {}

    def run(self, samples: Sequence[Sample]) -> tuple[MapGrades, list[dict[str, Any]]]:
        """Grade every kind of map, and return the grades and what was found on each case.

        Args:
            samples: locked test cases; those with the label and a mark of it are asked about.
        """
        marked = [one for one in samples if one.present.get(self._label) == 1 and one.regions.get(self._label)]
        if len(marked) < FEWEST:
            return self._too_few(len(marked)), []
        chosen = [marked[place] for place in np.random.default_rng(0).permutation(len(marked))[: MOST["instant"]]]
        marks = [self._mark(sample) for sample in chosen]
        priors = [self._prior] * len(chosen)
        if self._prior is None:
            frames = [mark[mark.sum(axis=(1, 2)).argmax()][None] for mark in marks]
            priors = priors_of_others(frames, [sample.patient_key for sample in chosen])
        for number, (sample, mark, prior) in enumerate(zip(chosen, marks, priors, strict=True)):
            self._point(sample, mark, prior, number, 0.6 * number / len(chosen))
        self._judge("place", "outside")
        twins = self._twins()
        for number, case in enumerate(self._cases[: AGAIN["instant"]] if self._standing else ()):
            self._again(case, number, twins[number % TWINS], 0.6 + 0.2 * number / AGAIN["instant"])
        self._judge("twin", "repeat")
        for number, case in enumerate(self._cases[:REMOVED] if self._standing else ()):
            self._remove(case, 0.8 + 0.2 * number / REMOVED)
        self._judge("removal")
        return self._grades(len(marked)), [case.to_json() for case in self._cases]

    @property
    def _standing(self) -> list[Method]:
        """The methods that have failed nothing so far."""
        return [method for method in self._methods if method.name not in self._faults]

    def _judge(self, *questions: MapQuestion) -> None:
        for question in questions:
            for method in self._standing:
                if fault := asked_of.QUESTIONS[question](self._cases, method.name):
                    self._faults[method.name] = question, fault

    def _made(self, question: Question, method: Method, done: float, seed: int = 0) -> Made:
        self._ask(done)
        return made_of(question, method, seed=seed, tell=lambda _: self._ask(done))

    def _question(self, case: MapCase, model: LoadedModel | None = None) -> Question:
        return Question.of(model or self._model, case.sample.load(), self._label, case.frame)

    def _mark(self, sample: Sample) -> NDArray[np.bool_]:
        region = sample.regions[self._label]
        assert region is not None  # only marked cases are asked about
        return region()

    def _point(
        self, sample: Sample, mark_kji: NDArray[np.bool_], prior: Prior | None, number: int, done: float
    ) -> None:
        """Ask where each kind of map points in a case."""
        frame = int(mark_kji.sum(axis=(1, 2)).argmax())
        mark = mark_kji[frame]
        question = Question.of(self._model, sample.load(), self._label, frame)
        fixed = fixed_hits(fixed_places(question, prior), mark)
        case = MapCase(sample, frame, fixed, float(mark.mean()), prior_energy(prior, mark))
        outside = outside_of(question)
        for method in self._methods:
            if number >= MOST[method.cost]:
                continue
            made = self._made(question, method, done)
            self._layers[method.name] = made.layer
            shown = on_image(question, method, made)
            case.hits[method.name] = is_in(peak_of(shown), mark)
            case.energy[method.name] = energy_inside(shown, mark)
            if shares := outside_shares(made.values, outside, question):
                case.outside[method.name] = shares
        self._cases.append(case)

    def _twins(self) -> list[LoadedModel]:
        pictures = [self._question(case).prepared.tensor for case in self._cases[:_TWIN_SEES]]
        batch = torch.stack(pictures).to(self._model.device)
        return [twin_of(self._model, batch, seed) for seed in range(TWINS)]

    def _again(self, case: MapCase, number: int, twin: LoadedModel, done: float) -> None:
        """Ask the twin, and ask twice: once is enough where no chance is in it."""
        question, of_twin, mark = self._question(case), self._question(case, twin), self._mark(case.sample)[case.frame]
        for method in self._standing:
            if number >= AGAIN[method.cost]:
                continue
            made, other = self._made(question, method, done), self._made(of_twin, method, done)
            points = is_in(peak_of(on_image(of_twin, method, other)), mark)
            case.twin[method.name] = points, likeness(made.values, other.values)
            if method.is_random or number == 0:
                second = self._made(self._question(case), method, done, seed=1)
                case.repeat[method.name] = likeness(made.values, second.values)

    def _remove(self, case: MapCase, done: float) -> None:
        """Blur away what each kind of map marks, and as much at random."""
        question = self._question(case)
        case.at_random = random_removal(question)
        for method in self._standing:
            order = order_of(self._made(question, method, done).values, question)
            case.removed[method.name] = removal(question, order)

    def _too_few(self, marked: int) -> MapGrades:
        sentence = (
            f"Cannot tell whether a map points at {self._named}: {FEWEST} test cases with a reader's mark of it are "
            f"needed, and there {'is' if marked == 1 else 'are'} {marked}."
        )
        return MapGrades(marked=marked, fewest=FEWEST, stands="cannot_tell", winner=None, sentence=sentence)

    def _grades(self, marked: int) -> MapGrades:
        cases = self._cases
        grades = sorted(
            (self._grade(method) for method in self._methods),
            key=lambda one: (not one.passed, -(one.hit_rate.value or 0.0), -one.energy),
        )
        passed = [one for one in grades if one.passed]
        on, kinds = (
            how_many(len(cases), "marked test case", "marked test cases"),
            how_many(len(grades), "kind of map", "kinds of map"),
        )
        return MapGrades(
            marked=marked,
            fewest=FEWEST,
            stands="graded",
            winner=passed[0].method if passed else None,
            sentence=f"{len(passed)} of {kinds} passed on {on}; {passed[0].label} points best at {self._named}."
            if passed
            else f"None of {kinds} passed on {on}: no map of {self._named} is shown.",
            even=mean([case.area for case in cases]),
            location_energy=mean([case.prior_energy for case in cases if case.prior_energy is not None]),
            fixed=tuple(
                FixedPlace(name=name, words=words, hits=sum(case.fixed[name] for case in cases), cases=len(cases))
                for name, words in self._fixed_words.items()
                if name in cases[0].fixed
            ),
            grades=tuple(grades),
        )

    @property
    def _fixed_words(self) -> Mapping[FixedPlaceName, str]:
        return FIXED_PLACE_WORDS if self._prior else {**FIXED_PLACE_WORDS, "location": OTHERS_WORDS}

    def _grade(self, method: Method) -> MapGrade:
        cases, name = asked_of.pointed(self._cases, method.name), method.name
        (fixed, place), outside = asked_of.best_fixed(cases), asked_of.outside(cases, name)
        twins = [case.twin[name] for case in cases if name in case.twin]
        removed = asked_of.removed(cases, name)
        fails, why = self._faults.get(name, (None, ""))
        return MapGrade(
            method=name,
            label=method.label,
            layer=self._layers[name],
            cases=len(cases),
            hits=sum(case.hits[name] for case in cases),
            hit_rate=asked_of.hit_rate(cases, name),
            energy=float(np.mean([case.energy[name] for case in cases])),
            fixed_place=place,
            fixed_hits=fixed,
            outside=outside[0] if outside else None,
            outside_area=outside[1] if outside else None,
            twin_cases=len(twins) or None,
            twin_hits=sum(points for points, _ in twins) if twins else None,
            twin_likeness=mean([alike for _, alike in twins]),
            repeat=mean([case.repeat[name] for case in cases if name in case.repeat]),
            removal_cases=len(removed) or None,
            deletion=mean([own.deletion for _, own, _ in removed]),
            random_deletion=mean([random.deletion for _, _, random in removed]),
            insertion=mean([own.insertion for _, own, _ in removed]),
            random_insertion=mean([random.insertion for _, _, random in removed]),
            faster=asked_of.faster(cases, name) if removed else None,
            passed=name not in self._faults,
            fails=fails,
            why=why,
        )
