"""Asks one model about locked test pictures whose regions are replaced, the same ones every time.

Two questions. *Does the answer hang on the finding?* Of marked cases the reader's mark is replaced, then equal places
elsewhere in the body. *Does something beside the finding answer as well?* Border, corners, markers and what is outside
the body are taken away from pictures of either state, and left alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from inference.engine.gaze.burned_in import burned_in
from inference.engine.gaze.case import GazeCase, Logits, MarkedPlace
from inference.engine.gaze.regions import Region, edge_regions, equal_places, outside_body
from inference.engine.gaze.replaced import Picture, painted_over, taken_from
from inference.engine.gaze_report import CORNERS, PictureKind, RegionName
from inference.engine.loaded_model import LoadedModel
from inference.engine.question import Question
from inference.engine.sample import Sample

#: Cases of each state of a label whose regions are replaced, drawn at random where there are more; and marked ones.
MOST: Final = 100
MOST_MARKED: Final = 60
#: Of several labels fewer each, so that about as many are asked about in all, and no fewer than this of any.
_IN_ALL: Final = 400
_AT_LEAST: Final = 20
#: Equal places elsewhere, and the fewest of them with which a mark is compared.
DRAWS: Final = 6
FEWEST_DRAWS: Final = 3
#: Logits are rounded to so many decimals: equal pictures get equal answers.
_DECIMALS: Final = 4
#: A mark is taken this much wider on each side, as a share of its shorter side: what it marks may look over its rim.
_RIM: Final = 0.1
#: Of what a patient whose pixels are taken has marked, at most this share of the place is covered.
_FREE: Final = 0.05

Ask = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class _Seen:
    """A case as the model gets it: everything on the grid of the prepared picture, [C, H, W] and [H, W]."""

    sample: Sample
    picture: Picture
    part: tuple[slice, ...]
    marks: Region
    outside: Region
    places: Mapping[str, Region]

    @property
    def inside(self) -> Region:
        """What is picture and no padding."""
        found = np.zeros(self.marks.shape, np.bool_)
        found[self.part] = True
        return found


class Gaze:
    """One model's answers about pictures with replaced regions.

    Args:
        model: of a recipe that reads flat images.
        ask: called before every case with the share done, 0…1; may raise to stop.
    """

    def __init__(self, model: LoadedModel, ask: Ask) -> None:
        self._model, self._ask = model, ask
        self._seen: dict[str, _Seen] = {}
        self._mean: Picture = np.zeros((1, 1, 1), np.float32)
        self._of_mean: Logits = {}

    def run(self, samples: Sequence[Sample]) -> list[GazeCase]:
        """Ask about the chosen cases of the locked test, in its order."""
        labels = self._model.config.labels
        chosen, marked = chosen_cases(samples, labels)
        for number, sample in enumerate(chosen):
            self._ask(0.3 * number / len(chosen))
            self._seen[sample.sample_id] = self._prepared(sample)
        if not self._seen:
            return []
        self._mean = np.mean([one.picture for one in self._seen.values()], axis=0, dtype=np.float32)
        self._of_mean = self._named(self._logits([self._mean])[0])
        found = []
        for number, sample in enumerate(chosen):
            self._ask(0.3 + 0.7 * number / len(chosen))
            found.append(self._asked(self._seen[sample.sample_id], marked))
        return found

    def pictures(self, case_id: str, label: str) -> list[tuple[PictureKind, Picture, float]]:
        """Return a case's pictures [H, W], 0…1, each with a label's logit: as it is, then with a region gone.

        Padding is cut off. What the picture lacks is left out.
        """
        seen = self._seen[case_id]
        edge = edge_regions(seen.marks.shape, seen.part)["edge"]
        made: list[tuple[PictureKind, Picture]] = [("original", seen.picture)]
        if label in seen.places:
            made.append(("finding", painted_over(seen.picture, seen.places[label])))
        if seen.marks.any():
            made.append(("marks", painted_over(seen.picture, seen.marks)))
        made.append(("edge", taken_from(seen.picture, edge, self._mean)))
        said = self._logits([one for _, one in made])[:, self._model.config.labels.index(label)]
        low, high = float(seen.picture.min()), float(seen.picture.max())
        return [
            (kind, np.clip((one.mean(axis=0)[seen.part] - low) / max(high - low, 1e-6), 0, 1), float(logit))
            for (kind, one), logit in zip(made, said, strict=True)
        ]

    def probability(self, label: str, logit: float) -> float:
        """Return the calibrated probability of a label's logit."""
        return float(self._model.calibration[label].probability(np.array([logit]))[0])

    def _prepared(self, sample: Sample) -> _Seen:
        image = sample.load()
        masks = {label: load() for label in self._model.config.labels if (load := sample.regions.get(label))}
        frame = next((int(mask.sum(axis=(1, 2)).argmax()) for mask in masks.values()), 0)
        prepared = self._model.preprocessing.apply(image, frame)
        geometry, part = prepared.geometry, prepared.geometry.inside()
        picture = prepared.tensor.numpy().astype(np.float32)
        pixels = image.pixels_kji[frame]
        letters = np.zeros(image.shape_kji, np.bool_)
        letters[frame] = burned_in(pixels.mean(axis=-1) if image.is_colour else pixels)
        marks = self._model.preprocessing.apply_mask(letters, geometry).numpy() > 0.0
        return _Seen(
            sample=sample,
            picture=picture,
            part=part,
            marks=marks,
            outside=outside_body(picture.mean(axis=0), part, marks),
            places={
                label: _with_rim(place, part)
                for label, mask in masks.items()
                if sample.present.get(label) == 1
                and (place := self._model.preprocessing.apply_mask(mask, geometry).numpy() > 0.0).any()
            },
        )

    def _asked(self, seen: _Seen, marked: Mapping[str, set[str]]) -> GazeCase:
        edges = edge_regions(seen.marks.shape, seen.part)
        body = seen.inside & ~seen.outside
        without: dict[RegionName, Picture] = {"edge": taken_from(seen.picture, edges["edge"], self._mean)}
        alone: dict[RegionName, Picture] = {
            name: taken_from(self._mean, edges[name], seen.picture) for name in ("border", *CORNERS, "centre")
        }
        marks = self._marks_of(seen)
        if marks.any():
            without["marks"] = painted_over(seen.picture, marks)
        if seen.marks.any():
            alone["marks"] = taken_from(self._mean, seen.marks, seen.picture)
        if seen.outside.any() and body.any():
            without["outside"] = _without_outside(seen)
            without["body"] = taken_from(seen.picture, body, self._mean)
        if seen.outside.any():
            alone["outside"] = taken_from(self._mean, seen.outside, seen.picture)
        said = self._logits([seen.picture, *without.values(), *alone.values()])
        of = [self._named(one) for one in said]
        whole, taken, left = of[0], of[1 : 1 + len(without)], of[1 + len(without) :]
        replaced = dict(zip(without, taken, strict=True))
        nothing: tuple[RegionName, ...] = ("marks", "outside", "body")
        places = {
            label: place
            for label, region in seen.places.items()
            if seen.sample.sample_id in marked[label]
            and (place := self._place(seen, label, region, body, edges["edge"])) is not None
        }
        return GazeCase(
            case_id=seen.sample.sample_id,
            patient_key=seen.sample.patient_key,
            truth={label: seen.sample.present.get(label) for label in self._model.config.labels},
            groups=dict(seen.sample.groups),
            has_marker=bool(seen.marks.any()),
            outside_area=float(seen.outside[seen.part].mean()),
            whole=whole,
            without={**{name: whole for name in nothing if name not in replaced}, **replaced},
            # A picture that has no such region says what the mean of all pictures says.
            alone={**dict.fromkeys(("marks", "outside"), self._of_mean), **dict(zip(alone, left, strict=True))},
            places=places,
        )

    def _marks_of(self, seen: _Seen) -> Region:
        """Return a picture's marks; of one that has none the place where another picture's are.

        What is painted over leaves a trace: it may not tell who had a mark.
        """
        rivals = [one for one in self._seen.values() if one.marks.any() and one.marks.shape == seen.marks.shape]
        if seen.marks.any() or not rivals:
            return seen.marks
        return rivals[_seed_of(seen) % len(rivals)].marks & seen.inside

    def _place(self, seen: _Seen, label: str, region: Region, body: Region, edge: Region) -> MarkedPlace | None:
        """Ask about a mark; None where the body has no room for equal places elsewhere."""
        equal = equal_places(region, body, seen.part, DRAWS, _seed_of(seen))
        if len(equal) < FEWEST_DRAWS:
            return None
        other, free = self._other(seen, label, region, equal)
        pictures = [painted_over(seen.picture, one) for one in (region, *equal)]
        if other is not None:
            pictures += [taken_from(seen.picture, one, other.picture) for one in (region, *free)]
        said = [float(one) for one in self._logits(pictures)[:, self._model.config.labels.index(label)]]
        swapped = said[1 + len(equal) :]
        return MarkedPlace(
            painted_over=said[0],
            elsewhere=tuple(said[1 : 1 + len(equal)]),
            swapped=swapped[0] if swapped else None,
            swapped_elsewhere=tuple(swapped[1:]),
            at_edge=float(edge[region].mean()),
        )

    def _other(
        self, seen: _Seen, label: str, region: Region, equal: Sequence[Region]
    ) -> tuple[_Seen | None, list[Region]]:
        """Return another patient with the label whose marks leave the place free, and the equal places they leave."""
        rivals = [
            one
            for one in self._seen.values()
            if one.sample.patient_key != seen.sample.patient_key
            and label in one.places
            and one.picture.shape == seen.picture.shape
            and one.places[label][region].mean() <= _FREE
        ]
        for place in np.random.default_rng(0).permutation(len(rivals)):
            free = [one for one in equal if rivals[place].places[label][one].mean() <= _FREE]
            if len(free) >= FEWEST_DRAWS:
                return rivals[place], free
        return None, []

    def _logits(self, pictures: Sequence[Picture]) -> NDArray[np.float64]:
        """Return what the network says of pictures, [B, L]."""
        batch = torch.from_numpy(np.stack(pictures)).to(self._model.device)
        with torch.no_grad():
            said = [self._model.network(some)["logits"] for some in torch.split(batch, Question.fits(batch.shape[-2:]))]
        # The same picture gets answers that differ in the sixth decimal, by what is asked beside it.
        return torch.cat(said).double().cpu().numpy().round(_DECIMALS)

    def _named(self, logits: NDArray[np.float64]) -> Logits:
        return dict(zip(self._model.config.labels, map(float, logits), strict=True))


