"""An own fleet as a reader meets it: what it rests on, its steps, its levels, its rivals, and what
follows in a sentence."""

from typing import Any

import numpy as np
import pandas as pd

from llmcost.model.fleet import gpu_usd_per_mtok
from llmcost.model.throughput import MAX_CONCURRENCY, request_seconds
from llmcost.study.fleets.labels import gpu_name
from llmcost.study.fleets.utilization import OWN_HOURS, SHAPE_REPLICAS, OwnFleet
from llmcost.study.judgement import Status
from llmcost.study.problem import WorkloadChoice
from llmcost.study.study import Study
from llmcost.study.wording import number, percent, usd


def described(fleet: OwnFleet) -> str:
    """One replica's GPUs and how they are had, in words."""
    plan, offer = fleet.supply.plan, fleet.supply.offer
    how = f"bought {offer.provider}" if fleet.option == "owned" else f"rented from {offer.provider}"
    return f"{plan.gpus_count}x {gpu_name(plan.gpu_id)} in {plan.precision.upper()}, {how}"


def rows_used(study: Study, fleet: OwnFleet) -> pd.DataFrame:
    """What the fleet rests on: what, value, source, date, age_days on the study's own day,
    confidence."""
    at, supply = fleet.choice.at, fleet.supply
    wanted = {
        f"{at}.load.input_mtok_per_month": "input, Mtok a month",
        f"{at}.load.output_mtok_per_month": "output, Mtok a month",
        supply.throughput_path: "throughput, times the modelled one",
        f"{at}.load.headroom_fraction": "headroom for bursts inside the busiest hour",
        "hidden_costs.safe_share_fraction": "safe share of saturation",
    }
    inputs = study.assumptions().set_index("path").loc[list(wanted)].reset_index()
    frame = pd.DataFrame({"what": inputs["path"].map(wanted), "value": inputs["typical"]})
    frame = frame.join(inputs[["source", "date", "confidence"]])
    offer = supply.offer
    price = (
        f"USD per GPU-hour, {gpu_name(offer.gpu_id)}",
        offer.listed_usd,
        offer.source,
        offer.date,
        offer.confidence,
    )
    if offer.term == "owned":
        price = (f"USD for one {gpu_name(offer.gpu_id)}", *price[1:])
    frame = pd.concat([frame, pd.DataFrame([price], columns=frame.columns)], ignore_index=True)
    ages = pd.Timestamp(study.client.as_of_date) - pd.to_datetime(frame["date"].replace("", None))
    frame.insert(4, "age_days", ages.dt.days.astype(float))
    return frame


def steps(fleets: list[OwnFleet]) -> pd.DataFrame:
    """From tokens to utilization, one column per workload: step, then a text for each."""
    found = {"step": list(_steps(fleets[0]))}
    return pd.DataFrame(
        found | {fleet.choice.workload.id: list(_steps(fleet).values()) for fleet in fleets}
    )


def _steps(fleet: OwnFleet) -> dict[str, str]:
    replica, curve = fleet.supply.replica, fleet.supply.curve
    return {
        "requests that move, per hour": number(fleet.requests_per_hour),
        "tokens of one: input to read + output": (
            f"{number(fleet.input_tokens)} + {number(fleet.output_tokens)}"
        ),
        "replica-seconds of one request": number(
            request_seconds(replica, fleet.input_tokens, fleet.output_tokens)
        ),
        "safe share of saturation": percent(fleet.safe_share_fraction),
        "mean load, replicas": number(curve.mean),
        "busiest hour, replicas": number(curve.peak),
        "headroom inside the hour": percent(fleet.headroom_fraction),
        "replicas, whole, spares included": (
            f"{fleet.replicas_count}, {fleet.spare_count} of them spare"
        ),
        "standing utilization": percent(fleet.standing_utilization_fraction),
    }


