"""The kinds of findings, each in a file of its own: a new kind is a new file here and one in the front end.

Every module holds one ``KIND``; nothing else lists them. ``tests/fixtures/kinds.json`` holds what each kind measures
and which pixels it takes, read by the tests of both languages.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from annotations.geometry.kind import Area, Kind, Shape

_MODULES: Final = sorted(module.name for module in iter_modules(__path__))

#: Every kind by its name.
KINDS: Final[dict[str, Kind]] = {
    kind.name: kind for kind in (import_module(f"{__name__}.{name}").KIND for name in _MODULES)
}
#: Those drawn with points.
SHAPES: Final[dict[str, Shape]] = {name: kind for name, kind in KINDS.items() if isinstance(kind, Shape)}
#: Those of them that enclose pixels.
AREAS: Final[dict[str, Area]] = {name: kind for name, kind in SHAPES.items() if isinstance(kind, Area)}
