"""What README tells: its numbered steps, sentence by sentence, in order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

README: Final = Path(__file__).resolve().parents[2] / "README.md"
_STORY: Final = re.compile(r"^## Five minutes.*?$(.*?)^\[The user guide\]", re.MULTILINE | re.DOTALL)
_IMAGE: Final = re.compile(r"!\[[^\]]*\]\([^)]*\)")
#: A sentence ends before a space and something that begins one: a capital, code, bold or italics.
_END: Final = re.compile(r"(?<=[.?])\s+(?=[A-Z`*])|(?<=\)\.)\s+|(?<=\.\*\*)\s+")


def story_told() -> list[str]:
    """Return the sentences of the steps, without pictures, each on one line."""
    found = _STORY.search(README.read_text())
    assert found is not None, "README has no story of five minutes"
    steps = re.split(r"^\d+\. ", found.group(1), flags=re.MULTILINE)[1:]
    plain = [" ".join(_IMAGE.sub("", step).split()) for step in steps]
    return [sentence for step in plain for sentence in _END.split(step) if sentence]
