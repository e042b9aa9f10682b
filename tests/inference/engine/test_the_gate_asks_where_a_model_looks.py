"""One model looks at a leaking letter and one at the nodule: the gate tells them apart; its figures are recounted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image as Pictures
from scipy import ndimage

from inference.engine.case_result import CaseResult
from inference.engine.checkpoint import load_model
from inference.engine.config import RecipeConfig
from inference.engine.gate import compare
from inference.engine.gate_plan import DECLARED_NOW, GatePlan
from inference.engine.gaze.asking import Gaze, chosen_cases
from inference.engine.gaze.burned_in import burned_in
from inference.engine.gaze.case import GazeCase, MarkedPlace
from inference.engine.gaze.criteria import gaze_criteria
from inference.engine.gaze.figures import gaze_figures
from inference.engine.gaze.regions import edge_regions, equal_places
from inference.engine.gaze.replaced import painted_over
from inference.engine.predict import predict
from inference.engine.sample import Image, Sample
from inference.engine.train import train
from tests.inference.engine.conftest import WINDOW
from tests.inference.engine.leaking_corners import CORNER, LETTER, film, films

PLAN = GatePlan.from_json({**DECLARED_NOW, "trivial": "told"})


def learned(folder, **world):
    config = RecipeConfig(recipe="classification", labels=("nodule",), image_shape=(64, 64), epochs=8, seed=3, **WINDOW)
    training, validation = films(96, 1, key="p", **world), films(24, 2, key="v", **world)
    return load_model(train(config, training=training, validation=validation, workdir=folder).folder)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """It learned nodules: letters say nothing in its world."""
    return learned(tmp_path_factory.mktemp("reader"), leaks=False)


@pytest.fixture(scope="module")
def cheat(tmp_path_factory):
    """It learned that a letter means a nodule."""
    return learned(tmp_path_factory.mktemp("cheat"), leaks=True, lesion=False, marked=False)


@pytest.fixture(scope="module")
def test_films():
    return films(64, 3, leaks=True, key="t")


def gazed(model, samples):
    return Gaze(model, lambda _: None).run(samples)


def result(model, sample):
    said = predict(model, sample.load()).labels["nodule"].probability
    return CaseResult(sample.sample_id, sample.patient_key, {"nodule": said}, dict(sample.present))


def judged(model, samples, champion=None, **plan):
    asked = [one for one in (model, champion) if one is not None]
    results = [[result(one, sample) for sample in samples] for one in asked]
    return compare(
        results[1] if champion is not None else None,
        results[0],
        labels=["nodule"],
        champion_thresholds=dict(champion.thresholds) if champion is not None else None,
        challenger_thresholds=dict(model.thresholds),
        plan=GatePlan.from_json({**PLAN.to_json(), **plan}),
        gaze=[gazed(one, samples) for one in asked],
        reviewed_labels=(100, 200) if champion is not None else None,
    )


def rows(gate):
    return {one.id: one for one in gate.criteria}


def test_a_model_that_looks_at_a_letter_is_refused_and_one_that_looks_at_the_nodule_passes(reader, cheat, test_films):
    refused = judged(cheat, test_films)
    found = rows(refused)
    assert found["floor"].passed, "by its AUC alone it would pass"
    assert (refused.verdict, refused.excusable) == ("refused", True)
    assert found["shortcut"].passed is False
    assert "Alone, the top right corner: AUC 1.00." in found["shortcut"].sentence
    for one in gazed(cheat, test_films):
        if one.has_marker:
            assert one.without["marks"]["nodule"] < 0 < one.whole["nodule"], "each answer turns without the letter"
    assert found["outside"].passed is False
    assert found["outside"].sentence.startswith("It looks outside the body: ")
    assert found["grounding"].passed is not True
    passed = judged(reader, test_films)
    assert {one.id: one.passed for one in passed.criteria if one.id in ("grounding", "outside")} == {
        "grounding": True, "outside": True,
    }  # fmt: skip
    assert rows(passed)["shortcut"].passed is not False
    assert (passed.verdict, passed.excusable) == ("passed", False)


def test_a_challenger_that_is_less_grounded_than_the_live_version_does_not_pass(reader, cheat, test_films):
    worse = judged(cheat, test_films, champion=reader, shortcut="told", outside="told", grounding="guard")
    change = rows(worse)["grounding_change"]
    assert (change.passed, worse.verdict, worse.excusable) == (False, "refused", False)
    assert change.sentence.endswith("it looks at the finding less.")
    new, old = gazed(cheat, test_films), gazed(reader, test_films)
    gaps = gap(new), gap(old)
    changes = [share(one, gaps[0]) - share(other, gaps[1]) for one, other in zip(new, old, strict=True) if one.places]
    assert change.value == pytest.approx(np.clip(changes, -1, 1).mean())
    same = judged(reader, test_films, champion=reader)
    assert rows(same)["grounding_change"].value == 0
    assert same.verdict != "refused"


def gap(cases):
    """The mean logit of positive less that of negative cases."""
    logits = np.array([case.whole["nodule"] for case in cases])
    there = np.array([case.truth["nodule"] == 1 for case in cases])
    return logits[there].mean() - logits[~there].mean()


def share(case, gap):
    place = case.places["nodule"]
    return float(np.clip((np.mean(place.elsewhere) - place.painted_over) / gap, -1, 1))


def test_the_figures_are_what_numpy_and_the_models_own_predictions_say(reader, test_films):
    """The films are as large as the network's input, so the pixels that it sees can be replaced on the film itself."""
    cases = gazed(reader, test_films)
    assert [case.case_id for case in cases] == [one.sample_id for one in test_films]

    def logit(pixels):
        return predict(reader, Image(pixels, None, "DX")).labels["nodule"].logit

    whole = np.concatenate([one.load().pixels_kji for one in test_films])
    mean = whole.mean(axis=0)
    border = np.zeros((64, 64), bool)
    border[:5], border[-5:], border[:, :5], border[:, -5:] = True, True, True, True
    edge = border.copy()
    for j in (slice(0, 13), slice(51, 64)):
        for i in (slice(0, 13), slice(51, 64)):
            edge[j, i] = True
    logits, without, alone = [], [], []
    for case, pixels in zip(cases, whole, strict=True):
        logits.append(logit(pixels[None]))
        without.append(logit(np.where(edge, mean, pixels)[None]))
        alone.append(logit(np.where(border, pixels, mean)[None]))
        assert case.whole["nodule"] == pytest.approx(logits[-1], abs=1e-4)
        assert case.without["edge"]["nodule"] == pytest.approx(without[-1], abs=1e-3)
        assert case.alone["border"]["nodule"] == pytest.approx(alone[-1], abs=1e-3)
    truth = np.array([one.present["nodule"] for one in test_films])
    figures = gaze_figures(cases, "nodule", named="Nodule", turned=np.full(len(cases), np.nan))
    by_name = {one.name: one for one in figures.regions}
    assert by_name["edge"].without.value == pytest.approx(auc(without, truth))
    assert by_name["border"].alone.value == pytest.approx(auc(alone, truth))
    assert figures.auc.value == pytest.approx(auc(logits, truth))
    assert figures.gap == pytest.approx(
        np.mean(np.array(logits)[truth == 1]) - np.mean(np.array(logits)[truth == 0]), abs=1e-3
    )
    assert figures.with_marker == (32, 0)
    # The mark and its rim, filled once more by hand: the nearest pixel outside, smoothed by a fifth of its width.
    drops = []
    for case, sample in zip(cases, test_films, strict=True):
        if not case.places:
            continue
        mask, pixels = ndimage.binary_dilation(sample.regions["nodule"]()[0]), sample.load().pixels_kji[0]
        at = ndimage.distance_transform_edt(mask, return_distances=False, return_indices=True)
        filled = np.where(mask, ndimage.gaussian_filter(pixels[tuple(at)], 2.4, mode="nearest"), pixels)
        assert case.places["nodule"].painted_over == pytest.approx(logit(filled[None].astype(np.float32)), abs=0.1)
        drops.append(np.mean(case.places["nodule"].elsewhere) - case.places["nodule"].painted_over)
    assert figures.marked == len(drops) >= 25
    assert figures.grounding.value == pytest.approx(np.clip(np.array(drops) / figures.gap, -1, 1).mean())
    assert figures.grounding.value > 0.3


