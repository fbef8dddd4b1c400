"""What the lines around the GPU mean, in sentences that hold for every client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from llmcost.model import SECONDS_PER_HOUR
from llmcost.model.serverless import awake_fraction
from llmcost.study.bill.hidden_lines import API, MACHINE, Sleeper, own_options
from llmcost.study.bill.line_evidence import RULE_OF_THUMB
from llmcost.study.wording import number, percent, usd, usd_range
from llmcost.views.readings.pricing import times

if TYPE_CHECKING:
    from llmcost.study.study import Study

NO_GPUS = "No GPUs of your own can be had, rented, bought or serverless: there is no bill to take apart."


def headline(study: Study, multipliers: pd.DataFrame) -> str:
    """What stands around the GPU, option by option."""
    if multipliers.empty:
        return NO_GPUS
    lines = [
        f"- {row.label}: {usd(row.machine_usd_per_month)} for the machine, **{usd(row.around_usd_per_month)} around it**: "
        f"{times(row.multiplier)} the machine in all"
        for row in multipliers.itertuples()
    ]
    return "A month of hosting, what stays with an API left out:\n\n" + "\n".join(lines)


def bill_title(study: Study, lines: pd.DataFrame, multipliers: pd.DataFrame) -> str:
    """How much of the cheapest way to host is not the machine, and what the largest part of that is."""
    option = min(own_options(study), key=study.totals.__getitem__)
    mine = multipliers.set_index("option").loc[option]
    around = lines[(lines["option"] == option) & ~lines["group"].isin([*MACHINE, API])].groupby("group")["usd_per_month"].sum()
    share = percent(mine["around_usd_per_month"] / mine["total_usd_per_month"])
    return f"{mine['label']}: {share} of the cost of hosting is not the machine; most of that is {around.idxmax()}"


def multiplier_title(multipliers: pd.DataFrame) -> str:
    """Whether the rule of thumb holds here, and for which machines it would."""
    low, high = RULE_OF_THUMB
    first = multipliers.iloc[0]
    band = usd_range(first["around_usd_per_month"] / (high - 1), first["around_usd_per_month"] / (low - 1))
    return f"{first['label']}: {number(first['multiplier'], 2)} times the machine; 3 to 5 times holds for machines of {band} a month only"


def awake_title(sleeping: Sleeper) -> str:
    """How much a replica could sleep if this client's requests came evenly."""
    share = awake_fraction(sleeping.requests_per_second, sleeping.service_seconds, sleeping.idle_timeout_seconds)
    rate = number(sleeping.requests_per_second * SECONDS_PER_HOUR)
    return f"Spread evenly, {rate} requests an hour keep a replica awake {percent(min(float(share), 0.999))} of the time"


def sleeper_reading(sleeping: Sleeper, rented_count: int | None) -> str:
    """What the simulation of the client's own hours says beside the formula."""
    boots, seconds = sleeping.boots_per_hour, number(sleeping.boot_seconds, 2)
    text = f"Your hours are not even. Hour by hour, replicas billed on average: **{number(sleeping.billed_replicas_count)}**, "
    text += f"for a load of {number(sleeping.load_replicas_count)}; "
    cold = f"cold starts: {number(boots, 2)} an hour, of {seconds} s each, billed."
    text += cold if boots >= 0.01 else "hardly ever does one start cold."
    if sleeping.replica_usd_per_hour is None:
        return f"{text} This client may not have serverless GPUs: the speed is that of its own."
    return f"{text} A rented fleet has {rented_count} replicas around the clock, spares included." if rented_count else text


def guesses_title(lines: pd.DataFrame, ranges: pd.DataFrame, label: str) -> str:
    """How much of a bill rests on guesses, and what moves it most."""
    share = float(lines.loc[lines["evidence"] == "guess", "usd_per_month"].sum() / lines["usd_per_month"].sum())
    return f"{percent(share)} of {label} rests on guesses; what moves it most: {ranges['name'].iloc[0]}"


def so_what(study: Study, lines: pd.DataFrame, multipliers: pd.DataFrame) -> str:
    """What to do about the lines."""
    if multipliers.empty:
        return NO_GPUS
    option = min(own_options(study), key=study.totals.__getitem__)
    mine = multipliers.set_index("option").loc[option]
    hosting = lines[(lines["option"] == option) & (lines["group"] != API)].sort_values("usd_per_month", ascending=False).head(3)
    top = ", ".join(f"{row.item} {usd(row.usd_per_month)}" for row in hosting.itertuples())
    gap = study.totals[option] - min(study.totals.values())
    end = f"it is {usd(gap)} a month dearer than the cheapest option" if gap > 0.5 else "it is the cheapest of all options"
    return (
        f"- Budget **{usd(mine['around_usd_per_month'])} a month around the machine**, not a multiple of it: it hardly grows with load.\n"
        f"- The three largest lines of {mine['label']}: {top}.\n"
        "- A second workload on the same platform would share these lines; nothing else makes them smaller so fast.\n"
        f"- {mine['label']} is the cheapest way to host here; with all its lines {end}."
    )
