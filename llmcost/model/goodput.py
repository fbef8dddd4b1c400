"""How much of a replica's speed keeps a promise: measured points joined into a curve, and its
largest safe concurrency."""

import numpy as np

from llmcost.model.types import ServingCurve

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
    ):
        self.seconds = seconds
        at = "one request" if concurrency_count == 1 else f"{concurrency_count} requests"
        super().__init__(
            f"{seconds * 1e3:.0f} ms {what} with {at} at a time, the limit is"
            f" {limit_seconds * 1e3:.0f} ms"
        )


def safe_index(
    curve: ServingCurve,
    itl_limit_seconds: float | None = None,
    ttft_limit_seconds: float | None = None,
) -> int:
    """Where on the curve a replica delivers most and keeps its limits: the index of its goodput.

    None promises nothing. Raises TooSlow where no point keeps them.

    >>> import numpy as np
    >>> n, itl = np.array([16.0, 36.0, 64.0]), np.array([0.020, 0.030, 0.040])
    >>> safe_index(ServingCurve(n, n / itl, itl, itl), itl_limit_seconds=0.030)
    1
    """
    limits = [
        (curve.itl_seconds, itl_limit_seconds, "between tokens"),
        (curve.ttft_seconds, ttft_limit_seconds, "to the first token"),
    ]
    meets = np.ones(len(curve.concurrency_count), dtype=bool)
    for seconds, limit, what in limits:
        meets &= seconds <= (np.inf if limit is None else limit * (1 + ROUNDING))
        if limit is not None and not meets.any():
            raise TooSlow(float(seconds[0]), limit, what, int(curve.concurrency_count[0]))
    return int(np.argmax(np.where(meets, curve.output_tokens_per_second, 0.0)))


def log_log(at_count: np.ndarray, known_count: np.ndarray, known_ratio: np.ndarray) -> np.ndarray:
    """Known values between their counts, straight in log-log (a power law), flat beyond the ends.
    All above zero, counts rising.

        log y = log y1 + (log y2 - log y1) * (log x - log x1) / (log x2 - log x1)

    >>> log_log([16, 36, 64, 128], [16, 64], [0.020, 0.040]).round(3).tolist()
    [0.02, 0.03, 0.04, 0.04]
    """
    return np.exp(np.interp(np.log(at_count), np.log(known_count), np.log(known_ratio)))


def through_points(
    modelled_ratio: np.ndarray,
    at_count: np.ndarray,
    known_count: np.ndarray,
    known_ratio: np.ndarray,
) -> np.ndarray:
    """A modelled curve at `at_count` (rising) made to go through known points: log-log between
    them, the model's slope beyond them.

        y(x) = model(x) / model(inside) * log_log(inside);   inside = x kept between the first and
        the last known count

    In the unit of `modelled_ratio` and `known_ratio`: tokens/s or seconds. Speeds midway between
    concurrencies four times apart come out about a tenth low on public runs, which bend less
    sharply: measure at steps of two.

    >>> import numpy as np
    >>> through_points(np.array([1.0, 2.0, 4.0, 8.0]), np.array([1, 2, 4, 8]), np.array([2, 4]), np.array([3.0, 3.0])).round(9).tolist()
    [1.5, 3.0, 3.0, 6.0]
    """
    inside = np.clip(at_count, known_count[0], known_count[-1])
    return (
        modelled_ratio
        / log_log(inside, at_count, modelled_ratio)
        * log_log(inside, known_count, known_ratio)
    )
