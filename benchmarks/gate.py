"""Does the gate keep its promise? A worse model may pass in 2.5 of 100 tries: measured on invented test sets.

    .venv/bin/python benchmarks/gate.py [--runs 2000] [--only AUC] [--keep figures.jsonl]
    .venv/bin/python benchmarks/gate.py --write figures.jsonl

In every world the new model is worse by *exactly* the limit of the criterion, so each pass is an error. ``--write``
puts the tables into docs/the-gate.md and draws the power curves in docs/images. Seeds are fixed.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator, Set
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE))

from benchmarks import gate_worlds as worlds  # noqa: E402
from benchmarks.gate_settings import all_worlds  # noqa: E402
from benchmarks.gate_world import Measured  # noqa: E402
from inference.engine import criteria  # noqa: E402
from inference.engine.gate_plan import GatePlan  # noqa: E402


def measure(runs: int, *, only: str, skip: Set[str], until: float) -> Iterator[Measured]:
    """Measure the worlds whose names begin with ``only`` and are not to be skipped, as long as there is time."""
    for world in all_worlds():
        if world.name.startswith(only) and world.name not in skip:
            if time.monotonic() > until:
                print("out of time: say it again to go on", flush=True)
                return
            yield world.measure(runs)


def shown(one: Measured) -> str:
    before = "" if one.passed_before is None else f"  before {one.passed_before / one.runs:6.1%}"
    return f"{one.rate:6.1%}{before}  of {one.runs:5}  {one.world.name}{'  !' if one.rate > one.most else ''}"


def power(runs: int) -> Iterator[dict[str, object]]:
    """Draw equally good models and count how often that is shown: the dots beside the advisor's curves."""
    rng = np.random.default_rng(7)
    for margin in (0.02, 0.05, 0.1):
        for patients in (100, 200, 400, 800):
            positives = round(0.3 * patients)
            passed = sum(
                criteria.non_inferior(
                    worlds.auc(rng, positives, patients - positives, 0.9, 0.0, 0.8), GatePlan(margin=margin)
                ).passed
                is True
                for _ in range(runs)
            )
            yield {"power": "auc", "margin": margin, "patients": patients, "passed": passed, "runs": runs}
    for margin in (0.05, 0.1, 0.2):
        for patients in (50, 100, 200, 400):
            plan, passed = GatePlan(sensitivity_margin=margin), 0
            for _ in range(runs):
                passed += worlds.sensitivity(worlds.changing(rng, patients, 0.1), plan).passed is True
            yield {"power": "decisions", "margin": margin, "patients": patients, "passed": passed, "runs": runs}


def main() -> int:
    """Measure, print, and keep or write where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--only", default="", help="criteria that begin with this, or power")
    parser.add_argument("--keep", type=Path, help="add the figures to this file of JSON lines; what is in it is done")
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin no world after so many")
    parser.add_argument("--write", type=Path, help="measure nothing: write the pages from such a file")
    asked = parser.parse_args()
    if asked.write:
        from benchmarks.gate_pages import write

        write([json.loads(line) for line in asked.write.read_text().splitlines()])
        return 0
    if asked.only == "power":
        drawn = list(power(asked.runs))
        print(*drawn, sep="\n")
        if asked.keep:
            with asked.keep.open("a") as file:
                file.writelines(json.dumps(one) + "\n" for one in drawn)
        return 0
    known: dict[str, dict[str, object]] = {}
    if asked.keep and asked.keep.exists():
        lines = map(json.loads, asked.keep.read_text().splitlines())
        known = {f"{one['criterion']}: {one['setting']}": one for one in lines if "criterion" in one}
    over = 0
    until = time.monotonic() + asked.seconds
    for one in measure(asked.runs, only=asked.only, skip=set(known), until=until):
        print(shown(one), flush=True)
        over += one.rate > one.most
        if asked.keep:
            with asked.keep.open("a") as file:
                file.write(json.dumps(one.to_json()) + "\n")
    print(f"{over} over what chance allows")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
