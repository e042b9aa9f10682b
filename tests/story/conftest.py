"""Fixtures of the story: the tiny network of the inference room."""

from __future__ import annotations

from tests.inference.conftest import misled_model as misled_model
from tests.inference.conftest import square_model as square_model
