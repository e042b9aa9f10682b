"""Reads the two real brains of the folder of real images, without a library for NIfTI."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np

from inference.engine.registration.placed import PlacedVolume

_TYPES = {2: "<u1", 4: "<i2", 8: "<i4", 16: "<f4", 64: "<f8", 256: "<i1", 512: "<u2"}


def nifti(path: Path) -> PlacedVolume:
    """Return a NIfTI-1 volume; its axes point to the right and the front (RAS), ours to the left and back (LPS)."""
    content = gzip.decompress(path.read_bytes())
    columns, rows, slices = struct.unpack("<3h", content[42:48])
    (kind,), (offset,) = struct.unpack("<h", content[70:72]), struct.unpack("<f", content[108:112])
    slope, intercept = struct.unpack("<2f", content[112:120])
    count = columns * rows * slices
    pixels = np.frombuffer(content, _TYPES[kind], count, int(offset)).reshape(slices, rows, columns)
    pixels = pixels.astype(np.float32)
    if slope:
        pixels = pixels * np.float32(slope) + np.float32(intercept)
    affine = np.eye(4)
    (sform,) = struct.unpack("<h", content[254:256])
    if sform > 0:
        ras = np.array(struct.unpack("<12f", content[280:328])).reshape(3, 4)
        affine[:3, :3], affine[:3, 3] = ras[:, [2, 1, 0]], ras[:, 3]
    else:
        step = struct.unpack("<3f", content[80:92])
        affine[:3, :3] = np.eye(3)[:, ::-1] * step[::-1]
    return PlacedVolume(np.ascontiguousarray(pixels), np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine, "MR")
