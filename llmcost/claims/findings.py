"""What was found when a claim was recomputed, and the one rule of tolerance.

A number holds when the recomputed one rounds to the digits that are quoted; where the author hedges
("roughly", "about", "~"), within 10 %. Of a range both ends must hold. Where the author's own other
inputs, or dated rows, leave a range, it is enough that the claim lies in it. Rules of thumb are
results here and never inputs: a number of the article that only its own rule of thumb gives does
not hold.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from llmcost.claims.claim_table import Claim

CHOSEN = "chosen by the author"
ADVICE = "advice or preference"
EXPERIENCE = "experience, no number"
GATE = "a gate, not a price"
NO_ROW = "no dated row"
OWN_ROW = "the only row restates the article"
GUESSED = "only a guess to hold it against"
NO_INPUTS = "inputs not given"
CAUSES = (CHOSEN, ADVICE, EXPERIENCE, GATE, NO_ROW, OWN_ROW, GUESSED, NO_INPUTS)
"""The only causes for which a claim cannot be checked."""


@dataclass(frozen=True)
class Finding:
    """`holds` is None where the claim cannot be checked, for one of CAUSES; low and high are
    recomputed, in `unit`, None without a number.

    ratio  recomputed over claimed, at the end that decides; 1 where the claim lies in a range that
           is left, None where there is none
    """

    holds: bool | None
    low: float | None
    high: float | None
    unit: str
    reason: str
    cause: str = ""
    ratio: float | None = None


Check = Callable[[Claim], Finding]


def ends(found) -> tuple[float, float]:
    """(lowest, highest) of a number or an array."""
    return float(np.min(found)), float(np.max(found))


def same(claim: Claim, found, unit: str, reason: str, part: int = 0, holds: bool = True) -> Finding:
    """Whether the recomputed number is the claimed one; of a range, whether both ends are, or one
    number lies inside.

    holds  False where something else fails already
    """
    (low, high), written = ends(found), claim.parts[part]
    least, most = (float(end) for end in written)
    below, above = (claim.room_fraction(end) for end in written)
    ratios = [low / least, high / most]
    if low == high or least == most:
        agrees = least * (1 - below) <= low and high <= most * (1 + above)
        ratios = [min(ratios[0], 1.0), max(ratios[1], 1.0)]
    else:
        agrees = abs(ratios[0] - 1) <= below and abs(ratios[1] - 1) <= above
    return Finding(bool(holds and agrees), low, high, unit, reason, ratio=farthest(ratios))


def allowed(claim: Claim, found, unit: str, reason: str, part: int = 0) -> Finding:
    """Whether the claimed number lies in the range that the inputs leave, or the two ranges
    meet."""
    (low, high), written = ends(found), claim.parts[part]
    least, most = (float(end) for end in written)
    below, above = (claim.room_fraction(end) for end in written)
    agrees = low <= most * (1 + above) and high >= least * (1 - below)
    return Finding(
        agrees,
        low,
        high,
        unit,
        reason,
        ratio=farthest([max(low / most, 1.0), min(high / least, 1.0)]),
    )


def farthest(ratios: list[float]) -> float:
    """The ratio that is farthest from one."""
    return max(ratios, key=lambda ratio: abs(math.log(ratio)))


def reachable(claim: Claim, most: float, unit: str, reason: str) -> Finding:
    """Whether the claimed number stays under a limit that nothing passes."""
    claimed = float(claim.parts[0][1])
    return Finding(claimed <= most, most, most, unit, reason, ratio=min(most / claimed, 1.0))


def shown(holds: bool, found, unit: str, reason: str) -> Finding:
    """A statement that is true or false, with the number that shows it."""
    low, high = ends(found)
    return Finding(bool(holds), low, high, unit, reason)


def unchecked(cause: str, reason: str, found=None, unit: str = "") -> Finding:
    """A claim that nothing here can judge, with what was computed of it all the same."""
    low, high = (None, None) if found is None else ends(found)
    return Finding(None, low, high, unit, reason, cause)
