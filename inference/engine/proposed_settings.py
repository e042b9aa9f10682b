"""Which settings a dataset's fingerprint asks for, each with the figures it follows from. A table of rules, no torch.

The idea is nnU-Net's (Isensee 2021): what the data say decides grid, patch and batch; what experience says stays as it
is. Each rule looks at the fingerprint and at what the rules before it chose; decision 0038 has the measurements.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from core.numbers import how_many
from inference.engine.config import RecipeConfig
from inference.engine.recipe_card import RecipeCard
from inference.engine.recipe_cards import recipe_card

Json = dict[str, Any]
#: Raise it when the same fingerprint gives other settings.
REVISION: Final = 1
#: Modalities whose pictures mirrored are pictures that might as well have been taken: the probe, the slide, the camera
#: is held either way. A chest or a brain has a left and a right.
_EITHER_WAY: Final = frozenset({"US", "IVUS", "BDUS", "SM", "GM", "XC", "ES", "OP", "OPT", "MG"})
_SIDES: Final = frozenset(
    {"left", "right", "sinister", "dexter", "links", "rechts", "gauche", "droite", "izquierda", "derecha"}
)
#: A marked structure is learned as a whole from this many pixels on, and is lost below.
_PIXELS_OF_A_STRUCTURE, _PIXELS_OF_A_MARK = 16, 6
_WHOLE_BUDGET: Final = 112 * 160
_VOLUME_BUDGET: Final = 160_000
#: Steps after which a tiny network has learned what there is, by the decision's measurements.
_STEPS: Final = {2: 900, 3: 800}
_MOST_EPOCHS: Final = 300
_FEW_STEPS: Final = 2_000
_FEW_CASES: Final = 200


@dataclass(frozen=True)
class Proposed:
    """One setting that the data ask for: its value, what the preset has, and why."""

    name: str
    value: Any
    preset: Any
    reason: str

    def to_json(self) -> Json:
        """Return it as JSON values."""
        return {"name": self.name, "value": self.value, "preset": self.preset, "reason": self.reason}


@dataclass(frozen=True)
class _Case:
    """What a rule looks at: the fingerprint, the recipe's card, the words of the labels, the settings so far."""

    facts: Json
    card: RecipeCard
    words: Sequence[str]
    config: RecipeConfig


Rule = Callable[[_Case], Iterator[tuple[str, Any, str]]]


def proposed_settings(facts: Json, usual: RecipeConfig, words: Sequence[str]) -> list[Proposed]:
    """Return what is proposed besides the preset, in the order of the rules; nothing of an empty dataset.

    Args:
        facts: of ``inference.engine.fingerprint.fingerprint_of``.
        usual: the preset's settings of the recipe and labels, ``tiny``, with its first number of dimensions.
        words: names and meanings of the labels.
    """
    found: dict[str, tuple[Any, str]] = {}
    config = usual
    if not facts["images"]:
        return []
    for rule in _RULES:
        for name, value, reason in rule(_Case(facts, recipe_card(config.recipe), words, config)):
            found[name] = (value, reason)
            if name == "dimensions":
                config = RecipeConfig.for_preset(
                    config.recipe, config.labels, dimensions=value, channels=usual.channels
                )
        chosen = with_values(config.to_json(), {name: value for name, (value, _) in found.items()})
        config = RecipeConfig.from_json(chosen)
    preset = RecipeConfig.for_preset(
        config.recipe, config.labels, dimensions=config.dimensions, channels=usual.channels
    ).to_json()
    proposed = [Proposed(name, value, value_in(preset, name), reason) for name, (value, reason) in found.items()]
    preset_dimensions = usual.dimensions
    return [
        one if one.name != "dimensions" else Proposed(one.name, one.value, preset_dimensions, one.reason)
        for one in proposed
        if one.name == "dimensions" or one.value != one.preset
    ]


def value_in(config: Mapping[str, Any], name: str) -> Any:
    """Return a setting by its name, ``augmentation.noise`` within ``augmentation``."""
    whole, _, part = name.partition(".")
    return config[whole][part] if part else config[whole]


