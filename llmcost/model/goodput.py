"""How much of a replica's speed keeps a promise: measured points joined into a curve, and its
largest safe concurrency."""

import numpy as np

from llmcost.model.types import Array, Numbers, ServingCurve

ROUNDING = 1e-9
"""A limit that is met to this share is met."""


class TooSlow(ValueError):
    """Even the fewest requests at a time miss a latency limit; `seconds` is what they take."""

    def __init__(
        self,
        seconds: float,
        limit_seconds: float,
        what: str = "between tokens",
        concurrency_count: int = 1,
    ) -> None:
        self.seconds = seconds
        at = "one request" if concurrency_count == 1 else f"{concurrency_count} requests"
        taken_ms = seconds * 1e3
        limit_ms = limit_seconds * 1e3
        super().__init__(
            f"{taken_ms:.0f} ms {what} with {at} at a time, the limit is {limit_ms:.0f} ms"
        )


def safe_index(
    curve: ServingCurve,
    itl_limit_seconds: float | None = None,
    ttft_limit_seconds: float | None = None,
) -> int:
    """Where on the curve a replica delivers most and keeps its limits: the index of its goodput.

    A limit of None promises nothing. Raises TooSlow where no point keeps the limits.

    >>> import numpy as np
    >>> n, itl = np.array([16.0, 36.0, 64.0]), np.array([0.020, 0.030, 0.040])
    >>> safe_index(ServingCurve(n, n / itl, itl, itl), itl_limit_seconds=0.030)
    1
    """
    promises = (
        (curve.itl_seconds, itl_limit_seconds, "between tokens"),
        (curve.ttft_seconds, ttft_limit_seconds, "to the first token"),
    )
    kept = np.ones(len(curve.concurrency_count), dtype=bool)
    for seconds, limit, what in promises:
        if limit is None:
            continue
        longest = limit * (1 + ROUNDING)
        kept &= seconds <= longest
        if not kept.any():
            least = float(seconds[0])
            fewest = int(curve.concurrency_count[0])
            raise TooSlow(least, limit, what, fewest)
    safe_speed = np.where(kept, curve.output_tokens_per_second, 0.0)
    best = np.argmax(safe_speed)
    return int(best)


def log_log(at_count: Numbers, known_count: Numbers, known_ratio: Numbers) -> Array:
    """Known values between their counts: straight in log-log, which is a power law.

        log y = log y1 + (log y2 - log y1) * (log x - log x1) / (log x2 - log x1)

    The result is flat beyond the ends. All numbers are above zero, and counts rise.

    >>> log_log([16, 36, 64, 128], [16, 64], [0.020, 0.040]).round(3).tolist()
    [0.02, 0.03, 0.04, 0.04]
    """
    x = np.log(at_count)
    known_x = np.log(known_count)
    known_y = np.log(known_ratio)
    y = np.interp(x, known_x, known_y)
    return np.exp(y)


def through_points(
    modelled_ratio: Array, at_count: Array, known_count: Array, known_ratio: Array
) -> Array:
    """A modelled curve made to go through known points, in the unit of both.

    It runs log-log between the points, and with the model's slope beyond them:

        y(x)   = model(x) / model(inside) * log_log(inside)
        inside = x kept between the first and the last known count

    modelled_ratio  the model at `at_count`, tokens/s or seconds
    at_count        rising
    known_ratio     what is known at `known_count` (rising)
    Speeds midway between concurrencies four times apart come out about a tenth low on public runs,
    which bend less sharply: measure at steps of two.

    >>> import numpy as np
    >>> model, n = np.array([1.0, 2.0, 4.0, 8.0]), np.array([1, 2, 4, 8])
    >>> through_points(model, n, np.array([2, 4]), np.array([3.0, 3.0])).round(9).tolist()
    [1.5, 3.0, 3.0, 6.0]
    """
    first = known_count[0]
    last = known_count[-1]
    inside = np.clip(at_count, first, last)
    modelled_inside = log_log(inside, at_count, modelled_ratio)
    known_inside = log_log(inside, known_count, known_ratio)
    slope_beyond = modelled_ratio / modelled_inside
    return slope_beyond * known_inside
