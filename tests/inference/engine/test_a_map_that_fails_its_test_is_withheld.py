"""Of planted models: what looks at the mark is offered, with its grade; what looks elsewhere is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from inference.engine import map_questions, map_tournament, saliency
from inference.engine.checkpoint import load_model
from inference.engine.config import RecipeConfig
from inference.engine.fixed_places import priors_of_others
from inference.engine.map_case import MapCase
from inference.engine.map_licence import explanations_of, grade_words, maps_of, withheld
from inference.engine.map_marks import energy_inside, is_in, peak_of
from inference.engine.map_tournament import Tournament
from inference.engine.outside_body import outside_of, outside_shares
from inference.engine.question import Question
from inference.engine.recipe_cards import recipe_card
from inference.engine.removal import Removal
from inference.engine.saliency import explain
from inference.engine.sample import Image, Sample
from inference.engine.train import train
from inference.engine.trivial import Prior
from tests.inference.engine.conftest import WINDOW
from tests.inference.engine.planted import noise_image, square_mask, square_samples

CARD = recipe_card("classification")
METHODS = {one.name: one for one in CARD.explanations}
QUICK = ("hirescam", "gradcam", "location", "layercam", "gradcam_pp-2")


@pytest.fixture
def only(monkeypatch):
    """Let the tournament ask about some kinds of map only; the others cost seconds each."""

    def of(*names):
        card = replace(CARD, explanations=tuple(METHODS[name] for name in names))
        monkeypatch.setattr(map_tournament, "recipe_card", lambda _: card)

    return of


def graded(model, samples, label="square", prior=None):
    return Tournament(model, label, named=label, prior=prior, ask=lambda _: None).run(samples)


def prior_of(samples, label="square"):
    loaders = [one.regions[label] for one in samples if one.regions.get(label)]
    return Prior.of((load() for load in loaders), 0, flat=True)


@pytest.mark.acceptance(
    "Saliency: a model that looks at the finding", bar="a map with ≥ 20 of 24 peaks in the mark wins"
)
def test_a_model_that_looks_at_the_mark_has_a_winner_with_its_count_on_it(square_model, only, measured):
    only(*QUICK)
    samples, prior = square_samples(48, 77, key="t"), prior_of(square_samples(48, 1))
    grades, kept = graded(square_model, samples, prior=prior)
    assert (grades.stands, grades.marked, len(kept)) == ("graded", 24, 24)
    best = grades.grades[0]
    measured(f"{best.method}: {best.hits} of {best.cases}; a fixed place {best.fixed_hits}")
    assert (best.method, best.passed, best.why) == (grades.winner, True, "")
    for grade in grades.grades[:2]:
        hits, inside = 0, []
        for sample in samples:
            if not sample.present["square"]:
                continue
            mark = sample.regions["square"]()[0]
            found = explain(square_model, sample.load(), "square", grade.method).map_kji[0]
            rows, columns = np.nonzero(found == found.max())
            hits += mark[round(rows.mean()), round(columns.mean())]
            inside.append(found[mark].sum() / found.sum())
        assert (grade.hits, grade.cases) == (hits, 24)
        assert grade.energy == pytest.approx(np.mean(inside), rel=1e-4)
    assert best.hits >= 20
    low, high = best.hit_rate.interval
    assert best.fixed_hits / 24 < low < best.hits / 24 <= high
    # The fixed places, counted again: the middle of 96 rows and columns, and where the training marks lie most.
    marks = [one.regions["square"]()[0] for one in samples if one.present["square"]]
    spread = prior.spread((1, 96, 96))[0]
    at = [np.mean(axis) for axis in np.nonzero(spread == spread.max())]
    assert {one.name: one.hits for one in grades.fixed if one.name != "bright"} == {
        "centre": sum(mark[48, 48] for mark in marks),
        "location": sum(mark[round(at[0]), round(at[1])] for mark in marks),
    }
    assert grades.even == pytest.approx(144 / 96**2)
    words = f"In the reader's mark in {best.hits} of 24 test cases; a fixed place: {best.fixed_hits} of 24."
    assert grade_words(grades, METHODS[best.method]) == words
    offered = maps_of(square_model.card, "classification", "square", grades)
    assert offered.methods[0] == (METHODS[best.method], words)
    assert {method.name for method, _ in offered.methods} == {one.method for one in grades.grades if one.passed}


def shortcut_samples(count, seed, key):
    """A bright square somewhere in every image; the answer hangs on a small marker in the corner alone."""
    rng = np.random.default_rng(seed)
    samples = []
    for number in range(count):
        pixels, there = noise_image(rng, (64, 64)), number % 2 == 0
        mask = square_mask((64, 64), *rng.integers(18, 48, 2), 12)
        pixels[mask] += 0.4
        if there:
            pixels[0, 2:10, 2:10] += 0.9
        image = Image(pixels * 1000, None, "DX")
        samples.append(
            Sample(f"{key}{number}", f"{key}{number}", lambda image=image: image, {"square": float(there)},
                   regions={"square": (lambda mask=mask: mask) if there else None})
        )  # fmt: skip
    return samples


@pytest.mark.acceptance("Saliency: a model that looks at a marker", bar="no map is shown")
def test_of_a_model_that_looks_at_a_marker_in_the_corner_no_map_is_shown(tmp_path, only):
    only(*QUICK)
    config = RecipeConfig(recipe="classification", labels=("square",), image_shape=(64, 64), epochs=6, seed=3,
                          location_weight=0.0, **WINDOW)  # fmt: skip
    training = shortcut_samples(96, 1, "p")
    folder = train(config, training=training, validation=shortcut_samples(24, 2, "v"), workdir=tmp_path).folder
    model, test = load_model(folder), shortcut_samples(48, 3, "t")
    corner = [peak_of(explain(model, one.load(), "square", "hirescam").map_kji[0]) for one in test[::2]]
    assert np.mean([max(place) <= 13 for place in corner]) > 0.8, "it does look at the marker"
    grades, _ = graded(model, test, prior=prior_of(training))
    assert (grades.winner, [one.passed for one in grades.grades]) == (None, [False] * 4)
    assert grades.sentence == "None of 4 kinds of map passed on 24 marked test cases: no map of square is shown."
    assert all("fixed place" in one.why for one in grades.grades)
    assert {one.twin_likeness for one in grades.grades} == {None}, "what fails is not asked the next question"
    offered, refused = explanations_of(model.card, "classification", {"square": grades})
    assert offered == []
    assert {why.code for method, _, why in refused if method.name in QUICK} == {"map_failed", "places_not_taught"}


def test_a_map_of_the_picture_alone_is_withheld_however_well_it_points(square_model, only, monkeypatch):
    only("hirescam", "integrated_gradients")

    def picture(question):
        smooth = ndimage.gaussian_filter(question.tensor[0, 0].numpy(), 3)
        return smooth - smooth.min(), {}

    monkeypatch.setattr(saliency, "integrated_gradients", picture)
    grades, _ = graded(square_model, square_samples(32, 78, key="t"), prior=prior_of(square_samples(32, 1)))
    fraud = next(one for one in grades.grades if one.method == "integrated_gradients")
    assert fraud.hits >= 14, "bright squares are where the picture is bright"
    assert fraud.twin_likeness == pytest.approx(1.0)
    assert "a network with random weights" in fraud.why
    assert withheld(square_model.card, METHODS["integrated_gradients"], "square", grades).code == "map_failed"
    assert withheld(square_model.card, METHODS["hirescam"], "square", grades) is None


def test_with_too_few_marks_nothing_is_said_and_the_old_maps_stay_without_a_grade(square_model):
    grades, kept = graded(square_model, square_samples(18, 79, key="t"))
    assert (grades.stands, grades.marked, grades.winner, kept) == ("cannot_tell", 9, None, [])
    assert "10 test cases with a reader's mark of it are needed, and there are 9" in grades.sentence
    offered = maps_of(square_model.card, "classification", "square", grades)
    assert [method.name for method, _ in offered.methods] == [
        "hirescam", "gradcam", "location", "integrated_gradients", "occlusion",
    ]  # fmt: skip
    assert {words for _, words in offered.methods} == {"No grade: it takes 10 marked test cases, and there are 9."}


def cases(**found):
    sample = Sample("s", "p", lambda: None, {})
    rows = zip(*found.values(), strict=True)
    made = []
    for number, row in enumerate(rows):
        case = MapCase(
            replace(sample, patient_key=str(number)), 0, {"centre": number < 2, "location": False}, 0.1, None
        )
        for name, value in zip(found, row, strict=True):
            if name == "at_random":
                case.at_random = value
            else:
                getattr(case, name)["m"] = value
        made.append(case)
    return made


def test_each_question_is_answered_by_its_limit():
    assert map_questions.best_fixed(cases(hits=[True] * 10)) == (2, "centre")
    assert map_questions.place_fault(cases(hits=[True] * 6 + [False] * 4), "m") == ""
    assert "4 of 10 test cases, a fixed place in 2" in map_questions.place_fault(
        cases(hits=[True] * 4 + [False] * 6), "m"
    )
    assert map_questions.outside_fault(cases(outside=[(0.3, 0.1)] * 2), "m") == ""
    assert "40 % of it lies outside" in map_questions.outside_fault(cases(outside=[(0.4, 0.1)] * 2), "m")
    own = [True] * 8
    assert map_questions.twin_fault(cases(twin=[(False, 0.29)] * 8, hits=own), "m") == ""
    assert "likeness 0.30" in map_questions.twin_fault(cases(twin=[(False, 0.3)] * 8, hits=own), "m")
    few, many = ([(number < hits, 0.1) for number in range(8)] for hits in (4, 5))
    assert map_questions.twin_fault(cases(twin=few, hits=own), "m") == ""
    assert "5 of 8 test cases, too, of this one in 8" in map_questions.twin_fault(cases(twin=many, hits=own), "m")
    assert map_questions.repeat_fault(cases(repeat=[0.91] * 2), "m") == ""
    assert "0.90" in map_questions.repeat_fault(cases(repeat=[0.9] * 2), "m")
    chance = [Removal(0.6, 0.5)] * 6
    low = [Removal(0.2 + 0.02 * one, 0.8) for one in range(6)]
    assert map_questions.removal_fault(cases(removed=low, at_random=chance), "m") == ""
    mixed = [Removal(0.2 if one % 2 else 0.9, 0.5) for one in range(6)]
    assert "does not hang on it" in map_questions.removal_fault(cases(removed=mixed, at_random=chance), "m")


def test_without_training_marks_the_marks_of_other_patients_say_where_a_fixed_place_is():
    masks = [square_mask((64, 64), 4, 4, 8), square_mask((64, 64), 40, 40, 8), square_mask((64, 64), 40, 42, 8)]
    first, second, third = priors_of_others(masks, ["a", "b", "b"])
    assert first.share[0, 44, 45] == pytest.approx(1.0)
    assert first.share[0, 6, 6] == 0
    assert second.share[0, 6, 6] == third.share[0, 6, 6] == 1, "not of the own patient's other picture"
    assert second.share[0, 44, 45] == 0
    assert priors_of_others(masks[:1], ["a"]) == [None]


def test_the_peak_of_a_flat_top_is_its_middle_and_a_map_of_nothing_has_none():
    values = np.zeros((9, 9))
    assert peak_of(values) is None
    assert not is_in(None, values > -1)
    values[2:7, 3:6] = 1
    assert peak_of(values) == (4, 4)
    values[4, 4] = -3
    assert values[peak_of(values)] == 1
    mark = np.zeros((9, 9), bool)
    mark[2:4] = True
    assert energy_inside(values, mark) == pytest.approx(6 / 14)


def test_outside_is_the_dark_that_reaches_the_edge_of_the_picture(square_model):
    pixels = np.full((1, 60, 90), 20, np.float32)
    pixels[0, 10:50, 20:70] = 800
    pixels[0, 20:30, 30:40] = 20  # a lung: dark, but inside
    question = Question.of(square_model, Image(pixels), "square", 0)
    outside = outside_of(question)
    part = question.prepared.geometry.inside()
    assert outside[part].mean() == pytest.approx(1 - 40 * 50 / (60 * 90), abs=0.02)
    assert not outside[: part[0].start].any(), "the padding is not picture"
    even = outside_shares(np.ones(question.shape), outside, question)
    assert even[0] == pytest.approx(even[1])
    whole = Question.of(square_model, Image(pixels[:, 12:48, 22:68]), "square", 0)
    assert outside_shares(np.ones(whole.shape), outside_of(whole), whole) is None
