"""Digests are of canonical JSON, in which a number means the same to every program."""

from __future__ import annotations

import pytest

from core.digest import canonical_json
from core.errors import Invalid
from core.numbers import EXACT


def test_a_whole_number_that_not_every_program_holds_is_refused_in_words() -> None:
    assert canonical_json({"b": EXACT, "a": -EXACT}) == b'{"a":-9007199254740991,"b":9007199254740991}'
    for number in (EXACT + 1, -EXACT - 1, 2**63 - 1):
        with pytest.raises(Invalid) as refused:
            canonical_json({"content": [number]})
        assert refused.value.code == "number_too_large"