def with_values(config: Mapping[str, Any], values: Mapping[str, Any]) -> Json:
    """Return settings with some of them changed, each by its name as in ``value_in``."""
    changed = dict(config)
    for name, value in values.items():
        whole, _, part = name.partition(".")
        changed[whole] = {**changed[whole], part: value} if part else value
    return changed


def _dimensions(case: _Case) -> Iterator[tuple[str, Any, str]]:
    if len(case.card.dimensions) == 1:
        return
    frames, looked = case.facts["frames"]["median"], case.facts["looked_at"]
    said = sum(entry["present"] + entry["absent"] for entry in case.facts["states"].values())
    share = said / (case.facts["images"] * len(case.facts["states"]))
    if frames < 12 or share < 0.8 or not looked["volumes"] or looked["even_volumes"] < 0.9 * looked["volumes"]:
        return
    why = f"A series has {_n(frames)} slices (median) at even distances, and {share:.0%} of them are read: "
    yield "dimensions", 3, f"{why}a network that sees the volume knows what lies above and below."


def _grid(case: _Case) -> Iterator[tuple[str, Any, str]]:
    """Choose the grid and the size of what the network sees at once."""
    if case.card.fit_in(case.config.dimensions) == "frames":
        yield from _series_grid(case)
    elif case.card.fit_in(case.config.dimensions) == "letterbox":
        yield from _picture_grid(case)
    elif case.config.dimensions == 3:
        yield from _volume_grid(case)
    else:
        yield from _painted_grid(case)


def _picture_grid(case: _Case) -> Iterator[tuple[str, Any, str]]:
    budget, side = math.prod(case.config.image_shape), _smallest_mark(case.facts)
    why = ""
    if side and side * math.sqrt(budget) < _PIXELS_OF_A_MARK:
        budget = min(4 * budget, round((_PIXELS_OF_A_MARK / side) ** 2))
        why = f" Larger than usual: the smallest marks are {side:.1%} of a side."
    shape = _fitted(case.facts, budget)
    yield "image_shape", shape, f"Median {_size(case.facts)} pixels, so {_times(shape)}: in their proportions.{why}"


def _series_grid(case: _Case) -> Iterator[tuple[str, Any, str]]:
    frames = min(96, max(32, _sixteen(case.facts["frames"]["p95"])))
    plane = _fitted(case.facts, math.prod(case.config.image_shape[1:]))
    why = f"Series have {_spread(case.facts['frames'])} slices or frames of {_size(case.facts)} pixels (median): "
    yield "image_shape", [frames, *plane], f"{why}all of them are seen, in their proportions."


def _painted_grid(case: _Case) -> Iterator[tuple[str, Any, str]]:
    """The whole picture where its structures are large enough for it, else patches on a grid that all share."""
    facts, side = case.facts, _smallest_mark(case.facts)
    if case.card.graded == "masks" and side and side * math.sqrt(_WHOLE_BUDGET) >= _PIXELS_OF_A_STRUCTURE:
        why = f"The smallest structure covers {_share(side * side)} of a picture (median): "
        yield "whole_picture", True, f"{why}a patch would show a part of it without its surroundings."
        shape = _fitted(facts, _WHOLE_BUDGET)
        left = _n(side * math.sqrt(math.prod(shape)))
        why = f"Median {_size(facts)} pixels, so {_times(shape)}: pictures keep their proportions, "
        yield "image_shape", shape, f"{why}and the smallest structure is still about {left} pixels across."
        return
    spacing = facts["spacing_mm"]
    if facts["with_spacing"] == facts["images"] and _differs(spacing["rows"]):
        wanted = [spacing["rows"]["median"], spacing["columns"]["median"]]
        why = f"Pixels are {_spread(spacing['rows'])} mm: on a grid of {_mm(wanted)} mm "
        yield "spacing_mm", wanted, f"{why}a structure has the same size in all pictures."
    shape = _fitted(facts, 2 * math.prod(case.config.image_shape))
    why = f"Patches of {_times(shape)}, in the proportions of the pictures ({_size(facts)} pixels): "
    yield "image_shape", shape, f"{why}a whole picture made small would lose what is painted."