def duration(fleet: OwnFleet) -> pd.DataFrame:
    """The load-duration curve, busiest hour first: hours_fraction, load_replicas."""
    falling = fleet.supply.curve.sorted[::-1]
    return pd.DataFrame(
        {"hours_fraction": np.linspace(0, 1, len(falling)), "load_replicas": falling}
    )


def duration_title(fleet: OwnFleet) -> str:
    """What is paid for and what works, in one line."""
    working, busy = number(fleet.supply.curve.mean, 2), percent(fleet.standing_utilization_fraction)
    return f"{fleet.replicas_count} replicas paid for, {working} at work on average: {busy}"


def duration_described(fleet: OwnFleet) -> str:
    """What the load-duration curve plots, in words."""
    return f"Load in replicas of {described(fleet)}; hours sorted, busiest first"


def plan_described(fleet: OwnFleet) -> str:
    """The model, its GPUs and where its speed is known from, in words."""
    return (
        f"{fleet.choice.alternative.model_id} on {described(fleet)}; throughput:"
        f" {fleet.supply.plan.origin}"
    )


def rent_described(fleet: OwnFleet) -> str:
    """One replica's GPUs and what an hour of them costs, in words."""
    return f"GPUs alone: {described(fleet)}, {usd(fleet.replica_usd_per_hour)} an hour"


SHAPES_DESCRIBED = (
    f"{number(SHAPE_REPLICAS)} full replicas' worth of work, with its standing utilization; no"
    " spare, GPUs alone"
)
"""What the comparison of load shapes holds fixed."""


def levels(fleet: OwnFleet) -> pd.DataFrame:
    """The heights that matter beside a load-duration curve: replicas, text."""
    rows = [
        (float(fleet.replicas_count), f"paid for: {fleet.replicas_count} replicas"),
        (fleet.supply.curve.mean, "mean load"),
    ]
    return pd.DataFrame(rows, columns=["replicas", "text"])


def rivals(fleet: OwnFleet) -> pd.DataFrame:
    """What the same work costs elsewhere, GPUs' rival first: usd_per_mtok, text, thing (api |
    today)."""
    choice, rows = fleet.choice, []
    if choice.host:
        rows.append(
            (
                fleet.api_usd_per_mtok,
                f"{choice.alternative.model_id} by API: {usd(fleet.api_usd_per_mtok)}",
                "api",
            )
        )
    if choice.today:
        rows.append(
            (
                fleet.today_usd_per_mtok,
                f"{choice.today.model_id}, today's model: {usd(fleet.today_usd_per_mtok)}",
                "today",
            )
        )
    return pd.DataFrame(rows, columns=["usd_per_mtok", "text", "thing"])


def price_point(fleet: OwnFleet) -> pd.DataFrame:
    """The fleet's own point on the curve of prices: utilization_fraction, usd_per_mtok, text."""
    busy, price = fleet.standing_utilization_fraction, fleet.usd_per_mtok
    text = f"{percent(busy)} busy: {usd(price)}"
    return pd.DataFrame({"utilization_fraction": [busy], "usd_per_mtok": [price], "text": [text]})


def price_title(fleet: OwnFleet) -> str:
    """What a token costs at this fleet's utilization, beside what is asked elsewhere."""
    rival = rival_usd_per_mtok(fleet)
    side = "below" if rival and fleet.usd_per_mtok < rival else "above"
    against = f"{side} the {usd(rival)} asked elsewhere" if rival else "and no API may do it"
    return (
        f"At {percent(fleet.standing_utilization_fraction)} a million tokens costs"
        f" {usd(fleet.usd_per_mtok)}, {against}"
    )


def named_shapes(shapes: pd.DataFrame) -> pd.DataFrame:
    """One volume on many shapes with words to show: label, text, own added."""
    return shapes.assign(
        label=shapes["shape"] + ", " + shapes["utilization_fraction"].map(percent),
        text=shapes["usd_per_mtok"].map(usd),
        own=shapes["shape"] == OWN_HOURS,
    )


