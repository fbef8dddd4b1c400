"""A load and the fleet that follows it, as a reader meets them: facts in a table, queues, lags and
dashboards in sentences."""

import pandas as pd

from llmcost.inputs.load_presets import Preset
from llmcost.model import HOURS_PER_MONTH
from llmcost.model.serverless import cold_start_seconds
from llmcost.study.fleets.fleet_sweeps import PeakQueue
from llmcost.study.fleets.labels import gpu_name
from llmcost.study.fleets.utilization import OwnFleet, at_usual_peak
from llmcost.study.loads.headroom import HOURS_PER_DAY, size_preset
from llmcost.study.loads.load_facts import GROWTH_DAYS, LoadFacts
from llmcost.study.problem import Supply
from llmcost.study.study import Study
from llmcost.study.wording import DASH, number, percent, usd

SELDOM_FRACTION = 0.01
"""So few requests may wait for a slot before a queue counts as one."""
LEAST_SAVING_FRACTION = 0.005
"""What following the hours must save to be worth a sentence."""
TAME_RATIO = 1.25
"""Hours whose peak times this stays below the median of public clients are called tame."""


def facts_table(study: Study, fleet: OwnFleet, facts: LoadFacts) -> pd.DataFrame:
    """The load's facts, with what public clients of its size do: fact, this load, clients of its
    size."""
    usual = size_preset("peak_to_mean", study.client, fleet.choice.load)
    above = study.inputs[f"{fleet.choice.at}.load.headroom_fraction"]
    kept = f"not told; {percent(above.typical)} kept ready for it"
    if above.low < above.high:
        kept += f" ({percent(above.low)} to {percent(above.high)})"
    rows = [
        ("record", _record(facts), ""),
        ("requests a day", number(facts.requests_per_day_count), usual.size),
        (
            "busiest hour over the mean hour, requests",
            number(facts.requests_peak_to_mean_ratio),
            _spread(usual),
        ),
        ("the same, in replicas of this fleet", number(facts.peak_to_mean_ratio), ""),
        (
            "busiest minute over the mean minute of its hour",
            number(facts.minute_burst_ratio) if facts.minute_burst_ratio else kept,
            "",
        ),
        ("hours under half the mean", percent(facts.quiet_fraction), ""),
        ("weekend over weekday", _weekend(facts), ""),
        ("input tokens for each output token", number(facts.input_to_output_ratio), ""),
        ("growth a month", _growth(facts), ""),
    ]
    return pd.DataFrame(rows, columns=["fact", "this load", "public clients of its size"])


def _record(facts: LoadFacts) -> str:
    days = number(facts.hours_count / HOURS_PER_DAY)
    if not facts.measured:
        return f"{days} days of a public shape; only the totals are the client's"
    grain = "by the hour"
    if facts.resolution_hours > 1:
        grain = "days only, their hours from a public shape"
    elif facts.resolution_hours < 1:
        grain = "finer than an hour"
    return (
        f"{days} days of the client's own export, {grain}; {percent(facts.covered_fraction)} of the"
        " hours covered"
    )


def _spread(usual: Preset) -> str:
    return (
        f"{number(usual.low, 2)} to {number(usual.high, 2)}, half below {number(usual.typical, 2)}"
        f" ({usual.clients_count} clients)"
    )


def _weekend(facts: LoadFacts) -> str:
    if facts.weekend_ratio is not None:
        return number(facts.weekend_ratio)
    return "too short to say: not a whole week" if facts.measured else "weekdays not stated"


def _growth(facts: LoadFacts) -> str:
    if not facts.measured:
        return "a public shape has none of the client's"
    if facts.growth_fraction_per_month is None:
        return (
            f"too short to say: {number(facts.hours_count // HOURS_PER_DAY)} days, {GROWTH_DAYS}"
            " are needed"
        )
    low, middle, high = facts.growth_fraction_per_month
    return f"{percent(middle)} ({percent(low)} to {percent(high)}), robust slope"


