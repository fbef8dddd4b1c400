"""Low / typical / high into draws: P10, mode, P90 of a triangular distribution, one stream per
input."""

import hashlib
import math

import numpy as np

SEED = 20261101
TAIL = 0.1


def triangle_ends(low: float, typical: float, high: float) -> tuple[float, float]:
    """(smallest, largest) of the triangular distribution whose P10, mode and P90 are low, typical
    and high.

    >>> [round(x, 3) for x in triangle_ends(0.0, 0.5, 1.0)]
    [-0.405, 1.405]
    """
    smallest, largest = 2 * low - high, 2 * high - low
    for _ in range(200):
        width = largest - smallest
        smallest = low - math.sqrt(TAIL * width * max(typical - smallest, 0.0))
        largest = high + math.sqrt(TAIL * width * max(largest - typical, 0.0))
    return float(smallest), float(largest)


def uniform_stream(path: str, count: int) -> np.ndarray:
    """`count` uniform numbers that belong to this input: seeded by a constant and its path, never
    by its value.

    A what-if keeps its draws, and two options that share an input share its draw.
    """
    digest = hashlib.sha256(path.encode()).digest()
    return np.random.default_rng([SEED, int.from_bytes(digest[:8], "big")]).random(count)


def triangular_draws(
    low: float,
    typical: float,
    high: float,
    uniform_fraction: np.ndarray,
    floor=-np.inf,
    ceiling=np.inf,
) -> np.ndarray:
    """Draws by inverting the distribution at `uniform_fraction`, kept within [floor, ceiling]; a
    certain input repeats itself."""
    if low == high:
        return np.full(np.shape(uniform_fraction), float(typical))
    smallest, largest = triangle_ends(low, typical, high)
    width, turn = largest - smallest, (typical - smallest) / (largest - smallest)
    rising = smallest + np.sqrt(uniform_fraction * width * (typical - smallest))
    falling = largest - np.sqrt((1 - uniform_fraction) * width * (largest - typical))
    return np.clip(np.where(uniform_fraction < turn, rising, falling), floor, ceiling)
