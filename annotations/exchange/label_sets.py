"""Label sets as CSV and as JSON: what is written can be read again, and what cannot be read is named line by line."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from core.errors import Invalid
from core.numbers import how_many

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROW_LIMIT: Final = 1000
#: CSV's column → the field; other spellings that people write are read too.
COLUMNS: Final = {
    "key": "key",
    "meaning": "code_meaning",
    "code": "code_value",
    "scheme": "coding_scheme_designator",
    "uses": "uses",
    "colour": "color",
}
_SPELLINGS: Final = {
    "code meaning": "code_meaning",
    "code value": "code_value",
    "coding scheme": "coding_scheme_designator",
    "coding scheme designator": "coding_scheme_designator",
    "code scheme": "coding_scheme_designator",
    "color": "color",
    "use": "uses",
}
#: Given to labels that come without a colour, in turn; far apart on a grey picture.
PALETTE: Final = (
    "#f59f00", "#1f8ef1", "#f03e3e", "#12b886", "#ae3ec9", "#82c91e", "#e8590c", "#15aabf", "#e64980", "#fab005",
)  # fmt: skip
_TO_READ: Final = {"csv": "CSV", "json": "JSON"}
#: pydantic's kind of fault → what to write instead, by field.
_WRITE: Final = {
    "key": "Write a short key of letters, digits, - and _ (at most 40).",
    "code_meaning": "Write what the code means, in at most 64 characters.",
    "code_value": "Write the code's value, in at most 64 characters.",
    "coding_scheme_designator": "Write the coding scheme, such as SCT, in at most 16 characters.",
    "uses": "Write one or more of image, region, segment, separated by spaces.",
    "color": "Write a colour as #rrggbb, or leave it out.",
}


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("control characters")
    return text


_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), AfterValidator(_one_line)]


class LabelRow(BaseModel):
    """One label of a set: a coded concept (PS3.3 section 8.8), what it is used for, and its colour."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9_-]{1,40}$")]
    code_meaning: _Text
    code_value: _Text
    coding_scheme_designator: Annotated[_Text, Field(max_length=16)]
    uses: Annotated[tuple[Literal["image", "region", "segment"], ...], Field(min_length=1)]
    color: Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^(#[0-9a-fA-F]{6})?$")] = ""

    @field_validator("uses")
    @classmethod
    def _each_once(cls, uses: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(uses))


def label_set_wrong(lines: list[dict[str, Any]]) -> Invalid:
    """Return the error that names what is wrong in which line; nothing of such a set is taken."""
    count = len(lines)
    return Invalid(
        "label_set_wrong",
        f"{how_many(count, 'line is', 'lines are')} wrong, so nothing was imported. See detail.lines.",
        lines=lines[:100],
    )


def rows_from(form: str, text: str) -> list[tuple[int, LabelRow]]:
    """Read a label set.

    Args:
        form: ``csv`` (a heading line with the names of ``COLUMNS``; comma, semicolon or tab) or ``json``.
        text: the file's content.

    Returns:
        ``(line, row)`` pairs; in JSON the line is the place in the list, from 1.

    Raises:
        Invalid: ``label_set_wrong`` with ``detail.lines``, or ``label_set_unreadable``.
    """
    given = list(_of_csv(text) if form == "csv" else _of_json(text))
    if not given:
        raise Invalid("label_set_empty", "There is no label in this file.")
    if len(given) > ROW_LIMIT:
        raise Invalid("label_set_too_long", f"A label set has at most {ROW_LIMIT:,} labels.")
    rows: list[tuple[int, LabelRow]] = []
    wrong: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for line, fields in given:
        try:
            row = LabelRow.model_validate(fields)
        except ValidationError as error:
            wrong += [{"line": line, **_fault(problem["loc"])} for problem in error.errors()]
            continue
        first = seen.setdefault(row.key, line)
        if first != line:
            wrong.append({"line": line, "column": "key", "message": f"The key {row.key} stands in line {first} too."})
        rows.append((line, row))
    if wrong:
        raise label_set_wrong(wrong)
    return rows


def _fault(place: tuple[int | str, ...]) -> dict[str, str]:
    field = str(place[0]) if place else ""
    column = next((name for name, known in COLUMNS.items() if known == field), field)
    known = ", ".join(COLUMNS)
    return {"column": column, "message": _WRITE.get(field, f"There is no such column. The columns are {known}.")}


def _unreadable(form: str, why: str) -> Invalid:
    return Invalid("label_set_unreadable", f"This is not {_TO_READ[form]} as it is read here: {why}")


def _of_csv(text: str) -> Iterable[tuple[int, dict[str, Any]]]:
    text = text.removeprefix("\ufeff")
    heading = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    fields: list[str] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if fields is None:
                fields = _fields_of(cells)
                continue
            line = reader.line_num
            named: dict[str, Any] = dict(zip(fields, cells, strict=False))
            named |= {f"cell {place + 1}": cell for place, cell in enumerate(cells) if place >= len(fields) and cell}
            yield line, {**named, "uses": named.get("uses", "").replace(";", " ").replace(",", " ").lower().split()}
    except csv.Error:
        raise _unreadable("csv", f"line {reader.line_num} has a quote that does not end.") from None


def _fields_of(heading: list[str]) -> list[str]:
    words = [" ".join(cell.strip().lower().replace("_", " ").split()) for cell in heading]
    fields = [COLUMNS.get(word) or _SPELLINGS.get(word) or word for word in words]
    missing = [name for name, field in COLUMNS.items() if field not in fields and name != "colour"]
    if missing:
        raise _unreadable("csv", f"the heading lacks {', '.join(missing)}. It has to name {', '.join(COLUMNS)}.")
    if len(set(fields)) < len(fields):
        raise _unreadable("csv", "the heading names a column twice.")
    return fields


def _of_json(text: str) -> Iterable[tuple[int, Any]]:
    try:
        value = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        raise _unreadable("json", "it is not JSON at all.") from None
    if isinstance(value, dict):
        value = value.get("labels")
    if not isinstance(value, list):
        raise _unreadable("json", 'it has to be a list of labels, or {"labels": [...]}.')
    for place, item in enumerate(value, start=1):
        if not isinstance(item, dict):
            yield place, {}
            continue
        named = {COLUMNS.get(name, name): content for name, content in item.items()}
        yield place, named


def csv_of(rows: Iterable[LabelRow]) -> str:
    """Return a label set as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        fields: Mapping[str, Any] = row.model_dump()
        writer.writerow(" ".join(fields[name]) if name == "uses" else fields[name] for name in COLUMNS.values())
    return out.getvalue()


def json_of(rows: Iterable[LabelRow]) -> str:
    """Return a label set as JSON."""
    named = [{name: row.model_dump(mode="json")[field] for name, field in COLUMNS.items()} for row in rows]
    return json.dumps({"labels": named}, indent=2, ensure_ascii=False)