def shapes_title(shapes: pd.DataFrame, fleet: OwnFleet) -> str:
    """How far the hours alone move a price, and on how many shapes own GPUs win."""
    rival, prices = rival_usd_per_mtok(fleet), shapes["usd_per_mtok"]
    worst, won = prices.max() / prices.min(), ""
    if rival:
        won = f"; own GPUs beat {usd(rival)} on {(prices < rival).sum()} of {len(shapes)} shapes"
    return f"The hours alone make a price up to {number(worst, 2)} times another{won}"


def promise_marks(sweep: pd.DataFrame, fleet: OwnFleet) -> pd.DataFrame:
    """Points to name on the cost of a latency promise: limit_seconds, usd_per_month, text; the
    client's limit has no cost."""
    at = sweep.set_index("concurrency_count")
    held = at.loc[min(fleet.supply.replica.concurrency_count, at.index.max())]
    text = (
        f"{fleet.supply.replica.concurrency_count} at once on each of"
        f" {number(held['replicas_count'])} replicas"
    )
    rows = [(held["limit_seconds"], held["usd_per_month"], text)]
    latency = fleet.choice.workload.latency
    if latency and latency.itl_limit_seconds:
        rows.append((latency.itl_limit_seconds, None, "the client's limit"))
    return pd.DataFrame(rows, columns=["limit_seconds", "usd_per_month", "text"]).astype(
        {"usd_per_month": float}
    )


def promise_title(sweep: pd.DataFrame, fleet: OwnFleet) -> str:
    """What holds the concurrency, and what the tightest promise that this plan can keep would
    cost."""
    first, holds = sweep.iloc[0], stop(fleet, int(sweep["concurrency_count"].max()))
    tight = (
        f"{number(1e3 * first['limit_seconds'], 2)} ms would take {number(first['replicas_count'])}"
        " replicas"
    )
    return (
        f"{fleet.supply.replica.concurrency_count} requests at once, {holds}; a promise of {tight}"
    )


def headline(study: Study, shown: Study, fleet: OwnFleet) -> str:
    """How busy the fleet would be and what a token then costs; says so where only the client
    without its gates has a fleet."""
    gated, elsewhere = "", "No API may do this work."
    if shown is not study:
        gated = (
            "No GPU plan passes this client's own gates. **What follows is the same client without"
            " them.** "
        )
    largest = "" if len(shown.choices) == 1 else f"Largest workload, {fleet.choice.workload.id}. "
    full = gpu_usd_per_mtok(fleet.replica_usd_per_hour, fleet.tokens_per_second, 1.0)
    rival = rival_usd_per_mtok(fleet)
    if rival is not None:
        asks = "The open model's API" if fleet.api_usd_per_mtok is not None else "Today's model"
        elsewhere = f"{asks} asks {usd(rival)} for the same work."
    return (
        f"{gated}{largest}**Of what its own GPUs could deliver, this client would use"
        f" {percent(fleet.standing_utilization_fraction)}.** The busiest hour is"
        f" {number(fleet.peak_to_mean_ratio, 2)} times the mean one, so {fleet.replicas_count}"
        f" replicas ({described(fleet)}) stand ready for a mean load of"
        f" {number(fleet.supply.curve.mean, 2)}. GPUs alone, a million tokens costs {usd(full)} on"
        f" a replica that is always full and **{usd(fleet.usd_per_mtok)}** at this load."
        f" {elsewhere}{given_back(fleet)}"
    )


def given_back(fleet: OwnFleet) -> str:
    """What the bill counts where a rented fleet gives replicas back in quiet hours; empty where
    nothing is given back."""
    if fleet.paid_replicas >= fleet.replicas_count:
        return ""
    return (
        " The bill is kinder: replicas are given back by the hour where that pays,"
        f" {number(fleet.paid_replicas)} are paid for on average,"
        f" {percent(fleet.supply.curve.mean / fleet.paid_replicas)} busy:"
        f" {usd(fleet.bill_usd_per_mtok)} a million tokens."
    )


