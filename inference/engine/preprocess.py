"""From modality values to what a network sees, and back: ONE object for training, prediction and saliency.

Pixel centres are at whole numbers: (0, 0) is the centre of the top left pixel. Fitting scales each axis by whole
pixel counts (new / old) and pads by whole pixels, so that index ``s`` of the image lies at
``(s + 0.5) * new / old - 0.5 + before`` in the prepared tensor, and the way back is exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import torch
from monai.transforms.croppad.array import SpatialPad
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from core.digest import digest_of
from inference.engine.config import RecipeConfig
from inference.engine.errors import CheckpointError, ImageError
from inference.engine.recipe_cards import recipe_card
from inference.engine.sample import Image

_LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601, as DICOM's YBR_FULL (PS3.3 C.7.6.3.1.2)
_MOST_VOXELS = 512**3
#: What is beside the image in a prepared tensor; its darkest value too.
BLANK = -2.0


@dataclass(frozen=True)
class Geometry:
    """Where a prepared tensor lies in its image.

    Args:
        image_shape: [K, J, I] of the image.
        frame: the slice that was prepared (2D), or None for the whole volume (3D).
        resized: shape after scaling, one number per spatial axis.
        before: padding before the first index of each axis.
        shape: spatial shape of the tensor.
    """

    image_shape: tuple[int, int, int]
    frame: int | None
    resized: tuple[int, ...]
    before: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def source(self) -> tuple[int, ...]:
        """Spatial shape of the part of the image that was prepared."""
        return self.image_shape if self.frame is None else self.image_shape[1:]

    def to_prepared(self, index: tuple[float, ...]) -> tuple[float, ...]:
        """Return where a point of the image (in the order of its axes) lies in the tensor."""
        return tuple(
            (s + 0.5) * new / old - 0.5 + before
            for s, new, old, before in zip(index, self.resized, self.source, self.before, strict=True)
        )

    def inside(self) -> tuple[slice, ...]:
        """Return the part of the tensor that is image and not padding."""
        return tuple(slice(b, b + n) for b, n in zip(self.before, self.resized, strict=True))


@dataclass(frozen=True, eq=False)
class Prepared:
    """A tensor for the network: ``tensor`` is float32 [C, (D,) H, W], about -2…2."""

    tensor: Tensor
    geometry: Geometry


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How images become tensors; it is stored in the model's card and replayed at every use.

    Args:
        dimensions: 2 (one frame at a time) or 3.
        fit: "letterbox" scales the whole image into ``shape`` and pads; "resample" brings it to ``spacing_mm``
            (or leaves its grid) and pads to at least ``shape``; "frames" scales each frame as "letterbox" does, and
            averages neighbours where there are more frames than ``shape`` has.
        shape: (rows, columns) or (slices, rows, columns).
        channels: 1 or 3.
        spacing_mm: in the order of ``shape``, or None.
        intensity: "percentile" or "window".
        window: (centre, width) in modality values.
    """

    dimensions: int
    fit: Literal["letterbox", "resample", "frames"]
    shape: tuple[int, ...]
    channels: int
    spacing_mm: tuple[float, ...] | None
    intensity: Literal["percentile", "window"]
    window: tuple[float, float] | None

    @classmethod
    def of(cls, config: RecipeConfig) -> Self:
        """Build the preprocessing that ``config`` asks for."""
        return cls(
            dimensions=config.dimensions,
            fit="letterbox" if config.whole_picture else recipe_card(config.recipe).fit_in(config.dimensions),
            shape=config.image_shape,
            channels=config.channels,
            spacing_mm=config.spacing_mm,
            intensity=config.intensity,
            window=config.window,
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "version": 1,
            "dimensions": self.dimensions,
            "fit": self.fit,
            "shape": list(self.shape),
            "channels": self.channels,
            "spacing_mm": None if self.spacing_mm is None else list(self.spacing_mm),
            "intensity": self.intensity,
            "window": None if self.window is None else list(self.window),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read it back.

        Raises:
            CheckpointError: not written by ``to_json`` of this version.
        """
        try:
            if values["version"] != 1:
                raise CheckpointError(
                    "preprocessing_version", "The model was prepared by another version of the preprocessing."
                )
            return cls(
                dimensions=int(values["dimensions"]),
                fit=values["fit"],
                shape=tuple(int(n) for n in values["shape"]),
                channels=int(values["channels"]),
                spacing_mm=None if values["spacing_mm"] is None else tuple(float(s) for s in values["spacing_mm"]),
                intensity=values["intensity"],
                window=None if values["window"] is None else (float(values["window"][0]), float(values["window"][1])),
            )
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise CheckpointError("preprocessing_broken", "The model's card has no usable preprocessing.") from error

    @property
    def digest(self) -> str:
        """SHA-256 of its canonical JSON."""
        return digest_of(self.to_json())

    def apply(self, image: Image, frame: int = 0) -> Prepared:
        """Prepare an image: colours, intensity, grid.

        Args:
            image: the image or volume.
            frame: the slice to prepare where ``dimensions`` is 2.

        Returns:
            float32 [C, H, W] for 2D, [C, D, H, W] for 3D.

        Raises:
            ImageError: there is no such frame, or the resampled volume is too large.
        """
        geometry = self.geometry(image, frame)
        pixels = image.pixels_kji if geometry.frame is None else image.pixels_kji[geometry.frame]
        scaled = self._scale(pixels, self._range(pixels if self.dimensions == 2 else image.pixels_kji))
        if image.is_colour:
            scaled = np.moveaxis(scaled, -1, 0) if self.channels == 3 else (scaled @ _LUMINANCE)[None]
        else:
            scaled = np.repeat(scaled[None], self.channels, axis=0)
        tensor = _resize(torch.from_numpy(np.ascontiguousarray(scaled)), geometry.resized)
        return Prepared(self._pad((tensor - 0.5) * 4.0, geometry, value=BLANK), geometry)

    def apply_mask(self, mask_kji: NDArray[np.bool_], geometry: Geometry) -> Tensor:
        """Bring a mask to the grid of a prepared image.

        Args:
            mask_kji: bool, [K, J, I], the image's own shape.
            geometry: of the prepared image.

        Returns:
            float32 [(D,) H, W], 0…1: how much of each pixel the mask covers.

        Raises:
            ImageError: the mask has another shape than the image.
        """
        if tuple(mask_kji.shape) != geometry.image_shape:
            raise ImageError("mask_shape", "The mask does not have the shape of its image.")
        part = mask_kji if geometry.frame is None else mask_kji[geometry.frame]
        tensor = torch.from_numpy(np.ascontiguousarray(part, dtype=np.float32))[None]
        return self._pad(_resize(tensor, geometry.resized), geometry, value=0.0)[0]

    def restore_map(self, values: Tensor | NDArray[np.float32], geometry: Geometry) -> NDArray[np.float32]:
        """Bring a map on the prepared grid back to the image's own grid.

        Args:
            values: [(D,) H, W], the spatial shape of the prepared tensor.
            geometry: of the prepared image.

        Returns:
            float32 [K, J, I]; slices that were not prepared are 0.
        """
        restored = self.restore_part(values, geometry)
        if geometry.frame is None:
            return restored
        whole = np.zeros(geometry.image_shape, dtype=np.float32)
        whole[geometry.frame] = restored
        return whole

    def restore_part(self, values: Tensor | NDArray[np.float32], geometry: Geometry) -> NDArray[np.float32]:
        """Bring a map on the prepared grid back to the grid of what was prepared: one frame in 2D, else the volume.

        Args:
            values: [(D,) H, W], the spatial shape of the prepared tensor.
            geometry: of the prepared image.

        Returns:
            float32 [J, I] of ``geometry.frame``, or [K, J, I].
        """
        tensor = torch.as_tensor(values, dtype=torch.float32).cpu()
        if tuple(tensor.shape) != geometry.shape:
            raise ImageError("map_shape", "The map does not have the shape of the prepared image.")
        restored = _resize(tensor[geometry.inside()][None], geometry.source)[0].numpy()
        return np.ascontiguousarray(restored)

    def geometry(self, image: Image, frame: int = 0) -> Geometry:
        """Return where the prepared tensor of ``image`` will lie."""
        shape = image.shape_kji
        if self.dimensions == 2 and not 0 <= frame < shape[0]:
            raise ImageError("image_frame", f"The image has {shape[0]} frames; frame {frame} is not one of them.")
        source = shape[1:] if self.dimensions == 2 else shape
        spacing = None if image.spacing_mm_kji is None else image.spacing_mm_kji[3 - self.dimensions :]
        resized = self._resized(source, spacing, image.aspect_ji)
        if np.prod(resized, dtype=float) > _MOST_VOXELS:
            raise ImageError("image_too_large", "The image is too large for this model once it is resampled.")
        padded = tuple(max(n, m) for n, m in zip(resized, self.shape, strict=True))
        before = tuple((p - n) // 2 for p, n in zip(padded, resized, strict=True))
        return Geometry(shape, frame if self.dimensions == 2 else None, resized, before, padded)

    def _resized(
        self, source: tuple[int, ...], spacing: tuple[float | None, ...] | None, aspect: tuple[float, float]
    ) -> tuple[int, ...]:
        if self.fit == "frames":
            plane = self._fitted(source[1:], None if spacing is None else spacing[1:], aspect, self.shape[1:])
            return min(source[0], self.shape[0]), *plane
        if self.fit == "letterbox":
            return self._fitted(source, spacing, aspect, self.shape)
        if self.spacing_mm is None or spacing is None:
            return tuple(source)
        # Slices that are no neighbours in space have no distance to be changed.
        return tuple(
            max(1, round(n * (own or wanted) / wanted))
            for n, own, wanted in zip(source, spacing, self.spacing_mm, strict=True)
        )

    @staticmethod
    def _fitted(
        source: tuple[int, ...],
        spacing: tuple[float | None, ...] | None,
        aspect: tuple[float, float],
        shape: tuple[int, ...],
    ) -> tuple[int, ...]:
        # Pixels that are not square are made square first; only their ratio counts.
        square = (1.0,) * (len(source) - 2) + (aspect[0] / aspect[1], 1.0)
        extent = [n * (s or 1.0) for n, s in zip(source, spacing or square, strict=True)]
        factor = min(m / e for m, e in zip(shape, extent, strict=True))
        return tuple(max(1, min(m, round(e * factor))) for m, e in zip(shape, extent, strict=True))

    def _range(self, pixels: NDArray[np.float32]) -> tuple[float, float]:
        if self.window is not None:
            centre, width = self.window
            return centre - width / 2, centre + width / 2
        flat = pixels.reshape(-1)
        # At most a million values decide: enough for a percentile, and quick for a large radiograph.
        flat = flat[:: max(1, flat.size // 1_000_000)]
        low, high = np.percentile(flat, (0.5, 99.5))
        if high <= low:
            low, high = float(flat.min()), float(flat.max())
        return float(low), float(high)

    @staticmethod
    def _scale(pixels: NDArray[np.float32], limits: tuple[float, float]) -> NDArray[np.float32]:
        low, high = limits
        if high <= low:
            return np.full(pixels.shape, 0.5, dtype=np.float32)
        scaled: NDArray[np.float32] = np.clip((pixels - low) / (high - low), 0.0, 1.0).astype(np.float32)
        return scaled

    @staticmethod
    def _pad(tensor: Tensor, geometry: Geometry, value: float) -> Tensor:
        if tuple(tensor.shape[1:]) == geometry.shape:
            return tensor
        padded = SpatialPad(geometry.shape, method="symmetric", mode="constant", value=value)(tensor)
        return torch.as_tensor(padded).as_subclass(Tensor)


def _resize(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Scale [C, …] to ``shape`` with pixel centres kept; smoothed before it shrinks, linear where it grows."""
    if tuple(tensor.shape[1:]) == tuple(shape):
        return tensor
    shape = tuple(shape)
    if len(shape) == 2:
        return functional.interpolate(tensor[None], size=shape, mode="bilinear", align_corners=False, antialias=True)[0]
    smaller = tuple(min(n, m) for n, m in zip(shape, tensor.shape[1:], strict=True))
    if smaller != tuple(tensor.shape[1:]):
        tensor = functional.interpolate(tensor[None], size=smaller, mode="area")[0]
    if smaller != shape:
        tensor = functional.interpolate(tensor[None], size=shape, mode="trilinear", align_corners=False)[0]
    return tensor
