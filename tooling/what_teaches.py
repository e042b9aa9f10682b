"""Write the tables of ``docs/what-teaches.md`` from ``annotations.dataset.teaching``; run it when that changes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from annotations.dataset.teaching import Cell, Row

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "what-teaches.md"
_BEGIN, _END = "<!-- {}: written by tooling/what_teaches.py -->", "<!-- end of {} -->"


def _answer(cell: Cell) -> str:
    return str(cell.says)


def _drawing(cell: Cell) -> str:
    from annotations.dataset.teaching import Place, Says

    says = "that it is there" if cell.says is Says.AS_SAID else str(cell.says)
    places = {
        Place.TAUGHT: "that it is there, and where",
        Place.REJECTED: f"{'' if cell.says is Says.NOTHING else f'{says}, but '}not at this place",
        Place.NOTHING: says,
    }
    return places[cell.place]


def _worth(row: Row) -> str:
    from annotations.dataset.teaching import PROVENANCE

    names = sorted({cell.provenance for cell in (row.answer, row.drawing) if cell.provenance})
    return ", ".join(f"`{name}` {PROVENANCE[name].weight} × {PROVENANCE[name].sampling}" for name in names) or "–"


def _lines(rows: Iterable[Row]) -> list[str]:
    found = ["| what happens | an answer then teaches | a drawing then teaches | weight × draws | may test |"]
    found.append("|---|---|---|---|---|")
    for row in rows:
        undecidable = row.answer.provenance and row.answer.says.value.startswith("unknown")
        worth, tests = ("–", False) if undecidable else (_worth(row), row.answer.tests or row.drawing.tests)
        cells = (row.words, _answer(row.answer), _drawing(row.drawing), worth, "yes" if tests else "no")
        found.append(f"| {' | '.join(cells)} |")
    return found


def _provenances() -> list[str]:
    from annotations.dataset.teaching import PROVENANCE

    found = ["| provenance | means | weight | drawn |", "|---|---|---|---|"]
    found += [f"| `{name}` | {one.words} | {one.weight} | {one.sampling}× |" for name, one in PROVENANCE.items()]
    return found


def tables() -> dict[str, list[str]]:
    """Return the lines of each table of the page, by name."""
    from annotations.dataset.teaching import ACTS, MODEL_REJECTED, PERSON_REJECTED

    shown: set[str] = set()

    def acts(*names: str) -> list[str]:
        chosen = {act: row for act, row in ACTS.items() if str(act).startswith(names)}
        shown.update(chosen)
        return _lines(chosen.values())

    def rejected(rows: Mapping[str, Row]) -> list[str]:
        return _lines(rows.values())

    found = {
        "readers": acts("not_signed", "abandoned", "read_", "found_"),
        "decisions about readers' findings": acts("upheld", "corrected", "turned", "denial"),
        "rejections of readers' findings": rejected(PERSON_REJECTED),
        "additions": acts("added"),
        "models' findings": acts("model_"),
        "rejections of models' findings": rejected(MODEL_REJECTED),
        "provenances": _provenances(),
    }
    if missing := set(ACTS) - shown:
        raise ValueError(f"no table shows {sorted(missing)}")
    return found


def page(text: str) -> str:
    """Return the page with its tables written anew."""
    for name, lines in tables().items():
        begin, end = _BEGIN.format(name), _END.format(name)
        before, rest = text.split(begin)
        text = "\n".join([before + begin, *lines, end + rest.split(end)[1]])
    return text


def main() -> None:
    """Rewrite the page."""
    import django

    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    django.setup()
    PAGE.write_text(page(PAGE.read_text()))


if __name__ == "__main__":
    main()