def stop(fleet: OwnFleet, fitting_count: int) -> str:
    """What keeps a replica from taking one more request at once."""
    latency = fleet.choice.workload.latency
    if latency and fleet.supply.replica.concurrency_count < fitting_count:
        return f"more would pass {number(latency.limit_seconds * 1e3)} ms"
    if fleet.supply.plan.own and fleet.supply.replica.concurrency_count < fitting_count:
        return "the client measured no more"
    if fitting_count < MAX_CONCURRENCY:
        return "memory holds no more"
    return "an engine schedules no more"


def meaning(fleet: OwnFleet) -> str:
    """Whether utilization could decide for this fleet: break-even, out of reach, or nothing to
    compare with."""
    rival = rival_usd_per_mtok(fleet)
    full = float(gpu_usd_per_mtok(fleet.replica_usd_per_hour, fleet.tokens_per_second, 1.0))
    if rival is None:
        return "No API may do this work, so idle hours are the price of keeping it inside."
    if full >= rival:
        return (
            f"Even a replica that is always full costs {usd(full)}, more than the {usd(rival)}"
            " asked elsewhere: no utilization saves it."
        )
    here = percent(fleet.standing_utilization_fraction)
    even = (
        f"Own GPUs match the {usd(rival)} asked elsewhere from a utilization of"
        f" {percent(full / rival)} on"
    )
    return f"{even}; here it is {here}, before people."


def rival_usd_per_mtok(fleet: OwnFleet) -> float | None:
    """What the same work costs elsewhere: the open model's API, else today's model, else None."""
    return fleet.today_usd_per_mtok if fleet.api_usd_per_mtok is None else fleet.api_usd_per_mtok


def waiting(fleet: OwnFleet) -> str:
    """What work that can wait would do to the utilization."""
    if not fleet.batchable_fraction:
        return "Nothing of this load can wait for the quiet hours, so nothing raises that cap."
    return (
        "Work that can wait may go to the quiet hours and raise that cap:"
        f" {percent(fleet.batchable_fraction)} of this load can."
    )


def plans_tried(study: Study, choice: WorkloadChoice) -> pd.DataFrame:
    """Every plan tried for a workload, a row per model, GPU and precision and a column per GPUs of
    a replica.

    A cell holds the plan's cheapest bill in USD a month with how it is had, "ask" before a bill
    that rests on an unasked question, or the gate that the plan fails; `candidates()` has every way
    with its full reason.
    """
    tried = study.candidates()
    tried = tried[(tried["workload"] == choice.workload.id) & (tried["option"] != "hybrid")]
    tried = tried.assign(rank=tried["status"].map({each: each.rank for each in Status}))
    best = tried.sort_values(["rank", "usd_per_month"]).drop_duplicates(["model_id", "plan"])
    best["cell"] = [_cell(row) for row in best.itertuples()]
    best["gpu"] = best["gpu_id"]
    order = (
        best.groupby(["model_id", "gpu_id", "precision"])["usd_per_month"].min().rename("cheapest")
    )
    wide = best.pivot(
        index=["model_id", "gpu_id", "gpu", "precision"], columns="gpus_count", values="cell"
    ).reset_index()
    wide = wide.merge(order.reset_index()).sort_values(["cheapest", "gpu_id", "precision"])
    return wide.drop(columns=["gpu_id", "cheapest"]).rename(
        columns={count: f"{count} GPU{'s' * (count > 1)}" for count in best["gpus_count"]}
    )


GATES = {
    "context": "too long",
    "memory": "too large",
    "compute": "impossible",
    "latency": "too slow",
    "price": "no offer",
}
"""The gate that a plan fails, in a word or two."""


def _cell(row: Any) -> str:
    if row.status == Status.INFEASIBLE:
        return GATES[row.gate]
    if row.status == Status.GATED:
        return row.reason
    return f"{'ask: ' * (row.status == Status.ASK)}{usd(row.usd_per_month)} {row.option}"