def auc(scores, truth):
    scores = np.array(scores)
    pairs = scores[truth == 1][:, None] - scores[truth == 0][None, :]
    return (pairs > 0).mean() + 0.5 * (pairs == 0).mean()


def test_equal_places_have_the_marks_shape_lie_in_the_body_and_leave_the_mark_free():
    region, body = np.zeros((40, 40), bool), np.zeros((40, 40), bool)
    region[5:9, 6:12], region[9, 6], body[2:38, 2:38] = True, True, True
    part = (slice(0, 40), slice(0, 40))
    drawn = equal_places(region, body, part, 6, seed=1)
    assert len(drawn) == 6
    for place in drawn:
        assert place.sum() == region.sum()
        assert not (place & region).any()
        assert body[place].mean() >= 0.9
        rows, columns = np.nonzero(place)
        again = np.zeros_like(region)
        again[rows - rows.min() + 5, columns - columns.min() + 6] = True
        assert (again == region).all()
    assert all((one == two).all() for one, two in zip(drawn, equal_places(region, body, part, 6, seed=1), strict=True))
    assert equal_places(~np.zeros_like(region), body, part, 6, seed=1) == []


def test_a_region_that_is_painted_over_holds_what_lies_around_it():
    picture = np.zeros((1, 30, 30), np.float32)
    picture[0, :, 15:] = 1.0
    picture[0, 12:18, 3:9] = 5.0
    region = picture[0] == 5.0
    over = painted_over(picture, region)
    assert np.abs(over[0][region]).max() < 1e-3
    assert (over[0][~region] == picture[0][~region]).all()
    assert picture.max() == 5.0, "the picture itself stays"


