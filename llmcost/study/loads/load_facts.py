"""What the hours of a load say about it: how uneven, how fresh, how complete; and what they cannot
say."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from llmcost.inputs.load_shapes import shape_facts
from llmcost.model.growth import seasonal_slope_per_day
from llmcost.study.loads.headroom import HOURS_PER_DAY
from llmcost.study.loads.load import WorkloadLoad

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
GROWTH_DAYS = 28
"""Days that a trend needs at least: four weeks, so that each weekday is there four times."""
DAYS_PER_MONTH = 730 / 24


@dataclass(frozen=True)
class LoadFacts:
    """A load in a dozen numbers; None is what its hours do not tell.

    resolution_hours        24: days only; 1: hours; 0: single requests
    peak_to_mean_ratio      busiest hour over the mean hour; requests_peak_to_mean_ratio counts
                            requests, as the presets do
    minute_burst_ratio      busiest minute over the mean minute of its hour
    weekend_ratio           mean hour of Saturday and Sunday over the mean hour of the other days
    growth_fraction_per_month  (P10, median, P90) of the trend, from four weeks on
    """

    hours_count: int
    covered_fraction: float
    resolution_hours: float
    measured: bool
    requests_per_day_count: float
    peak_to_mean_ratio: float | None
    requests_peak_to_mean_ratio: float | None
    minute_burst_ratio: float | None
    quiet_fraction: float | None
    input_to_output_ratio: float
    weekend_ratio: float | None
    growth_fraction_per_month: tuple[float, float, float] | None


def load_facts(load: WorkloadLoad, work: np.ndarray | None = None) -> LoadFacts:
    """The facts of one workload's load.

    work  what each hour asks for, in any unit: replicas where a plan is chosen; left out, its
          tokens
    """
    hourly, usage = load.hourly, load.usage
    hourly_work = _tokens(hourly) if work is None else np.asarray(work, dtype=float)
    resolution = usage.resolution_hours if usage else 1.0
    by_the_hour = resolution <= 1
    return LoadFacts(
        hours_count=len(hourly),
        covered_fraction=usage.covered_fraction if usage else 1.0,
        resolution_hours=resolution,
        measured=usage is not None,
        requests_per_day_count=float(hourly["requests"].mean() * HOURS_PER_DAY),
        peak_to_mean_ratio=float(hourly_work.max() / hourly_work.mean()) if by_the_hour else None,
        requests_peak_to_mean_ratio=float(hourly["requests"].max() / hourly["requests"].mean())
        if by_the_hour
        else None,
        minute_burst_ratio=usage.minute_burst_ratio if usage else None,
        quiet_fraction=float(np.mean(hourly_work < hourly_work.mean() / 2))
        if by_the_hour
        else None,
        input_to_output_ratio=float(hourly["input_tokens"].sum() / hourly["output_tokens"].sum()),
        weekend_ratio=_weekend_ratio(load, hourly_work),
        growth_fraction_per_month=_growth(load, hourly_work),
    )


def hour_of_week(load: WorkloadLoad, work: np.ndarray) -> pd.DataFrame:
    """The load of each hour of the week over the mean hour, the mean of the weeks that have it:
    day, day_count, hour_count, load_ratio.

    Hours are UTC where the export has a clock, else those of the record. A record of less than a
    week has less than seven days here; one whose weekdays are not stated counts its days.
    """
    clock, known = _clock(load)
    day = clock // HOURS_PER_DAY % 7
    frame = pd.DataFrame(
        {"day_count": day, "hour_count": clock % HOURS_PER_DAY, "load_ratio": work / np.mean(work)}
    )
    frame = frame.groupby(["day_count", "hour_count"], as_index=False)["load_ratio"].mean()
    names = WEEKDAYS if known else [f"day {number + 1}" for number in range(7)]
    return frame.assign(day=[names[number] for number in frame["day_count"]])


def _tokens(hourly: pd.DataFrame) -> np.ndarray:
    return hourly[["input_tokens", "output_tokens"]].sum(axis=1).to_numpy(dtype=float)


def _clock(load: WorkloadLoad) -> tuple[np.ndarray, bool]:
    """(hours since a Monday's midnight, whether the weekday is known); else hours since the record
    began."""
    hour = load.hourly["hour"]
    if load.usage is not None:
        first = hour.iloc[0]
        start, known = first.weekday() * HOURS_PER_DAY + first.hour, True
    else:
        name = str(shape_facts(load.shape).get("starts_on") or "").capitalize()
        start, known = (
            (WEEKDAYS.index(name) * HOURS_PER_DAY if name in WEEKDAYS else 0),
            name in WEEKDAYS,
        )
    return start + np.arange(len(hour)), known


def _weekend_ratio(load: WorkloadLoad, hourly_work: np.ndarray) -> float | None:
    clock, known = _clock(load)
    weekend = clock // HOURS_PER_DAY % 7 >= 5
    if not known or len(hourly_work) < 7 * HOURS_PER_DAY or hourly_work[~weekend].sum() == 0:
        return None
    return float(hourly_work[weekend].mean() / hourly_work[~weekend].mean())


def _growth(load: WorkloadLoad, hourly_work: np.ndarray) -> tuple[float, float, float] | None:
    """Growth a month over whole days; a public shape has none of the client's."""
    clock, _ = _clock(load)
    day = clock // HOURS_PER_DAY
    hours = pd.Series(hourly_work).groupby(day).agg(["sum", "size"])
    daily = hours.loc[hours["size"] == HOURS_PER_DAY, "sum"].to_numpy()
    if load.usage is None or np.count_nonzero(daily) < GROWTH_DAYS:
        return None
    low, middle, high = (
        float(np.expm1(slope * DAYS_PER_MONTH)) for slope in seasonal_slope_per_day(daily)
    )
    return low, middle, high
