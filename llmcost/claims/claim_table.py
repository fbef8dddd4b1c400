"""The claims as the articles make them: quote, numbers, unit, and how exactly a number is meant."""

import datetime as dt
import re
from dataclasses import dataclass

import numpy as np

from llmcost.inputs import catalog
from llmcost.inputs.data_cache import data_cached

HEDGES = ("roughly", "about", "around", "approximately", "closer to", "near ", "~")
"""Words that ask for more room than the digits do."""
WIDEST_FRACTION = 0.1
"""Room on each side of a hedged number, and the most that rounding may claim."""
NUMBER = r"\d+(?:\.\d+)?(?:e\d+)?"
PART = re.compile(rf"[~>]?({NUMBER})(?:-({NUMBER}))?")


@dataclass(frozen=True)
class Claim:
    """One statement of an article. `values` is as in the table: `a-b` a range, `;` and `/` part
    several numbers."""

    claim_id: str
    article_id: str
    kind: str
    quote: str
    values: str
    unit: str
    day: dt.date
    source: str

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """(low, high) of each number as it is written; empty where the claim has none."""
        found = (PART.match(part.strip()) for part in re.split("[;/]", self.values))
        return tuple((match[1], match[2] or match[1]) for match in found if match)

    @property
    def title(self) -> str:
        """Title or first words of the article."""
        return self.source.split('"')[1]

    def room_fraction(self, written: str) -> float:
        """How far a recomputed number may be off and still be the one that was written, as a share
        of it."""
        return (
            WIDEST_FRACTION
            if any(word in self.quote for word in HEDGES)
            else min(rounding_fraction(written), WIDEST_FRACTION)
        )


def rounding_fraction(written: str) -> float:
    """Half of the last digit of a number, as a share of the number; zeros at the end of a whole
    number are not digits.

    >>> rounding_fraction("0.027"), rounding_fraction("2880"), rounding_fraction("11e9")
    (0.0185, 0.0017, 0.0455)
    """
    mantissa, _, exponent = written.partition("e")
    whole, _, decimals = mantissa.partition(".")
    places = -len(decimals) if decimals else len(whole) - len(whole.rstrip("0"))
    value = float(written)
    return round(0.5 * 10.0 ** (places + int(exponent or 0)) / value, 4) if value else 0.0


@data_cached
def claims() -> dict[str, Claim]:
    """Every claim by its id, in order."""
    return {
        row.claim_id: Claim(
            row.claim_id,
            row.article_id,
            row.kind,
            row.quote,
            row.values,
            row.unit,
            dt.date.fromisoformat(row.effective_from),
            row.source,
        )
        for row in catalog.table("published_claims").itertuples(index=False)
    }


def claim(claim_id: str) -> Claim:
    """One claim."""
    return claims()[claim_id]


def said(claim_id: str, part: int = 0) -> np.ndarray:
    """What the article says, in the unit of the claim: [value], or [low, high] of a range; `part`
    counts several numbers."""
    low, high = claim(claim_id).parts[part]
    return np.array([float(low)] if low == high else [float(low), float(high)])


@data_cached
def day_read() -> dt.date:
    """The day on which the articles were read; catalog rows in force on it are "today's"."""
    return dt.date.fromisoformat(catalog.table("published_claims")["retrieved"].max())