def chosen_cases(samples: Sequence[Sample], labels: Sequence[str]) -> tuple[list[Sample], dict[str, set[str]]]:
    """Return the cases that are asked about, in their order, and of each label the names of those whose mark is."""
    lots = np.random.default_rng(0).permutation(len(samples))
    share = max(_AT_LEAST, _IN_ALL // (2 * max(1, len(labels))))
    most, most_marked = min(MOST, share), min(MOST_MARKED, share)
    chosen: set[int] = set()
    marked: dict[str, set[str]] = {}
    for label in labels:
        drawn = [
            place for place in lots if samples[place].present.get(label) == 1 and samples[place].regions.get(label)
        ]
        drawn = drawn[:most_marked]
        marked[label] = {samples[place].sample_id for place in drawn}
        for state in (1.0, 0.0):
            known = [place for place in lots if samples[place].present.get(label) == state]
            # What is marked comes first: it is asked about in any case.
            first = [place for place in known if samples[place].sample_id in marked[label]]
            rest = [place for place in known if samples[place].sample_id not in marked[label]]
            chosen |= {int(place) for place in (first + rest)[:most]}
    return [samples[place] for place in sorted(chosen)], marked


def _seed_of(seen: _Seen) -> int:
    return int(hashlib.sha256(seen.sample.sample_id.encode()).hexdigest()[:8], 16)


def _with_rim(place: Region, part: tuple[slice, ...]) -> Region:
    rows, columns = np.nonzero(place)
    rim = max(1, round(_RIM * min(np.ptp(rows) + 1, np.ptp(columns) + 1)))
    wide = np.zeros_like(place)
    wide[part] = ndimage.binary_dilation(place[part], iterations=rim)
    return wide


def _without_outside(seen: _Seen) -> Picture:
    """Make what is outside the body as dark as the air is there, and paint marks over."""
    air = seen.outside & ~seen.marks
    found = seen.picture.copy()
    if air.any():
        for channel in found:
            channel[air] = np.median(channel[air])
    return painted_over(found, seen.marks)