def tamer(study: Study, fleet: OwnFleet, facts: LoadFacts) -> str:
    """What the fleet would be if this load peaked as public clients of its size do; empty where its
    hours are its own or no tamer."""
    usual = size_preset("peak_to_mean", study.client, fleet.choice.load)
    own = facts.requests_peak_to_mean_ratio
    if facts.measured or own is None or own * TAME_RATIO > usual.typical:
        return ""
    count, busy = at_usual_peak(fleet, fleet.peak_to_mean_ratio * usual.typical / own)
    return (
        "**These hours are not the client's, and tame for its size**: their busiest is"
        f" {number(own, 2)} times the mean in requests, while half of the public clients with"
        f" {usual.size} pass {number(usual.typical, 2)}. At that peak the fleet would be"
        f" {number(count)} replicas, {percent(busy)} busy, rather than {fleet.replicas_count},"
        f" {percent(fleet.standing_utilization_fraction)} busy."
    )


def week_title(week: pd.DataFrame, facts: LoadFacts) -> str:
    """What the heat map shows, in one line."""
    if facts.resolution_hours > 1:
        return "The export has days only: the hours inside them are a public shape's"
    top = week.loc[week["load_ratio"].idxmax()]
    often = (
        f"; {percent(facts.quiet_fraction)} of all hours stay under half the mean"
        if facts.quiet_fraction
        else ""
    )
    where = "Busiest in the mean week" if facts.hours_count > 7 * HOURS_PER_DAY else "Busiest"
    return (
        f"{where}: {top['day']}, hour {top['hour_count']}, {number(top['load_ratio'], 2)} times the"
        f" mean{often}"
    )


def waits_table(waits: pd.DataFrame) -> pd.DataFrame:
    """The queue before each fleet in words: shares as percentages, an endless wait as such."""
    shown = pd.DataFrame(
        {
            "replicas": waits["replicas_count"],
            "slots busy": waits["slots_busy_fraction"].map(percent),
        }
    )
    for column, name in (
        ("waits_fraction", "wait"),
        ("minute_waits_fraction", "wait in the busiest minute"),
    ):
        shown[name] = waits[column].map(percent)
    for column, name in (
        ("mean_wait_seconds", "mean wait"),
        ("bursty_wait_seconds", "mean wait if arrivals are bursty"),
    ):
        shown[name] = [_seconds(value) for value in waits[column]]
    return shown


def _seconds(value: float) -> str:
    if value > 1e6:
        return "without end"
    if value >= 1:
        return f"{number(value, 2)} s"
    return f"{number(1e3 * value, 2)} ms" if value >= 1e-3 else "under 1 ms"


def queue_reading(fleet: OwnFleet, queue: PeakQueue, waits: pd.DataFrame) -> str:
    """What Erlang-C says of the fleet that headroom and spares made."""
    pooled = (
        f"{number(queue.slots_count)} slots for {number(queue.in_flight_count)} requests in flight"
        f" are {number(queue.safety_ratio, 2)} square roots above the mean; a hundred times the"
        " load would wait as little with as many roots, a tenth of the share. Pooling is what an"
        " API sells."
    )
    enough = waits.loc[waits["waits_fraction"] <= SELDOM_FRACTION, "replicas_count"]
    if len(enough) and enough.iloc[0] < fleet.replicas_count:
        return (
            f"Erlang-C alone would be content with {enough.iloc[0]} of the {fleet.replicas_count}"
            " replicas: there at most one request in a hundred waits for a slot in the busiest"
            " hour. What stands above them is kept for the busiest minute, the failing replica and"
            f" whole machines. {pooled}"
        )
    fewer = waits.iloc[-2] if len(waits) > 1 else waits.iloc[-1]
    return (
        f"Erlang-C asks for this fleet too: with {fewer['replicas_count']:.0f} up,"
        f" {percent(fewer['waits_fraction'])} of the requests would wait for a slot in the busiest"
        f" hour, {percent(fewer['minute_waits_fraction'])} in its busiest minute. {pooled}"
    )