def _volume_grid(case: _Case) -> Iterator[tuple[str, Any, str]]:
    facts, spacing = case.facts, case.facts["spacing_mm"]
    axes = ("slices", "rows", "columns")
    size = [facts[name]["median"] for name in ("frames", "rows", "columns")]
    known = spacing["slices"] and facts["with_spacing"] == facts["images"]
    if known and any(_differs(spacing[axis]) for axis in axes):
        wanted = [spacing[axis]["median"] for axis in axes]
        why = f"Distances differ (rows {_spread(spacing['rows'])} mm, slices {_spread(spacing['slices'])} mm): "
        yield "spacing_mm", wanted, f"{why}on the median grid of {_mm(wanted)} mm a structure has the same size in all."
    shape = _volume_patch(size)
    whole = all(n >= m for n, m in zip(shape, size, strict=True))
    why = "a patch shows the whole volume." if whole else "the largest patch that a CPU learns from in good time."
    yield "image_shape", shape, f"Median {_times(size)} voxels, so {_times(shape)}: {why}"


def _channels(case: _Case) -> Iterator[tuple[str, Any, str]]:
    share = case.facts["colour"] / case.facts["images"]
    yield "channels", 3 if share >= 0.1 else 1, f"{share:.0%} of the pictures are in colour."


def _greys(case: _Case) -> Iterator[tuple[str, Any, str]]:
    """CT has a scale of its own: a window by what is marked, or by what is there."""
    looked = case.facts["looked_at"]
    if set(case.facts["modalities"]) != {"CT"} or not looked["greys"]:
        return
    of_marked = looked["marked_greys"]
    low, high = ((of_marked or looked["greys"])[name] for name in ("p0_5", "p99_5"))
    low, high = 10 * math.floor(low / 10), 10 * math.ceil(high / 10)
    if high <= low:
        return
    what = "What readers marked" if of_marked else "These pictures"
    why = f"HU mean the same in every scan. {what}: {low} to {high} HU (0.5th to 99.5th percentile)."
    yield "intensity", "window", why
    yield "window", [(low + high) / 2, float(high - low)], why


def _steps_of_painting(case: _Case) -> Iterator[tuple[str, Any, str]]:
    """Choose batch, epochs, average and moves: measured for painted structures only, so other recipes keep theirs."""
    if case.card.graded == "masks":
        for rule in (_batch, _epochs, _average, _moved):
            chosen = list(rule(case))
            config = with_values(case.config.to_json(), {name: value for name, value, _ in chosen})
            case = replace(case, config=RecipeConfig.from_json(config))
            yield from chosen


