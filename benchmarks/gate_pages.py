"""What was measured of the gate: tables in docs/the-gate.md and curves in docs/images, a few lines of SVG each."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

from inference.engine.power import auc_provable, decisions_provable

HERE = Path(__file__).resolve().parent.parent
PAGE, IMAGES = HERE / "docs" / "the-gate.md", HERE / "docs" / "images"
SHARE_POSITIVE = 0.3
_COLOURS = ("#4cc38a", "#5aa9e6", "#f5b042", "#f2706b")
_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 640, 340, 56, 16, 150, 48


def write(lines: list[dict[str, Any]]) -> None:
    """Write tables and curves from the figures that ``gate.py --keep`` kept; of a world measured twice the later."""
    worlds = list({(one["criterion"], one["setting"]): one for one in lines if "criterion" in one}.values())
    points = [one for one in lines if "power" in one]
    _put("worst", _worst(worlds))
    if any(one["criterion"] == "AUC" for one in worlds):
        _put("auc", _auc(worlds))
    for name, title, sizes, margins in (
        ("auc", "ROC AUC not lower by", (50, 3000), (0.02, 0.05, 0.1)),
        ("decisions", "Sensitivity or specificity not lower by", (20, 1200), (0.05, 0.1, 0.2)),
    ):
        drawn = _curves(name, title, sizes, margins, [one for one in points if one["power"] == name])
        (IMAGES / f"gate-power-{name}.svg").write_text(drawn)


def _put(name: str, table: str) -> None:
    """Put a table between its two marks on the page."""
    page = PAGE.read_text()
    begin, end = f"<!-- measured: {name} -->\n", f"<!-- end: {name} -->"
    head, rest = page.split(begin)
    PAGE.write_text(head + begin + table + end + rest.split(end)[1])


def _percent(count: int, runs: int) -> str:
    return f"{100 * count / runs:.1f} %"


def _worst(worlds: list[dict[str, Any]]) -> str:
    """The worst setting of each criterion, before and now."""
    by_criterion: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in worlds:
        by_criterion[one["criterion"]].append(one)
    rows = [
        "| criterion | settings | tries each | worst before | worst now | chance explains | where |",
        "|---|---|---|---|---|---|---|",
    ]
    for criterion, members in by_criterion.items():
        now = max(members, key=lambda one: one["passed"] / one["runs"])
        known = [one for one in members if one["before"] is not None]
        before = max(known, key=lambda one: one["before"] / one["runs"]) if known else None
        tries = sorted({one["runs"] for one in members})
        rows.append(
            f"| {criterion} | {len(members)} | {'–'.join(map(str, {tries[0]: 0, tries[-1]: 0}))} | "
            f"{_percent(before['before'], before['runs']) if before else '–'} | "
            f"**{_percent(now['passed'], now['runs'])}** | {100 * now['most']:.1f} % | {now['setting']} |"
        )
    return "\n".join(rows) + "\n"


def _auc(worlds: list[dict[str, Any]]) -> str:
    """The AUC's table, scores alike by 0.8: rows by AUC, columns by size, before → now."""
    found = {
        one["setting"]: one for one in worlds if one["criterion"] == "AUC" and one["setting"].endswith("alike 0.8")
    }
    sizes = list(dict.fromkeys(setting.split(",")[0] for setting in found))
    aucs = list(dict.fromkeys(setting.split(",")[1].strip() for setting in found))
    rows = [f"| true AUC, live → new | {' | '.join(sizes)} |", f"|---|{'---|' * len(sizes)}"]
    for auc in aucs:
        cells = [found[f"{size}, {auc}, alike 0.8"] for size in sizes]
        shown = [
            f"{_percent(one['before'], one['runs'])} → **{_percent(one['passed'], one['runs'])}**" for one in cells
        ]
        rows.append(f"| {auc.removeprefix('AUC ')} | {' | '.join(shown)} |")
    return "\n".join(rows) + "\n"


def chance(name: str, patients: int, margin: float) -> float:
    """Return what the advisor tells of so many patients (for the AUC 30 % of them positive)."""
    if name == "auc":
        positives = round(SHARE_POSITIVE * patients)
        return auc_provable(positives, patients - positives, margin).chance
    return decisions_provable(patients, margin).chance


def _curves(
    name: str, title: str, sizes: tuple[int, int], margins: tuple[float, ...], points: list[dict[str, Any]]
) -> str:
    low, high = map(math.log, sizes)

    def x(patients: float) -> float:
        return _LEFT + (math.log(patients) - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    def y(share: float) -> float:
        return _TOP + (1 - share) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        'font-size="12"><rect width="100%" height="100%" fill="#14171c"/>'
    ]
    parts += [
        f'<path d="M{_LEFT} {y(share):.1f}H{_WIDTH - _RIGHT}" stroke="#2c323b"/><text x="{_LEFT - 8}" '
        f'y="{y(share) + 4:.1f}" fill="#c3cad4" text-anchor="end">{share:.0%}</text>'
        for share in (0, 0.2, 0.4, 0.6, 0.8, 1)
    ]
    ticks = [tick for tick in (20, 50, 100, 200, 400, 800, 1600, 3000) if sizes[0] <= tick <= sizes[1]]
    parts += [
        f'<text x="{x(tick):.1f}" y="{_HEIGHT - _BOTTOM + 18}" fill="#c3cad4" text-anchor="middle">{tick}</text>'
        for tick in ticks
    ]
    what = "test patients, 30 % positive" if name == "auc" else "test patients of that state"
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(
        f'<text x="{middle}" y="{_HEIGHT - 10}" fill="#c3cad4" text-anchor="middle">{what}</text>'
        f'<text x="{_WIDTH - _RIGHT + 10}" y="{_TOP + 10}" fill="#c3cad4">not lower by</text>'
    )
    steps = [math.exp(low + (high - low) * k / 60) for k in range(61)]
    for k, margin in enumerate(margins):
        line = " ".join(f"{x(one):.1f},{y(chance(name, round(one), margin)):.1f}" for one in steps)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{_COLOURS[k]}" stroke-width="2"/>')
        own = [(x(one["patients"]), y(one["passed"] / one["runs"])) for one in points if one["margin"] == margin]
        parts += [f'<circle cx="{at:.1f}" cy="{up:.1f}" r="4" fill="{_COLOURS[k]}"/>' for at, up in own]
        parts.append(
            f'<text x="{_WIDTH - _RIGHT + 10}" y="{_TOP + 32 + 20 * k}" fill="{_COLOURS[k]}">{margin:g}</text>'
        )
    return "\n".join(parts) + f"<title>{title} …: chance that an equally good version is shown to be so</title></svg>\n"