def test_border_and_corners_leave_the_padding_out():
    found = edge_regions((64, 64), (slice(0, 64), slice(16, 48)))
    assert not found["edge"][:, :16].any()
    assert (found["edge"] ^ found["centre"])[:, 16:48].all()
    assert found["top_left"].sum() == 13 * 6
    assert found["border"][32, 16:19].all()
    assert not found["border"][32, 19]


@pytest.mark.parametrize("scale", [1, 3, 8])
def test_letters_are_found_where_they_were_drawn_and_nowhere_else(scale):
    rng = np.random.default_rng(5)
    for _ in range(12):
        pixels, _ = film(rng, lesion=True, letter=True)
        large = np.kron(pixels[0], np.ones((scale, scale), np.float32))
        found = burned_in(large)
        drawn = np.zeros((64, 64), bool)
        drawn[CORNER[0] : CORNER[0] + 9, CORNER[1] : CORNER[1] + 6] = LETTER
        drawn = np.kron(drawn, np.ones((scale, scale), bool))
        assert found[drawn].all()
        assert not found[~ndimage.binary_dilation(drawn, iterations=6 * scale)].any()
        plain, _ = film(rng, lesion=True, letter=False)
        assert not burned_in(np.kron(plain[0], np.ones((scale, scale), np.float32))).any()


def test_too_few_marks_tell_nothing_and_refuse_only_where_they_are_required(reader):
    few = films(18, 9, leaks=False, key="f")
    cases = gazed(reader, few)
    assert sum(bool(case.places) for case in cases) <= 9
    for role, stands in (("where_marked", "guard"), ("required", "required"), ("told", "told")):
        row = gaze_criteria(cases, None, ["nodule"], GatePlan.from_json({**DECLARED_NOW, "grounding": role}), {})[0]
        assert (row.id, row.role, row.passed) == ("grounding", stands, None)
        assert "10 test patients with a reader's mark" in row.sentence


