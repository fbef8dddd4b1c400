"""What the lines around the GPU mean, in sentences that hold for every client."""

from typing import Any

import numpy as np
import pandas as pd

from llmcost.model import SECONDS_PER_HOUR
from llmcost.model.serverless import awake_fraction
from llmcost.study.fleets.fleet_sweeps import Had, SpotPrice
from llmcost.study.fleets.hidden_lines import MACHINE, Sleeper, cheapest_own_option
from llmcost.study.fleets.labels import gpu_name
from llmcost.study.fleets.rent_or_buy_card import RentOrBuy
from llmcost.study.graph import Group
from llmcost.study.study import Study
from llmcost.study.uncertainty.line_evidence import RULE_OF_THUMB
from llmcost.study.wording import number, percent, usd, usd_range
from llmcost.views.text import times

RIVALS = {"open_api": "the open model by API", "rented": "rented GPUs", "owned": "owned GPUs"}
NO_RIVAL = "Serverless GPUs cannot be had here, or there is nothing to hold beside them."
NO_GPUS = (
    "No GPUs of your own can be had, rented, bought or serverless: there is no bill to take apart."
)


def headline(study: Study, multipliers: pd.DataFrame) -> str:
    """What stands around the GPU, option by option."""
    if multipliers.empty:
        return NO_GPUS
    lines = [
        f"- {row.label}: {usd(row.machine_usd_per_month)} for the machine,"
        f" **{usd(row.around_usd_per_month)} around it**: {times(row.multiplier)} the machine"
        " in all"
        for row in multipliers.itertuples()
    ]
    return "A month of hosting, what stays with an API left out:\n\n" + "\n".join(lines)


def bill_title(study: Study, lines: pd.DataFrame, multipliers: pd.DataFrame) -> str:
    """How much of the cheapest way to host is not the machine, and what the largest part of that
    is."""
    option = cheapest_own_option(study)
    assert option is not None, "what has lines has an option"
    mine = multipliers.set_index("option").loc[option]
    not_around = [group.value for group in (*MACHINE, Group.API)]
    around = (
        lines[(lines["option"] == option) & ~lines["group"].isin(not_around)]
        .groupby("group")["usd_per_month"]
        .sum()
    )
    if around.empty:
        return f"{mine['label']}: the whole cost of hosting is the machine"
    share = percent(mine["around_usd_per_month"] / mine["total_usd_per_month"])
    return (
        f"{mine['label']}: {share} of the cost of hosting is not the machine; most of that is"
        f" {around.idxmax()}"
    )


def multiplier_title(multipliers: pd.DataFrame) -> str:
    """Whether the rule of thumb holds here, and for which machines it would."""
    low, high = RULE_OF_THUMB
    first = multipliers.iloc[0]
    band = usd_range(
        first["around_usd_per_month"] / (high - 1), first["around_usd_per_month"] / (low - 1)
    )
    return (
        f"{first['label']}: {number(first['multiplier'], 2)} times the machine; 3 to 5 times holds"
        f" for machines of {band} a month only"
    )


def awake_title(sleeping: Sleeper) -> str:
    """How much a replica could sleep if this client's requests came evenly."""
    share = awake_fraction(
        sleeping.requests_per_second, sleeping.service_seconds, sleeping.idle_timeout_seconds
    )
    rate = number(sleeping.requests_per_second * SECONDS_PER_HOUR)
    return (
        f"Spread evenly, {rate} requests an hour keep a replica awake"
        f" {percent(min(float(share), 0.999))} of the time"
    )


def sleeper_reading(sleeping: Sleeper, rented_count: int | None) -> str:
    """What the simulation of the client's own hours says beside the formula."""
    boots, seconds = sleeping.boots_per_hour, number(sleeping.boot_seconds, 2)
    cold = "hardly ever does one start cold."
    if boots >= 0.01:
        cold = (
            f"cold starts: {number(boots, 2)} an hour, of {seconds} s each, billed;"
            f" {percent(sleeping.cold_requests_fraction)} of the requests wait for one."
        )
    text = (
        "Your hours are not even. Hour by hour, replicas billed on average:"
        f" **{number(sleeping.billed_replicas_count)}**, for a load of"
        f" {number(sleeping.load_replicas_count)}; {cold}"
    )
    if sleeping.replica_usd_per_hour is None:
        return f"{text} This client may not have serverless GPUs: the speed is that of its own."
    if rented_count:
        return f"{text} A rented fleet has {rented_count} replicas at its peak, spares included."
    return text


def slices_title(slices: pd.DataFrame) -> str:
    """How many slices of a rented fleet are given back, and what that saves."""
    gone = slices[slices["had"] == Had.BY_THE_HOUR]
    if gone.empty:
        if len(slices) < 2:
            return "One slice carries this load: there is nothing to give back"
        is_let = slices["hourly_usd_per_month"].notna().any()
        reason = "nothing pays to give back" if is_let else "nobody lets it so"
        return f"All {len(slices)} slices stand: {reason}"
    saved = (gone["standing_usd_per_month"] - gone["hourly_usd_per_month"]).sum()
    return (
        f"{len(gone)} of {len(slices)} slices are had by the hour: {usd(saved)} a month less than"
        " standing"
    )


