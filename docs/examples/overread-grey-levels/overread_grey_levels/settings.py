"""The recipe's settings: the usual ones, and how finely it looks. The form in the browser asks for it by itself."""

from typing import Annotated

from pydantic import Field

from inference.engine.config import RecipeConfig


class GreyLevelSettings(RecipeConfig):
    """Settings of a training."""

    bins: Annotated[int, Field(ge=4, le=64)] = Field(
        16, title="Grey levels", description="Into how many levels the greys of a picture are sorted."
    )