def case(number, truth, **said):
    zero = {"a": 0.0}
    made = GazeCase(str(number), str(number), {"a": truth}, {}, False, 0.1, zero, {}, {}, {})
    names = ("marks", "edge", "outside", "body")
    alone = dict.fromkeys(
        ("marks", "border", "top_left", "top_right", "bottom_left", "bottom_right", "outside", "centre"), zero
    )
    whole = {"a": said.pop("whole")}
    return replace(made, whole=whole, without={name: {"a": said.get(name, whole["a"])} for name in names}, alone=alone,
                   places=said.get("places", {}))  # fmt: skip


def test_each_question_is_answered_by_its_interval():
    rng = np.random.default_rng(0)
    for hangs, outside, told in ((0.8, 0.05, (True, True)), (0.0, 0.9, (None, False)), (-0.6, 0.3, (False, None))):
        cases = []
        for number in range(60):
            truth = float(number % 2 == 0)
            whole = 4.0 * truth - 2.0 + rng.normal(0, 0.3)
            place = MarkedPlace(whole - 4.0 * hangs, (whole,) * 4, None, (), 0.0)
            cases.append(case(number, truth, whole=whole, outside=whole - 4 * outside, body=whole - 4 * (1 - outside),
                              places={"a": place} if truth else {}))  # fmt: skip
        plan = GatePlan.from_json({**DECLARED_NOW, "outside_limit": 0.3})
        found = {one.id: one for one in gaze_criteria(cases, None, ["a"], plan, {})}
        assert (found["grounding"].passed, found["outside"].passed) == told
        assert found["grounding"].value == pytest.approx(hangs, abs=0.05)
        assert found["outside"].value == pytest.approx(outside)
        assert found["outside"].interval[0] <= outside <= found["outside"].interval[1]


def test_marks_that_lie_in_the_border_keep_it_from_being_taken_away():
    cases = [
        case(number, float(number % 2), whole=float(number % 2), edge=0.0,
             places={"a": MarkedPlace(0.0, (1.0,) * 3, None, (), 0.5)} if number % 2 else {})
        for number in range(40)
    ]  # fmt: skip
    row = gaze_criteria(cases, None, ["a"], GatePlan.from_json(DECLARED_NOW), {})[-1]
    assert (row.id, row.passed) == ("shortcut", None)
    assert "marks lie in the border" in row.sentence


def test_the_cases_are_capped_by_state_the_same_ones_each_time_and_marked_ones_first():
    samples = films(600, 4, leaks=False, key="m")
    for number, sample in enumerate(samples):
        if number % 4 == 0:
            sample.regions["nodule"] = None
    chosen, marked = chosen_cases(samples, ["nodule"])
    states = [one.present["nodule"] for one in chosen]
    assert (states.count(1.0), states.count(0.0), len(marked["nodule"])) == (100, 100, 60)
    assert marked["nodule"] <= {one.sample_id for one in chosen}
    assert [one.sample_id for one in chosen_cases(samples, ["nodule"])[0]] == [one.sample_id for one in chosen]
    many = [f"label-{number}" for number in range(14)]
    lots = np.random.default_rng(0)
    told = [replace(one, present={label: float(lots.random() < 0.1) for label in many}, regions={}) for one in samples]
    asked, _ = chosen_cases(told, many)
    for label in many:
        states = [one.present[label] for one in asked]
        assert min(states.count(1.0), states.count(0.0)) >= 20
    assert len(asked) <= 14 * 2 * 20


def test_a_stop_is_heard_between_two_cases_and_what_was_said_reads_back(reader, test_films):
    asked = []

    def stop(done):
        asked.append(done)
        if len(asked) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Gaze(reader, stop).run(test_films)
    assert len(asked) == 5
    assert asked == sorted(asked)
    cases = gazed(reader, test_films[:12])
    assert [GazeCase.from_json(one.to_json()) for one in cases] == cases


def test_the_pictures_of_a_telling_case_say_what_the_model_says_of_them(reader, test_films):
    gaze = Gaze(reader, lambda _: None)
    cases = gaze.run(test_films)
    shown = gaze.pictures(cases[0].case_id, "nodule")
    assert [kind for kind, _, _ in shown] == ["original", "finding", "marks", "edge"]
    assert shown[0][2] == pytest.approx(cases[0].whole["nodule"], abs=1e-4)
    assert shown[1][2] == pytest.approx(cases[0].places["nodule"].painted_over, abs=1e-4)
    assert all(grey.shape == (64, 64) and grey.min() >= 0 and grey.max() <= 1 for _, grey, _ in shown)
    assert torch.is_grad_enabled()


