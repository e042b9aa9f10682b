"""What is kept of how maps do on marked test cases (``inference.engine.map_tournament``). Knows no numpy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

from inference.engine.kept import Figure, Kept

FixedPlaceName = Literal["centre", "location", "bright"]
FIXED_PLACES: Final[tuple[FixedPlaceName, ...]] = get_args(FixedPlaceName)

FIXED_PLACE_WORDS: Final[Mapping[FixedPlaceName, str]] = {
    "centre": "the middle of the picture",
    "location": "where marks of the training cases lie most",
    "bright": "the brightest place",
}
#: Where no training case is marked.
OTHERS_WORDS: Final = "where marks of the other test patients lie most"


MapQuestion = Literal["place", "outside", "twin", "repeat", "removal"]


class FixedPlace(Kept):
    """How an answer without a model points (``inference.engine.fixed_places``), on all graded cases."""

    name: FixedPlaceName
    words: str
    hits: int
    cases: int


class MapGrade(Kept):
    """How one kind of map did on marked test cases (``inference.engine.map_tournament``).

    What fails a question is not asked the next, costlier one: its figures are null.

    Attributes:
        method: key of the recipe's card; ``label`` is what it was called.
        layer: of the network, or "input".
        cases: on how many marked cases it was asked where it points.
        hits: on how many of them its strongest place lies in the mark.
        hit_rate: their share.
        energy: mean share of the map that lies in the mark.
        fixed_hits: how often ``fixed_place``, the better of those that decide, lies in the mark on the same cases.
        outside: share of the map outside the body, ``outside_area`` of the picture; null where no picture has any.
        twin_cases, twin_hits, twin_likeness: of the network with random weights: structural similarity of both maps.
        repeat: structural similarity of two runs.
        removal_cases: on how many the next four were asked.
        deletion, insertion: mean probability while marked places are blurred away first, or brought back first.
        random_deletion, random_insertion: the same in random order.
        faster: random_deletion less deletion, above 0 where the map knows what the answer hangs on.
        passed: it may be shown.
        fails: the question that it fails, and ``why`` as a sentence; null and empty where it passed.
    """

    method: str
    label: str
    layer: str
    cases: int
    hits: int
    hit_rate: Figure
    energy: float
    fixed_place: FixedPlaceName
    fixed_hits: int
    outside: float | None = None
    outside_area: float | None = None
    twin_cases: int | None = None
    twin_hits: int | None = None
    twin_likeness: float | None = None
    repeat: float | None = None
    removal_cases: int | None = None
    deletion: float | None = None
    random_deletion: float | None = None
    insertion: float | None = None
    random_insertion: float | None = None
    faster: Figure | None = None
    passed: bool
    fails: MapQuestion | None = None
    why: str


class MapGrades(Kept):
    """The grades of a label's maps, the best first: which of them a version may show.

    Attributes:
        marked: test cases with the label and a reader's mark of it.
        fewest: with fewer of them nothing is graded.
        stands: "graded", or "cannot_tell" with too few.
        winner: the method that is offered first; null where none passed or nothing was graded.
        sentence: that in words.
        even: mean share of the picture that the marks cover: the energy of a map that says nothing.
        location_energy: of the mean of the marks whose place is compared with.
        fixed: what answers without a model hit.
        grades: those that passed, the best first; then the others.
    """

    marked: int
    fewest: int
    stands: Literal["graded", "cannot_tell"]
    winner: str | None
    sentence: str
    even: float | None = None
    location_energy: float | None = None
    fixed: tuple[FixedPlace, ...] = ()
    grades: tuple[MapGrade, ...] = ()
