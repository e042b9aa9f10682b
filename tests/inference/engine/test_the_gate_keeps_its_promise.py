"""A version that is worse by the whole limit passes in 2.5 of 100 tries at most; docs/the-gate.md has the long form."""

import re

import pytest

from benchmarks.gate_settings import all_worlds
from benchmarks.gate_world import World, most_by_chance

#: Settings of the short form: small test sets, where the promise was broken, and one larger.
SHORT = re.compile(
    r"^AUC: (10\+10|10\+40|20\+50|40\+100), AUC (0\.99|0\.9) .*alike (0\.5|0\.9)$"
    r"|^AUC: 400\+1600, AUC (0\.995|0\.9) .*alike 0\.8$"
    r"|^AUC, (4 images a patient|3 labels): (10\+40|40\+100), AUC 0\.99$"
    r"|^A benefit \(equal models\): (10\+10|40\+100),"
    r"|^Sensitivity(, 4 images a patient)?: (10|40) patients, (99|75)% right, alike 0\.5"
    r"|^Specificity: 40 patients, 90% right"
    r"|^Decisions that become wrong: (50|200) patients"
    r"|^Calibration error: (50|200) patients"
    r"|^A subgroup: 100 patients in 4 groups"
    r"|^Dice(, 4 images a patient)?: (10|40) patients, (0|100)% of the loss"
    r"|^Masks: (cases found|healthy cases left clean)(, 4 images a patient)?: (10\+10|40\+100), 90%"
    r"|^Masks: (paint on healthy cases|Dice with empty cases|a benefit \(equal models\)): (20\+50|100\+200)"
    r"|^Masks: (Dice, 3 labels: 40 patients|decisions that become wrong: (50|200) patients)"
    r"|^A first model's AUC(, 4 images a patient)?: (10\+10|40\+100), (1 labels, floor 0\.(8|95)|3 labels, floor 0\.8)"
    r"|^A first model's AUC above simple answers: (10\+40|40\+100), AUC 0\.(6|8), 1 answers"
    r"|^A first model's Dice above guesses: (10|40) patients, (1|5) guesses, alike 0\.[58]"
    r"|^A first model's (decisions|paint): no more than a coin(, 4 images a patient)?: (10\+10|40\+100),"
    r"|^A first model's (Dice(, 4 images a patient)?: (10|40) patients, 10%|calibration error: 200)"
)
WORLDS = {f"{world.criterion}: {world.setting}": world for world in all_worlds()}


@pytest.mark.parametrize("name", ["AUC: 10+10, AUC 0.99 → 0.94, alike 0.8", "AUC: 10+40, AUC 0.99 → 0.94, alike 0.8"])
def test_on_ten_patients_nobody_passes_who_is_worse_by_the_whole_margin(name: str) -> None:
    """Before, about one in five did."""
    measured = WORLDS[name].measure(150)
    assert measured.passed <= most_by_chance(150)
    assert measured.passed_before is not None
    assert measured.passed_before > 0.08 * measured.runs


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in WORLDS if SHORT.search(name)])
def test_a_version_at_the_limit_passes_no_oftener_than_promised(name: str) -> None:
    world = WORLDS[name]
    # As many tries for the costly worlds as for the others; 999 of 1,000 measurements of a true 2.5 % lie below.
    measured = World(world.criterion, world.setting, world.draw).measure(400)
    assert measured.passed <= most_by_chance(measured.runs), f"{measured.passed} of {measured.runs}"


def test_the_short_form_holds_every_criterion() -> None:
    assert len(WORLDS) == len(list(all_worlds())), "two settings of one name: one of them would never be measured"
    chosen = {WORLDS[name].criterion for name in WORLDS if SHORT.search(name)}
    assert chosen == {world.criterion for world in WORLDS.values()}
