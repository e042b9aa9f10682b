"""The ways to explain what a classifier says: by the layers of its network, by the pixels, by its location head."""

from __future__ import annotations

from typing import Final

from inference.engine.methods import Method

#: Each network of this recipe names as many layers (``layers``), the last one first.
LAYERS: Final = 3

_LAYER_WORDS: Final = ("", ", one layer earlier", ", two layers earlier")
_CAMS: Final = (
    (
        "hirescam",
        "HiResCAM",
        "Where the features of the layer raised the label's score (Draelos & Carin 2020); faithful at the last layer.",
    ),
    (
        "gradcam",
        "Grad-CAM",
        "Features of the layer weighted by their mean gradient (Selvaraju 2017); may mark places that were not used.",
    ),
    (
        "gradcam_pp",
        "Grad-CAM++",
        "As Grad-CAM, with places that raise the score weighing more (Chattopadhay 2018); made for several findings.",
    ),
    (
        "layercam",
        "LayerCAM",
        "Each cell weighted by its own gradient where that raises the score (Jiang 2021); made for earlier layers.",
    ),
)
_OF_LAYERS: Final = tuple(
    Method(
        name=name if depth == 0 else f"{name}-{depth}",
        label=f"{label}{_LAYER_WORDS[depth]}",
        cost="instant",
        description=description,
        kind=name,
        depth=depth,
        needs_grade=depth > 0 or name not in ("hirescam", "gradcam"),
    )
    for depth in range(LAYERS)
    for name, label, description in _CAMS
)
_LOCATION: Final = Method(
    "location",
    "Location head",
    "instant",
    "Where the model itself says the finding is; learned from readers' boxes and masks.",
    low="0 %",
    high="100 %",
    caption="How probable the model holds it that the finding is here.",
    scale="probability",
    unit="probability",
    learned_from="places",
)
_OF_PIXELS: Final = (
    Method(
        "smoothgrad",
        "SmoothGrad",
        "seconds",
        "How much the score hangs on each pixel, over noisy copies of the image (Smilkov 2017); says not which way.",
        is_random=True,
        needs_grade=True,
    ),
    Method(
        "integrated_gradients",
        "Integrated gradients",
        "seconds",
        "What each pixel adds on the way from a blurred image (Sundararajan 2017); fine-grained and noisy.",
    ),
    Method(
        "occlusion",
        "Occlusion",
        "seconds",
        "How much the label's score falls where the image is blurred away (Zeiler & Fergus 2014).",
    ),
    Method(
        "rise",
        "RISE",
        "minutes",
        "How much the score rises where the image is left sharp, over random masks (Petsiuk 2018); coarse.",
        is_random=True,
        needs_grade=True,
    ),
)

EXPLANATIONS: Final[tuple[Method, ...]] = (*_OF_LAYERS[:2], _LOCATION, *_OF_LAYERS[2:], *_OF_PIXELS)