def test_of_answers_that_tell_nobody_apart_no_share_is_made():
    rng = np.random.default_rng(0)
    guesses = [
        case(number, float(number % 2), whole=float(said),
             places={"a": MarkedPlace(said - 5.0, (said,) * 3, None, (), 0.0)} if number % 2 else {})
        for number, said in enumerate(rng.normal(0, 1, 60))
    ]  # fmt: skip
    plan = GatePlan.from_json({**DECLARED_NOW, "grounding": "required"})
    found = {one.id: one for one in gaze_criteria(guesses, guesses, ["a"], plan, {})}
    assert (found["grounding"].passed, found["grounding_change"].passed) == (None, None)
    assert "not shown to tell who has a" in found["grounding"].sentence
    assert "shown to tell who has it" in found["grounding_change"].sentence
    figures = gaze_figures(guesses, "a", named="a", turned=np.full(60, np.nan))
    assert figures is not None
    assert (figures.grounding, figures.swapped) == (None, None), "nor told in the report"


def test_what_a_picture_lacks_says_the_same_of_everybody_whatever_is_asked_beside_it(reader):
    """Letters are found in every second picture only, so half of them are asked in batches of another size."""
    samples = films(24, 5, leaks=False, key="l")
    cases = gazed(reader, samples)
    without = [one for one in cases if not one.has_marker]
    assert 0 < len(without) < len(cases)
    assert len({one.alone["marks"]["nodule"] for one in without}) == 1
    figures = gaze_figures(cases, "nodule", named="Nodule", turned=np.full(len(cases), np.nan))
    alone = next(one.alone for one in figures.regions if one.name == "marks")
    assert 0.3 < alone.value < 0.7
    assert not any(sentence.startswith("Alone") for sentence in figures.sentences), figures.sentences


#: Films with one bright letter in the upper right that we saw there, and nothing else that is burned in.
SEEN = ("00002735_002", "00001749_002", "00002195_002", "00003847_010", "00003263_001", "00007629_002")


def test_letters_on_real_films_are_found_where_they_are_and_gone_once_painted_over(real_images):
    folder = real_images / "classify" / "cxr-pneumonia" / "images"
    if not folder.is_dir():
        pytest.skip("no real chest films here")
    for name in SEEN:
        rows, columns = np.nonzero(burned_in(grey_of(folder / f"{name}.jpg")))
        assert len(rows) > 60
        assert rows.max() < 64, name
        assert columns.min() > 190, name
    found = again = 0
    for path in sorted(folder.glob("*.jpg"))[::10]:
        grey = grey_of(path)
        letters = burned_in(grey)
        found += letters.any()
        again += letters.any() and burned_in(painted_over(grey[None], letters)[0]).any()
    assert found > 25, "most of these films carry a letter"
    assert again <= found / 10


def grey_of(path):
    return np.asarray(Pictures.open(path).convert("L"), np.float32)


def test_a_region_that_two_pictures_share_gets_one_answer_whatever_is_asked_beside_it(reader):
    """One of the two has a letter too, so more is asked about it at once."""
    pixels, _ = film(np.random.default_rng(1), lesion=True, letter=False)
    letter = pixels.copy()
    letter[0, CORNER[0] : CORNER[0] + 9, CORNER[1] : CORNER[1] + 6][LETTER] = 1.0
    samples = [
        Sample(name, name, lambda one=one: Image(one * 1000, None, "DX"), {"nodule": state})
        for name, one, state in (("a", pixels, 0.0), ("b", letter, 1.0))
    ]
    first, second = gazed(reader, samples)
    assert (first.has_marker, second.has_marker) == (False, True)
    assert first.whole != second.whole
    for region in ("top_left", "bottom_left", "bottom_right"):
        assert first.alone[region] == second.alone[region]
