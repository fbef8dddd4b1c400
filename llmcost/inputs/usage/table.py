"""An export that was read: its hourly table and the account of its rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from llmcost.inputs.usage.files import UsageFile
from llmcost.inputs.usage.formats import UsageFormat
from llmcost.inputs.usage.outcomes import FOREIGN_MONEY, OUTCOMES


@dataclass(frozen=True)
class UsageTable:
    """An export, read.

    kind              what it was recognised as
    hourly            one row per hour (UTC), model and tier that has any use: hour, model, tier,
                      requests, input_uncached_tokens, cache_read_tokens, cache_write_tokens,
                      output_tokens (reasoning_tokens are among them), cost_reported_usd. A column
                      that the export does not tell is NaN. An export of days has one row at the
                      start of each
    outcomes          what became of the rows: kind (used | repaired | rejected), outcome,
                      rows_count, examples (where they stand)
    covered_hours     hours with a row of any kind, as a sorted DatetimeIndex
    resolution_hours  span of one row: 24 for days, 1 for hours, 0 where single requests or minutes
                      can be seen
    minute_burst_ratio  busiest minute of the busiest hour over that hour's mean minute, by model;
                        none where minutes cannot be seen
    provider          who sold the tokens, or "" where the export does not say
    notes             what a reader should know: encoding, overlaps, zone
    """

    kind: UsageFormat
    files: tuple[UsageFile, ...]
    hourly: pd.DataFrame
    outcomes: pd.DataFrame
    covered_hours: pd.DatetimeIndex
    resolution_hours: float
    minute_burst_ratio: Mapping[str, float]
    provider: str
    notes: tuple[str, ...]

    def rows_count(self, kind: str = "") -> int:
        """Rows of the file, or those of one kind of outcome."""
        wanted = self.outcomes if not kind else self.outcomes[self.outcomes["kind"] == kind]
        return int(wanted["rows_count"].sum())

    @property
    def rejected_fraction(self) -> float:
        """Share of the rows that were rejected."""
        return self.rows_count("rejected") / max(self.rows_count(), 1)

    @property
    def foreign_fraction(self) -> float:
        """Share of the rows whose amount is in another currency than USD."""
        foreign = self.outcomes[self.outcomes["outcome"] == OUTCOMES[FOREIGN_MONEY].text]
        return int(foreign["rows_count"].sum()) / max(self.rows_count(), 1)

    @property
    def period(self) -> tuple[pd.Timestamp, pd.Timestamp] | None:
        """First hour and the end of the last; None where the export has no times."""
        if self.covered_hours.empty:
            return None
        return self.covered_hours[0], self.covered_hours[-1] + pd.Timedelta(
            hours=max(self.resolution_hours, 1.0)
        )

    @property
    def period_hours(self) -> float:
        """Hours of the period; 0 where the export has no times."""
        return (self.period[1] - self.period[0]) / pd.Timedelta(hours=1) if self.period else 0.0

    @property
    def covered_fraction(self) -> float:
        """Share of the period's hours, or days, that have a row of any kind."""
        if self.period is None:
            return 0.0
        steps = self.period_hours / max(self.resolution_hours, 1.0)
        if self.resolution_hours >= 24:
            steps = round(steps)  # a day may have 25 hours
        return min(len(self.covered_hours) / steps, 1.0)


LEAST_COVERED, MOST_REJECTED = 0.95, 0.02


def is_thin(covered_fraction: float, rejected_fraction: float) -> bool:
    """Whether an export raises a banner and lowers the stated confidence: hours are missing, or too
    many rows were rejected."""
    return covered_fraction < LEAST_COVERED or rejected_fraction > MOST_REJECTED
