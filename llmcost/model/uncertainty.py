"""Low / typical / high into draws: P10, mode, P90 of a triangular distribution, one stream per
input."""

import hashlib
import math

import numpy as np

from llmcost.model.types import Array

SEED = 20261101
TAIL = 0.1
"""Share of the draws below the low value, and above the high one."""
ROUNDS = 200
"""Rounds in which the ends of a triangle settle."""


def triangle_ends(low: float, typical: float, high: float) -> tuple[float, float]:
    """(smallest, largest) of a triangular distribution with P10 low, mode typical and P90 high.

    >>> [round(x, 3) for x in triangle_ends(0.0, 0.5, 1.0)]
    [-0.405, 1.405]
    """
    smallest = 2 * low - high
    largest = 2 * high - low
    for _ in range(ROUNDS):
        width = largest - smallest
        tail_width = TAIL * width
        to_the_left = max(typical - smallest, 0.0)
        to_the_right = max(largest - typical, 0.0)
        below_low = math.sqrt(tail_width * to_the_left)
        above_high = math.sqrt(tail_width * to_the_right)
        smallest = low - below_low
        largest = high + above_high
    return float(smallest), float(largest)


def uniform_stream(path: str, count: int) -> Array:
    """`count` uniform numbers that belong to this input.

    They are seeded by a constant and the input's path, never by its value. So a what-if keeps its
    draws, and two options that share an input share its draw.
    """
    hashed = hashlib.sha256(path.encode())
    first_bytes = hashed.digest()[:8]
    seed_of_path = int.from_bytes(first_bytes, "big")
    generator = np.random.default_rng([SEED, seed_of_path])
    return generator.random(count)


def triangular_draws(
    low: float,
    typical: float,
    high: float,
    uniform_fraction: Array,
    floor: float = -np.inf,
    ceiling: float = np.inf,
) -> Array:
    """Draws by inverting the distribution at `uniform_fraction`, kept within [floor, ceiling].

    A certain input repeats itself.

    >>> triangular_draws(0.0, 0.5, 1.0, np.array([0.1, 0.5, 0.9])).round(9).tolist()
    [0.0, 0.5, 1.0]
    """
    if low == high:
        return np.full(np.shape(uniform_fraction), float(typical))
    smallest, largest = triangle_ends(low, typical, high)
    width = largest - smallest
    to_the_left = typical - smallest
    to_the_right = largest - typical
    below = uniform_fraction
    above = 1 - uniform_fraction
    square_from_smallest = below * width * to_the_left
    square_from_largest = above * width * to_the_right
    rising = smallest + np.sqrt(square_from_smallest)
    falling = largest - np.sqrt(square_from_largest)
    mode_fraction = to_the_left / width
    before_the_mode = below < mode_fraction
    draws = np.where(before_the_mode, rising, falling)
    return np.clip(draws, floor, ceiling)
