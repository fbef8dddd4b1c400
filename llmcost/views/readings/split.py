"""The hybrid split in sentences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from llmcost.study.split.split_sweeps import described, split_fixed_lines, splits
from llmcost.study.wording import number, percent, usd

if TYPE_CHECKING:
    from llmcost.study.split.split import Split
    from llmcost.study.study import Study


def headline(study: Study, shown: Study) -> str:
    """What the split owns and saves; where there is nothing to split, why, and what a split would be without the gate."""
    whole = " ".join(_owned(shown, split) for split, _ in splits(shown))
    if shown is study:
        return f"{whole} {after_fixed(shown)}"
    reason = study.options().set_index("option")["reason"]["hybrid"]
    one_sided = f"No API may take part of this load ({reason}), so whatever is hosted carries all of it."
    if "open_api" in study.totals:
        one_sided = f"No own GPUs pass the gates ({reason}), so the API takes all of it."
    return f"**There is nothing to split.** {one_sided} WHAT-IF, without the gates: {whole} {after_fixed(shown)}"


def _owned(study: Study, split: Split) -> str:
    supply = split.terms.pool.supply
    before = f"{' and '.join(split.workload_ids)}: " if len(study.choices) > 1 else ""
    threshold, fullest = split.break_even_fill_fraction, split.slices["fill_fraction"].iloc[0]
    if threshold >= 1:
        price = f"{usd(split.own_usd_per_replica_hour)} an hour, and the API would bill {usd(split.api_usd_per_replica_hour)} for it full"
        return f"{before}**Own nothing.** One replica ({described(supply)}) costs {price}: no hours are steady enough."
    if not split.owned_count:
        fill, needed = percent(fullest), percent(threshold)
        needed = needed if needed != fill else f"just above {needed}"
        text = f"The fullest slice of the load is at work {fill} of the time; owning ({described(supply)}) pays from {needed}."
        return f"{before}**Own nothing.** {text}"
    share = float(supply.curve.mean_served(split.owned_count) / supply.curve.mean)
    slices = f"{split.owned_count} of {len(split.slices)} slices" if len(split.slices) > 1 else "the one slice there is"
    text = f"**Before people, own {slices}** ({described(supply)}) and buy the rest by API"
    return f"{before}{text}: the owned part does {percent(share)} of the work, each slice above {percent(threshold)} full."


def after_fixed(study: Study) -> str:
    """Whether the saving of the split covers what owning adds whatever the volume."""
    saving = sum(split.saving_usd_per_month for split, _ in splits(study))
    fixed = sum(split_fixed_lines(study).values())
    if saving <= 0:
        return "All of the load belongs on the API."
    if saving <= fixed:
        cost = f"people and the rest of owning cost {usd(fixed)}"
        return f"That saves {usd(saving)} a month, but {cost}: **all of the load belongs on the API.**"
    return f"That saves {usd(saving)} a month, and {usd(saving - fixed)} after people and the rest of owning ({usd(fixed)}): **split it.**"


def turning_point(study: Study, turns: pd.DataFrame) -> str:
    """The volume at which the split pays with its people, as the next thing to watch."""
    first, split, _ = turns["volume_ratio"]
    if math.isnan(first) and all(split.break_even_fill_fraction >= 1 for split, _ in splits(study)):
        return "No volume changes that: a full replica costs more than the API bills for its work."
    if math.isnan(first):
        busy = max(float((supply.load_replicas > 0).mean()) for _, supply in splits(study))
        return f"No volume changes that: only {percent(busy)} of the hours have any work, and no slice can be fuller than they allow."
    if math.isnan(split):
        return "With more volume a slice would pay for itself, but never for its people, up to a thousand times today's."
    if split <= 1:
        return f"The split would stop paying for its people if volume fell below {number(split, 2)} times today's."
    return f"The split begins to pay for its people at {number(split, 2)} times today's volume."


def rule_of_thumb(split: Split) -> str:
    """The comparison to carry away, in this client's prices."""
    own, api = usd(split.own_usd_per_replica_hour), usd(split.api_usd_per_replica_hour)
    if split.break_even_fill_fraction >= 1:
        return f"The rule to keep: while the API bills {api} for an hour of a full replica, a replica must cost less than that."
    fill = percent(split.break_even_fill_fraction)
    return f"The rule to keep: at {own} an hour a replica is worth owning while its slice is at work more than {fill} of the month."
