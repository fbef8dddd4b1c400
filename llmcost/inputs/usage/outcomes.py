"""What can become of a row of an export. Rows in = used + repaired + rejected, always."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Outcome:
    """One of them. A repaired row was mended and counts, or was left out because counting it would
    be wrong."""

    kind: Literal["used", "repaired", "rejected"]
    counts: bool
    text: str


OUTCOMES = {
    0: Outcome("used", True, "counted as it is"),
    1: Outcome("repaired", True, "thousands separators taken out"),
    2: Outcome("repaired", True, "more reasoning than output tokens: reasoning cut to the output"),
    3: Outcome(
        "repaired", True, "local time that the clock skipped: moved on to the next that exists"
    ),
    4: Outcome("repaired", True, "local time that came twice: read as the later of the two"),
    5: Outcome("repaired", True, "a counter started again: counted from zero"),
    6: Outcome("repaired", True, "an amount in another currency than USD: taken as no amount"),
    10: Outcome("repaired", False, "failed request: neither served nor billed, left out"),
    11: Outcome("repaired", False, "empty bucket: no use in this span"),
    12: Outcome(
        "repaired",
        False,
        "no use by itself (a parent of other rows, another service or measure): left out",
    ),
    13: Outcome("repaired", False, "the same request once more: left out"),
    14: Outcome("repaired", False, "a bucket that another file holds too: left out"),
    15: Outcome("repaired", False, "first reading of a counter: where the count begins"),
    20: Outcome("rejected", False, "no time that can be read"),
    21: Outcome("rejected", False, "a time before 2015 or after 2099: wrong unit or typing error"),
    22: Outcome("rejected", False, "no count or amount that can be read"),
    23: Outcome("rejected", False, "a negative count"),
    24: Outcome("rejected", False, "a count with decimals: thousands separators?"),
    25: Outcome("rejected", False, "more cached than input tokens"),
    26: Outcome("rejected", False, "a count that is infinite, no number, or too large to be true"),
    27: Outcome("rejected", False, "no row: cut off, or broken quotes or brackets"),
}
"""By the number that stands for it in SQL: below 10 a row counts, from 20 on it is rejected."""
FOREIGN_MONEY = 6
COUNTING = [code for code, outcome in OUTCOMES.items() if outcome.counts]
COVERING = [*COUNTING, 10, 11, 13, 14]
"""Such a row shows that its hour was recorded, even if it counts for nothing."""
REJECTED = [code for code, outcome in OUTCOMES.items() if outcome.kind == "rejected"]
