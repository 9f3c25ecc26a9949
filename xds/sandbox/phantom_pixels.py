"""What a phantom's images show: ellipsoids, a fan of speckle, a breast. The same octets on every run.

Only whole numbers come from the generator: its floating-point methods may change between releases of numpy.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.generic]
_Ellipsoid = tuple[float, float, float, float, float, float, int]
"""Centre x, y, z and half axes x, y, z in a cube from -1 to 1, and the Hounsfield units that it adds."""

_HEAD: Final[tuple[_Ellipsoid, ...]] = (
    (0, 0, 0, 0.72, 0.88, 0.95, 1900),  # skull
    (0, 0, 0, 0.66, 0.82, 0.88, -860),  # brain
    (-0.16, 0.05, 0.05, 0.10, 0.32, 0.30, -35),  # ventricles
    (0.16, 0.05, 0.05, 0.10, 0.32, 0.30, -35),
    (0.33, -0.30, 0.10, 0.10, 0.12, 0.12, 45),  # a bleeding
    (0, 0.72, -0.55, 0.14, 0.12, 0.25, -900),  # sinus
)
_CHEST: Final[tuple[_Ellipsoid, ...]] = (
    (0, 0, 0, 0.92, 0.68, 1.6, 1040),  # body
    (-0.42, -0.02, 0.05, 0.34, 0.46, 0.82, -880),  # lungs
    (0.42, -0.02, 0.05, 0.34, 0.46, 0.82, -880),
    (0.12, -0.15, -0.25, 0.28, 0.26, 0.40, 160),  # heart
    (0, 0.46, 0, 0.11, 0.11, 1.6, 700),  # spine
    (-0.45, 0.12, 0.20, 0.05, 0.05, 0.05, 850),  # a nodule
    (0.05, 0.28, 0, 0.07, 0.07, 1.6, 180),  # aorta
)
_BODIES: Final = {"head": _HEAD, "chest": _CHEST}


def slice_of(body: str, size: int, index: int, count: int, noise: int = 12) -> Pixels:
    """One axial slice in Hounsfield units, int16."""
    axis = np.linspace(-1, 1, size)
    x, y = np.meshgrid(axis, axis)
    z = -0.95 + 1.9 * index / max(count - 1, 1)
    image = np.full((size, size), -1000, dtype=np.int16)
    for cx, cy, cz, ax, ay, az, value in _BODIES[body]:
        inside = ((x - cx) / ax) ** 2 + ((y - cy) / ay) ** 2 + ((z - cz) / az) ** 2 <= 1
        image[inside] += value
    generator = np.random.default_rng(1000 * count + index)
    image += generator.integers(-noise, noise + 1, image.shape, dtype=np.int16)
    return image


def magnetic(size: int, frames: int) -> Pixels:
    """Frames of a head as magnetic resonance shows it, uint16 of 12 bits."""
    stack = np.stack([slice_of("head", size, index, frames, noise=25) for index in range(frames)])
    tissue = np.clip(stack.astype(np.int32) + 1000, 0, 2400)
    return np.where(tissue > 1500, 3 * (2400 - tissue), tissue * 2).clip(0, 4095).astype(np.uint16)


def ultrasound(height: int, width: int, frames: int) -> Pixels:
    """A fan of speckle with two colours of flow, RGB, frames x rows x columns x 3."""
    rows, columns = np.mgrid[0:height, 0:width]
    depth = np.hypot(rows + 0.15 * height, columns - width / 2)
    angle = np.arctan2(columns - width / 2, rows + 0.15 * height)
    fan = (np.abs(angle) < 0.62) & (depth > 0.2 * height) & (depth < 1.12 * height)
    made = np.zeros((frames, height, width, 3), dtype=np.uint8)
    for frame in range(frames):
        generator = np.random.default_rng(7000 + frame)
        speckle = generator.integers(20, 130, (height, width), dtype=np.uint8)
        cyst = np.hypot(rows - 0.55 * height, columns - 0.42 * width) < 0.12 * height
        flow = np.hypot(rows - 0.62 * height, columns - 0.66 * width) < (0.07 + 0.01 * (frame % 3)) * height
        grey = np.where(cyst, speckle // 8, speckle)
        grey = np.where(fan, grey, 0).astype(np.uint8)
        made[frame] = grey[..., None]
        made[frame][flow & fan] = (200, 30, 25) if frame % 2 else (30, 40, 210)
    return made


def breast(height: int, width: int, *, left: bool, oblique: bool) -> Pixels:
    """A breast against the chest wall, uint16 of 12 bits; what shines is dense."""
    rows, columns = np.mgrid[0:height, 0:width]
    x, y = columns / width, (rows / height - 0.5) * 2
    y = y + (0.35 * x if oblique else 0)
    shape = (x / 0.82) ** 2 + (y / 0.86) ** 2 < 1
    generator = np.random.default_rng(40 + 2 * left + oblique)
    tissue = generator.integers(0, 260, (height, width), dtype=np.int32)
    image = np.where(shape, 900 + 900 * (1 - x), 60) + tissue * shape
    gland = ((x - 0.35) / 0.26) ** 2 + ((y - 0.05) / 0.42) ** 2 < 1
    image = image + 800 * (gland & shape)
    for cx, cy in ((0.42, 0.12), (0.45, 0.16), (0.40, 0.17)):  # calcifications
        image[(x - cx) ** 2 + ((y - cy) / 2) ** 2 < 0.00004] = 4000
    made: Pixels = np.clip(image, 0, 4095).astype(np.uint16)
    return made if left else made[:, ::-1]


def projection(body: str, size: int, depth: int = 48) -> Pixels:
    """A radiograph: the slices summed from front to back, uint16 of 12 bits."""
    total = np.zeros((depth, size), dtype=np.float64)
    for index in range(depth):
        total[depth - 1 - index] = np.clip(slice_of(body, size, index, depth, noise=0) + 1000, 0, None).sum(
            axis=0
        )
    rows = np.linspace(0, depth - 1, size)
    low = np.floor(rows).astype(int).clip(0, depth - 2)
    image = total[low] + (total[low + 1] - total[low]) * (rows - low)[:, None]
    scaled = image / max(float(image.max()), 1.0) * 3800
    made: Pixels = np.round(scaled).astype(np.uint16)
    return made


def windowed(pixels: Pixels, centre: float, width: float) -> Pixels:
    """Grey values for a picture: what lies within the window, as 8 bits."""
    low = centre - width / 2
    return ((pixels.astype(np.float64) - low) / width * 255).clip(0, 255).astype(np.uint8)