def spot_reading(price: SpotPrice | None, name: str) -> str:
    """What spot costs once its interruptions are priced."""
    if price is None:
        return f"The catalog has no spot offer of a {name} to hold beside one by the hour."
    all_in = price.gpu_usd_per_hour + price.restarts_usd_per_hour
    saves = "still saves" if 2 * all_in < price.on_demand_usd_per_hour else "saves nothing"
    return (
        f"**Spot.** {price.provider} lets a {name} that it may take back for"
        f" {usd(price.gpu_usd_per_hour)} an hour, {usd(all_in)} with the restarts, beside"
        f" {usd(price.on_demand_usd_per_hour)} by the hour. Work that cannot wait needs a spare as"
        f" well: two of them cost {usd(2 * all_in)}, so a single spot replica {saves}."
    )


def pays_title(both: RentOrBuy) -> str:
    """From which month a bought card is cheaper, path by path."""
    name = gpu_name(both.card.gpu_id)
    found = {path: month for path, month in both.pays_from.items() if month is not None}
    never = [path for path in both.pays_from if path not in found]
    if not found:
        return f"Buying the {name} never beats renting it, whichever way rents go"
    first, last = min(found.values()), max(found.values())
    months = f"month {first}" if first == last else f"month {first} to {last}"
    limit = f"but never if rent {never[0]}" if never else "whichever way rents go"
    return f"A bought {name} pays from {months} on, {limit}"


def pays_marks(both: RentOrBuy) -> pd.DataFrame:
    """Where buying begins to pay: month_count, bought_usd, words."""
    rows = [
        (month, f"rent {path}: from month {month}")
        for path, month in both.pays_from.items()
        if month is not None
    ]
    marks = pd.DataFrame(rows, columns=["month_count", "words"]).astype({"month_count": int})
    return marks.merge(both.costs.drop_duplicates("month_count")[["month_count", "bought_usd"]])


def warm_table(warm: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Warm workers in words: the table, and how its columns are shown."""
    shown = pd.DataFrame(
        {"kept warm": warm["warm_count"], "GPUs, USD a month": warm["usd_per_month"]}
    )
    shown["boots an hour"] = [
        number(boots, 2) if boots >= 0.01 else "hardly any" for boots in warm["boots_per_hour"]
    ]
    shown["requests that wait for one"] = warm["cold_requests_fraction"].map(percent)
    return shown, {"GPUs, USD a month": "usd"}


def crossing_words(row: Any) -> str:
    """One crossing in a few words."""
    rival, is_cheaper = RIVALS[row.against], row.becomes == "cheaper"
    if pd.isna(row.volume_ratio):
        return f"beats {rival} at every volume" if is_cheaper else f"never beats {rival}"
    side = "above" if is_cheaper else "below"
    return f"beats {rival} {side} {times(row.volume_ratio)} today's volume"


def crossing_points(crossings: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """The dots where serverless changes places: volume_ratio, usd_per_month, words."""
    mine = totals[totals["option"] == "serverless"]
    found = crossings.dropna(subset="volume_ratio")
    height = np.interp(
        np.log(found["volume_ratio"]), np.log(mine["volume_ratio"]), mine["usd_per_month"]
    )
    return pd.DataFrame(
        {
            "volume_ratio": found["volume_ratio"],
            "usd_per_month": height,
            "words": [crossing_words(row) for row in found.itertuples()],
        }
    )


def crossings_title(crossings: pd.DataFrame) -> str:
    """Against which rivals serverless wins, and where."""
    if crossings.empty:
        return "Serverless has no rival here"
    words = [
        crossing_words(row) for row in crossings.drop_duplicates("against").head(2).itertuples()
    ]
    return f"Serverless {' and '.join(words)}"


def guesses_title(lines: pd.DataFrame, ranges: pd.DataFrame, label: str) -> str:
    """How much of a bill rests on guesses, and what moves it most."""
    share = float(
        lines.loc[lines["evidence"] == "guess", "usd_per_month"].sum()
        / lines["usd_per_month"].sum()
    )
    return (
        f"{percent(share)} of {label} rests on guesses; what moves it most:"
        f" {ranges['name'].iloc[0]}"
    )


def so_what(study: Study, lines: pd.DataFrame, multipliers: pd.DataFrame) -> str:
    """What to do about the lines."""
    if multipliers.empty:
        return NO_GPUS
    option = cheapest_own_option(study)
    assert option is not None, "what has lines has an option"
    mine = multipliers.set_index("option").loc[option]
    hosting = (
        lines[(lines["option"] == option) & (lines["group"] != Group.API.value)]
        .sort_values("usd_per_month", ascending=False)
        .head(3)
    )
    top = ", ".join(f"{row.item} {usd(row.usd_per_month)}" for row in hosting.itertuples())
    gap = study.totals[option] - min(study.totals.values())
    end = (
        f"it is {usd(gap)} a month dearer than the cheapest option"
        if gap > 0.5
        else "it is the cheapest of all options"
    )
    return (
        f"- Budget **{usd(mine['around_usd_per_month'])} a month around the machine**, not a"
        " multiple of it: it hardly grows with load.\n- The three largest lines of"
        f" {mine['label']}: {top}.\n- A second workload on the same platform would share these"
        f" lines; nothing else makes them smaller so fast.\n- {mine['label']} is the cheapest way"
        f" to host here; with all its lines {end}."
    )
