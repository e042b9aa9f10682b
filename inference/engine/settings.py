"""Settings that check themselves: frozen, strict, JSON there and back, every refusal a sentence with the name in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from inference.engine.errors import ConfigError


class Settings(BaseModel):
    """Base of what a person may set: an unknown name, a wrong type or a value out of range is a ``ConfigError``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    #: How the refusals call one value and the code they carry.
    word: ClassVar[str] = "setting"
    code: ClassVar[str] = "config_value"
    unknown_code: ClassVar[str] = "config_unknown_name"

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read settings from JSON values; what is not named takes its default.

        Raises:
            ConfigError: an unknown name, a wrong type or a value out of range.
        """
        if not isinstance(values, Mapping):
            raise ConfigError(cls.code, f"The {cls.word}s are an object of names and values.")
        try:
            # As JSON: there a list is a tuple, and 1 is a float but true is not a number.
            return cls.model_validate_json(json.dumps(dict(values)))
        except ValidationError as error:
            raise _refusal(cls, error) from None
        except (TypeError, ValueError):
            raise ConfigError(cls.code, f"A {cls.word} has a value that is not JSON.") from None

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON values; ``from_json`` reads them back."""
        return self.model_dump(mode="json")

    @classmethod
    def entries(cls) -> list[dict[str, Any]]:
        """Return each setting that a person may choose: what a form needs to ask for it.

        A setting that holds others (``augmentation``) is told by those, as ``augmentation.noise``. Left out is what
        carries ``{"chosen": False}``. Each entry has ``name``, ``title``, ``description``; ``kind``: "choice",
        "switch", "count" (a whole number), "share" (any number) or "list" (numbers); ``choices``; ``minimum`` and
        ``maximum``, of each number of a list; ``optional``, where it may be None; ``default``; ``usual``, where many
        will change it; ``nothing_at``, the value by which it asks for nothing, else None.
        """
        schema = cls.model_json_schema()
        return _entries(schema["properties"], schema.get("$defs", {}), "")


def _entries(properties: dict[str, Any], parts: dict[str, Any], before: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name, entry in properties.items():
        if entry.get("chosen") is False:
            continue
        if "$ref" in entry:
            found += _entries(parts[entry["$ref"].rsplit("/", 1)[-1]]["properties"], parts, f"{before}{name}.")
            continue
        value = next((one for one in entry.get("anyOf", ()) if one.get("type") != "null"), entry)
        number = _number_of(value)
        found.append(
            {"name": before + name, "title": entry["title"], "description": entry["description"],
             "kind": _kind(value), "choices": value.get("enum", []),
             "minimum": number.get("minimum", number.get("exclusiveMinimum")),
             "maximum": number.get("maximum", number.get("exclusiveMaximum")),
             "optional": value is not entry, "default": entry.get("default"), "usual": entry.get("usual", False),
             "nothing_at": entry.get("nothing_at")}
        )  # fmt: skip
    return found


def _number_of(value: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a number, or of those in a list where they all have the same."""
    of_list = value.get("items", value)
    return of_list if isinstance(of_list, dict) else {}


def _kind(value: dict[str, Any]) -> str:
    if "enum" in value:
        return "choice"
    return {"boolean": "switch", "integer": "count", "array": "list"}.get(value["type"], "share")


def _refusal(kind: type[Settings], error: ValidationError) -> ConfigError:
    problems = error.errors(include_url=False, include_context=True)
    unknown = sorted(_name(one) for one in problems if one["type"] == "extra_forbidden")
    if unknown:
        return ConfigError(kind.unknown_code, f"There is no {kind.word} named {', '.join(unknown)}.", names=unknown)
    missing = [_name(one) for one in problems if one["type"] == "missing"]
    if missing:
        return ConfigError(kind.code, f"The {kind.word}s need {' and '.join(missing)}.", missing=missing)
    first = problems[0]
    name = _name(first)
    said = first["msg"].removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
    return ConfigError(kind.code, f"{name} {said}." if name else f"{said}.", name=name)


def _name(problem: ErrorDetails) -> str:
    return ".".join(str(part) for part in problem["loc"] if isinstance(part, str))
