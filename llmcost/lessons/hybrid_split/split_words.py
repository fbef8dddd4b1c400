"""The hybrid split in sentences."""

import math

import pandas as pd

from llmcost.study.fleets.exact_split import Split
from llmcost.study.market.hosts import may_leave
from llmcost.study.study import Study
from llmcost.study.uncertainty.split_sweeps import described, split_fixed_lines, splits
from llmcost.study.wording import number, percent, usd


def headline(study: Study, shown: Study) -> str:
    """What the split owns and saves; where there is nothing to split, why, and what a split would
    be without the gate."""
    whole = " ".join(_owned(shown, split) for split, _ in splits(shown))
    if shown is study:
        return f"{whole} {after_fixed(shown)}"
    reason = study.options().set_index("option")["reason"]["hybrid"]
    one_sided = (
        f"No API may take part of this load ({reason}), so whatever is hosted carries all of it."
    )
    if "open_api" in study.totals:
        one_sided = f"No own GPUs pass the gates ({reason}), so the API takes all of it."
    return (
        f"**There is nothing to split.** {one_sided} WHAT-IF, without the gates: {whole}"
        f" {after_fixed(shown)}"
    )


def _owned(study: Study, split: Split) -> str:
    supply = split.terms.pool.supply
    before = f"{' and '.join(split.workload_ids)}: " if len(study.choices) > 1 else ""
    cheapest = min(split.own_usd_per_replica_hour, split.hour_usd_per_replica_hour)
    if not split.owned_count and not split.hour_count:
        if cheapest >= split.api_usd_per_replica_hour:
            price = (
                f"{usd(cheapest)} an hour, and the API would bill"
                f" {usd(split.api_usd_per_replica_hour)} for it full"
            )
            return (
                f"{before}**Own nothing.** One replica ({described(supply)}) costs {price}: no"
                " hours are steady enough."
            )
        fullest = percent(split.slices["fill_fraction"].iloc[0])
        needed = percent(split.break_even_fill_fraction)
        needed = needed if needed != fullest else f"just above {needed}"
        text = (
            f"The fullest slice of the load is at work {fullest} of the time; owning"
            f" ({described(supply)}) pays from {needed}."
        )
        return f"{before}**Own nothing.** {text}"
    have = [f"own {split.owned_count}"] if split.owned_count else []
    if split.hour_count:
        more = " more" if have else ""
        have.append(f"rent up to {int(split.hours['hour_replicas'].max())}{more} by the hour")
    floor = (
        f", {split.floor_count} of them for work that may not leave" if split.floor_count else ""
    )
    text = (
        f"**Before people, {' and '.join(have)}** ({described(supply)}{floor}) and buy the rest"
        " by API"
    )
    return f"{before}{text}: the replicas do {percent(served_fraction(split))} of the work."


def served_fraction(split: Split) -> float:
    """Share of the work that the replicas do, owned and by the hour."""
    return 1 - float(
        split.hours[list(split.workload_ids)].to_numpy().sum() / split.hours["load_replicas"].sum()
    )


def nothing_owned(
    split: Split, fullest_fill_fraction: float, break_even_fill_fraction: float
) -> str:
    """Why no replica is run, in the place of a picture of nothing: the first slice is too empty, or
    the API too cheap for any."""
    api = f"The API takes it all, for {usd(float(split.terms.all_api_usd_per_month))} a month."
    if break_even_fill_fraction >= 1:
        return (
            "**No slice can be worth owning.** A replica that is busy all month is dearer than the"
            f" API for the same work. {api}"
        )
    return (
        f"**No slice is full enough to own.** The fullest is busy {percent(fullest_fill_fraction)}"
        f" of the time, and owning one pays from {percent(break_even_fill_fraction)} on. {api}"
    )


def after_fixed(study: Study) -> str:
    """Whether the saving of the split covers what running replicas adds whatever the volume."""
    saving = sum(split.saving_usd_per_month for split, _ in splits(study))
    fixed = sum(split_fixed_lines(study).values())
    if any(not may_leave(workload) for workload in study.client.workloads):
        return (
            "There is no choice about replicas: some work may not leave. People and the rest of"
            f" running them cost {usd(fixed)} a month."
        )
    if saving <= 0:
        return "All of the load belongs on the API."
    if saving <= fixed:
        cost = f"people and the rest of running replicas cost {usd(fixed)}"
        return (
            f"That saves {usd(saving)} a month, but {cost}: **all of the load belongs on the API.**"
        )
    left = f"{usd(saving - fixed)} after people and the rest of running replicas ({usd(fixed)})"
    return f"That saves {usd(saving)} a month, and {left}: **split it.**"


def turning_point(study: Study, turns: pd.DataFrame) -> str:
    """The volume at which the split pays with its people, as the next thing to watch."""
    first, split, _ = turns["volume_ratio"]
    if math.isnan(first) and all(cheapest_fill(split) >= 1 for split, _ in splits(study)):
        return "No volume changes that: a full replica costs more than the API bills for its work."
    if math.isnan(first):
        busy = max(float((supply.load_replicas > 0).mean()) for _, supply in splits(study))
        return (
            f"No volume changes that: only {percent(busy)} of the hours have any work, and no slice"
            " can be fuller than they allow."
        )
    if math.isnan(split):
        return (
            "With more volume a slice would pay for itself, but never for its people, up to a"
            " thousand times today's."
        )
    if split <= 1:
        return (
            f"The split would stop paying for its people if volume fell below {number(split, 2)}"
            " times today's."
        )
    return f"The split begins to pay for its people at {number(split, 2)} times today's volume."


def cheapest_fill(split: Split) -> float:
    """The lowest fill from which a replica beats the API, in a month around the clock or in an hour
    of its own."""
    return (
        min(split.own_usd_per_replica_hour, split.hour_usd_per_replica_hour)
        / split.api_usd_per_replica_hour
    )


def rule_of_thumb(split: Split) -> str:
    """The comparison to carry away, in this client's prices."""
    own, api = usd(split.own_usd_per_replica_hour), usd(split.api_usd_per_replica_hour)
    if cheapest_fill(split) >= 1:
        return (
            f"The rule to keep: while the API bills {api} for an hour of a full replica, a replica"
            " must cost less than that."
        )
    if split.hour_usd_per_replica_hour <= split.own_usd_per_replica_hour:
        hour, fill = usd(split.hour_usd_per_replica_hour), percent(cheapest_fill(split))
        return (
            f"The rule to keep: at {hour} by the hour a replica is worth starting for hours that"
            f" fill it to more than {fill}."
        )
    fill = percent(split.break_even_fill_fraction)
    return (
        f"The rule to keep: at {own} an hour a replica is worth owning while its slice is at work"
        f" more than {fill} of the month."
    )