def following_title(frame: pd.DataFrame, lag_hours: float, supply: Supply) -> str:
    """Following the hours against standing still, in one line."""
    row = frame.set_index("lag_hours").loc[lag_hours]
    if supply.offer.term != "on_demand":
        return "No GPU can be given back by the hour here: the fleet stands still"
    if row["saving_fraction"] < LEAST_SAVING_FRACTION:
        return "A fleet this small has nothing to give back: following the hours saves nothing"
    late = (
        f"{percent(row['unserved_fraction'])} of the work"
        if row["unserved_fraction"] > 0
        else "nothing"
    )
    return (
        f"Following the hours {number(60 * lag_hours)} minutes late saves"
        f" {percent(row['saving_fraction'])} of the rent by the hour, and {late} comes too late"
    )


def following_reading(study: Study, fleet: OwnFleet, supply: Supply, frame: pd.DataFrame) -> str:
    """What the saving would be worth beside the fleet that stands still, and what the lag cannot go
    below."""
    stands = usd(fleet.replicas_count * fleet.replica_usd_per_hour * HOURS_PER_MONTH)
    first, last = frame.iloc[0], frame.iloc[-1]
    if supply.offer.term != "on_demand":
        return (
            "No GPU may be rented by the hour here, so nothing follows the hours: the fleet costs"
            f" {stands} a month, busy or idle."
        )
    if first["saving_fraction"] < LEAST_SAVING_FRACTION:
        return (
            f"The fleet that stands still costs {stands} a month for its GPUs; it is as small as it"
            " can be, so following saves nothing."
        )
    late = "when headroom and spares still carry what comes before they are ready"
    if last["unserved_fraction"] > 0:
        late = (
            f"when {percent(last['unserved_fraction'])} of the work comes too late and needs an API"
            " to fall back on"
        )
    load = cold_start_seconds(
        supply.replica.weights_gb, float(study.values["hidden_costs.weights_load_gb_per_second"])
    )
    return (
        f"Rented by the hour ({gpu_name(supply.offer.gpu_id)}, {supply.offer.provider}), a fleet"
        f" that follows costs {usd(first['usd_per_month'])} a month with no lag and"
        f" {usd(last['usd_per_month'])} with one of {number(60 * last['lag_hours'])} minutes,"
        f" {late}. The fleet that stands still costs {stands}. Loading the weights alone takes"
        f" {number(load, 2)} s; the machine comes on top, if the provider has one to give."
    )


def busy_points(fleet: OwnFleet, time_busy: float, measured: pd.DataFrame) -> pd.DataFrame:
    """The points to name beside the curve: utilization_fraction, time_busy_fraction, text, own."""
    rows = [(fleet.standing_utilization_fraction, time_busy, "this client's fleet", True)]
    rows += [
        (m.utilization_fraction, m.time_busy_fraction, f"measured: {m.model_id}, one user", False)
        for m in measured.itertuples()
    ]
    return pd.DataFrame(rows, columns=["utilization_fraction", "time_busy_fraction", "text", "own"])


def busy_title(fleet: OwnFleet, time_busy: float) -> str:
    """The dashboard's number beside the true one."""
    delivers = percent(fleet.standing_utilization_fraction)
    return (
        f"A dashboard would show {percent(time_busy)} busy; the fleet delivers {delivers} of what"
        " it can"
    )


def measured_reading(measured: pd.DataFrame) -> str:
    """The measurement in a sentence, with its source; a dash where none is in force."""
    if measured.empty:
        return DASH
    row = measured.iloc[0]
    busy, delivered = percent(row["time_busy_fraction"]), percent(row["utilization_fraction"])
    return (
        f"Measured: one user on one {gpu_name(row['gpu_id'])} with {row['model_id']} keeps it"
        f" **busy {busy}** of the time and draws **{delivered}** of the tokens that it can safely"
        f" deliver ({row['source']})."
    )