def _batch(case: _Case) -> Iterator[tuple[str, Any, str]]:
    cases, least = _cases(case), 2 if case.config.dimensions == 3 else 4
    fitting = max(least, cases // 8)
    if fitting < case.config.batch_size:
        steps = math.ceil(cases / fitting)
        yield "batch_size", fitting, f"{_training_cases(case)}: {fitting} at once give {steps} steps an epoch."


def _epochs(case: _Case) -> Iterator[tuple[str, Any, str]]:
    steps, wanted = _steps(case), _STEPS[case.config.dimensions]
    epochs = min(_MOST_EPOCHS, math.ceil(wanted / steps / 10) * 10)
    if epochs > case.config.epochs:
        an_epoch = how_many(steps, "step", "steps")
        why = f"{_training_cases(case)} make {an_epoch} an epoch; "
        yield "epochs", epochs, f"{why}a network of this size goes on learning for about {wanted:,} steps."


def _average(case: _Case) -> Iterator[tuple[str, Any, str]]:
    if _steps(case) * case.config.epochs < _FEW_STEPS:
        why = f"With {how_many(_steps(case), 'step', 'steps')} an epoch the weights jump from epoch to epoch: "
        yield "ema_decay", 0.95, f"{why}their average over about 20 steps is steadier."


def _moved(case: _Case) -> Iterator[tuple[str, Any, str]]:
    if case.config.whole_picture and _cases(case) < _FEW_CASES:
        why = f"{_training_cases(case)} are few: "
        yield (
            "move_strength",
            2.5,
            f"{why}turned by up to 21° and zoomed and shifted by up to a quarter they stand for more.",
        )


def _mirrored(case: _Case) -> Iterator[tuple[str, Any, str]]:
    sided = [word for word in case.words if _SIDES & set(re.split(r"[\W_]+", word.lower()))]
    kinds = set(case.facts["modalities"])
    if kinds and kinds <= _EITHER_WAY and not sided:
        why = f"No label names a side, and {', '.join(sorted(kinds))} pictures are taken either way round: "
        yield "augmentation.flip_left_right", True, f"{why}a mirrored one is as good as another."


def _marked(case: _Case) -> Iterator[tuple[str, Any, str]]:
    side = _smallest_mark(case.facts)
    if case.card.has_grid(case.config.dimensions) and not case.config.whole_picture and side and side * side < 0.005:
        why = f"The smallest structure covers {_share(side * side)} of its pictures: "
        yield "marked_share", 0.67, f"{why}two of three patches are laid on something marked."


_RULES: Final[tuple[Rule, ...]] = (_dimensions, _grid, _channels, _greys, _steps_of_painting, _mirrored, _marked)


def _cases(case: _Case) -> int:
    """Return how many cases are learned from: series where the network reads volumes."""
    return int(case.facts["series"] if case.config.dimensions == 3 else case.facts["images"])


def _training_cases(case: _Case) -> str:
    return how_many(_cases(case), "training case", "training cases")


def _steps(case: _Case) -> int:
    return max(1, math.ceil(_cases(case) / case.config.batch_size))


def _smallest_mark(facts: Json) -> float | None:
    """Return the side of the label that covers least, as a share of the picture's (of a square as large as it)."""
    shares = [entry["share"]["median"] for entry in facts["marked"].values() if entry["share"]]
    return math.sqrt(min(shares)) if shares else None


def _fitted(facts: Json, budget: float) -> list[int]:
    """Return (rows, columns) in the pictures' proportions of about ``budget`` pixels, and no larger than they are."""
    rows, columns, extent = facts["rows"], facts["columns"], facts["extent_mm"]
    height, width = rows["median"], columns["median"]
    if facts["with_spacing"] == facts["images"]:
        # In mm: pixels may not be square.
        height, width = extent["rows"]["median"], extent["columns"]["median"]
    ratio, side = math.sqrt(height / width), math.sqrt(budget)
    wanted = (side * ratio, rows["p95"]), (side / ratio, columns["p95"])
    return [min(2048, max(32, min(round(n / 16) * 16, _sixteen(most)))) for n, most in wanted]


def _volume_patch(size: Sequence[float]) -> list[int]:
    """Return the patch of a volume: all of it, or smaller along its longest axis again and again until it fits."""
    shape = [max(32, _sixteen(n)) for n in size]
    while math.prod(shape) > _VOLUME_BUDGET:
        longest = max(range(3), key=lambda axis: shape[axis] / size[axis] * 1e-3 + shape[axis])
        if shape[longest] <= 32:
            break
        shape[longest] -= 16
    return shape


def _sixteen(value: float) -> int:
    return max(32, math.ceil(value / 16) * 16)


def _differs(of_axis: Json | None) -> bool:
    return bool(of_axis) and of_axis["p95"] > 1.05 * of_axis["p5"]  # type: ignore[index]


def _n(value: float) -> str:
    return f"{value:,.0f}"


def _mm(values: Sequence[float]) -> str:
    return " × ".join(f"{value:.3g}" for value in values)


def _times(values: Sequence[float]) -> str:
    return " × ".join(_n(value) for value in values)


def _size(facts: Json) -> str:
    return _times((facts["rows"]["median"], facts["columns"]["median"]))


def _share(value: float) -> str:
    return f"{value:.0%}" if value >= 0.02 else f"{value:.1%}" if value >= 0.001 else f"{value:.2%}"


def _spread(of_axis: Json) -> str:
    return f"{of_axis['p5']:.3g} to {of_axis['p95']:.3g}" if of_axis["p5"] != of_axis["p95"] else f"{of_axis['p5']:.3g}"
