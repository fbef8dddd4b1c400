"""What else is on the bill: the lines around the GPU, their inputs, and the rule of thumb that they
make."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from llmcost.inputs.catalog import gpu, in_force
from llmcost.model import SECONDS_PER_HOUR
from llmcost.model.overhead import implied_multiplier
from llmcost.model.serverless import awake_and_boots
from llmcost.study.assumptions import Values, drawn_values
from llmcost.study.bill.fleet_lines import fixed_lines
from llmcost.study.bill.options import OWN
from llmcost.study.bill.serverless_lines import billed_and_cold, serverless_scope
from llmcost.study.case import Case
from llmcost.study.fleets.fleet_facts import replicas_count
from llmcost.study.fleets.labels import gpu_name, own_label
from llmcost.study.formulas.fixed_costs import migration
from llmcost.study.graph import Group
from llmcost.study.lines import HOSTING_LINES
from llmcost.study.market.gpu_offers import Term
from llmcost.study.problem import Option, WorkloadChoice
from llmcost.study.scopes import scope_of
from llmcost.study.ties import cheapest

MACHINE = (Group.GPUS, Group.POWER)
"""What a rented price bundles: the GPU line of the rule of thumb, for bought GPUs too."""


def own_options(case: Case) -> list[Option]:
    """Options that serve the moved work on GPUs, of those that can be had: rented first."""
    own = (Option.RENTED, Option.OWNED, Option.SERVERLESS)
    return [option for option in own if option in case.totals]


def cheapest_own_option(case: Case) -> Option | None:
    """The cheapest of them; None where there is none."""
    found = own_options(case)
    return cheapest(found, case.totals.__getitem__) if found else None


def bill_lines(case: Case) -> pd.DataFrame:
    """Every line of rented, owned and serverless: option, label, item, group, usd_per_month,
    stacked start and end."""
    rows = []
    for option in own_options(case):
        label, bill = own_label(case, case.choices, option), case.lines[option]
        rows += [
            (option, label, line.label, line.group.value, bill[line])
            for line in HOSTING_LINES
            if line in bill
        ]
    frame = pd.DataFrame(
        rows, columns=["option", "label", "item", "group", "usd_per_month"]
    ).astype({"usd_per_month": float})
    frame["end_usd_per_month"] = frame.groupby("option", sort=False)["usd_per_month"].cumsum()
    return frame.assign(start_usd_per_month=frame["end_usd_per_month"] - frame["usd_per_month"])


def bill_groups(lines: pd.DataFrame) -> pd.DataFrame:
    """The lines added up by group, in the order of the bill."""
    return lines.groupby(["option", "label", "group"], sort=False, as_index=False).agg(
        usd_per_month=("usd_per_month", "sum"),
        start_usd_per_month=("start_usd_per_month", "min"),
        end_usd_per_month=("end_usd_per_month", "max"),
    )


def multipliers(case: Case) -> pd.DataFrame:
    """What "3 to 5 times the GPU" is here: option, label, machine, around and total USD per month
    of hosting, multiplier.

    What stays with an API is no cost of hosting and is left out of the total.
    """
    hosting = _hosting(case)
    machine = hosting[hosting["is_machine"]].groupby("option", sort=False)["usd_per_month"].sum()
    total = hosting.groupby("option", sort=False)["usd_per_month"].sum()
    frame = pd.DataFrame({"machine_usd_per_month": machine, "total_usd_per_month": total})
    frame["around_usd_per_month"] = frame["total_usd_per_month"] - frame["machine_usd_per_month"]
    frame["multiplier"] = implied_multiplier(
        frame["total_usd_per_month"], frame["machine_usd_per_month"]
    )
    labels = [own_label(case, case.choices, str(option)) for option in frame.index]
    return frame.assign(label=labels).rename_axis("option").reset_index()


def _hosting(case: Case) -> pd.DataFrame:
    """Every line of hosting itself: option, whether it is the machine, USD per month."""
    rows = [
        (option, line.group in MACHINE, case.lines[option][line])
        for option in own_options(case)
        for line in HOSTING_LINES
        if line in case.lines[option] and line.group is not Group.API
    ]
    frame = pd.DataFrame(rows, columns=["option", "is_machine", "usd_per_month"])
    return frame.astype({"is_machine": bool, "usd_per_month": float})


def around_usd_per_month(case: Case, option: str, values: Values) -> np.ndarray:
    """Everything around the machine that does not grow with it: people, refreshes, tools and what
    is paid once."""
    fixed = sum(
        np.asarray(line, dtype=float)
        for line in fixed_lines(option, values, case.decision.horizon_months).values()
    )
    moving = migration(values["one_off.migration_usd"], case.decision.horizon_months)
    return np.asarray(fixed + moving)


def around_band(case: Case, option: str) -> tuple[float, float, float]:
    """(P10, typical, P90) of what stands around the machine, from the study's draws of its
    inputs."""
    drawn = around_usd_per_month(case, option, drawn_values(case.inputs, 2_000))
    return (
        float(np.quantile(drawn, 0.1)),
        float(around_usd_per_month(case, option, case.values)),
        float(np.quantile(drawn, 0.9)),
    )


def multiplier_curve(case: Case, option: str, machine_usd_per_month: np.ndarray) -> pd.DataFrame:
    """1 + E/G over the GPU bill G, for E at its P10, typical and P90: machine_usd_per_month, low,
    typical, high (multipliers)."""
    low, typical, high = around_band(case, option)
    bands = {"low": low, "typical": typical, "high": high}
    columns = {
        f"{name}_multiplier": 1 + around / machine_usd_per_month for name, around in bands.items()
    }
    return pd.DataFrame(
        {"option": option, "machine_usd_per_month": machine_usd_per_month, **columns}
    )


@dataclass(frozen=True)
class Card:
    """One bought GPU with its share of the server, at typical values.

    gpus_count  how many the owned fleet has
    stands_in   this client cannot buy; the catalog's card shows the arithmetic
    """

    gpu_id: str
    name: str
    gpus_count: int
    price_usd: float
    resale_fraction: float
    power_watts: float
    stands_in: bool


def card(case: Case, choice: WorkloadChoice) -> Card:
    """The GPU of the owned fleet, or the catalog's H100 where there is none."""
    supply = choice.supplies.get(Option.OWNED)
    if supply is None:
        row = (
            in_force("gpu_purchase", case.client.as_of_date)
            .set_index("gpu_id")
            .loc[["h100-80gb-sxm"]]
            .iloc[0]
        )
        watts = gpu("h100-80gb-sxm", case.client.as_of_date).provisioned_power_watts
        return Card(
            "h100-80gb-sxm",
            "H100",
            1,
            float(row["purchase_typical_usd"]),
            float(row["resale_typical_fraction"]),
            watts,
            True,
        )
    at, values = f"gpu_purchase.{supply.offer.gpu_id}", case.values
    count = replicas_count(case, choice, Option.OWNED) * supply.plan.gpus_count
    price, resale = float(values[f"{at}.purchase_usd"]), float(values[f"{at}.resale_fraction"])
    watts = float(values[f"gpu_hardware.{supply.offer.gpu_id}.power_watts"])
    return Card(
        supply.offer.gpu_id,
        f"{gpu_name(supply.offer.gpu_id)}, {supply.offer.provider}",
        count,
        price,
        resale,
        watts,
        False,
    )


@dataclass(frozen=True)
class Sleeper:
    """What decides a serverless bill, of the moved work at typical values.

    load_replicas_count     mean load, in replicas
    warm_count              replicas that never sleep
    billed_replicas_count   mean over the hours, by the hour-by-hour simulation, boots included
    boots_per_hour          cold starts, by the same simulation
    cold_requests_fraction  share of the requests that wait for one
    replica_usd_per_hour    price of one replica while it is awake; None where the client cannot
                            have serverless GPUs, and the speed of another plan shows the arithmetic
    """

    requests_per_second: float
    service_seconds: float
    idle_timeout_seconds: float
    boot_seconds: float
    load_replicas_count: float
    warm_count: int
    billed_replicas_count: float
    boots_per_hour: float
    cold_requests_fraction: float
    replica_usd_per_hour: float | None


def sleeper(case: Case, choice: WorkloadChoice, warm_count: int | None = None) -> Sleeper | None:
    """The serverless replicas of a workload, so many of them warm (default: as the client says);
    None where no GPU plan exists at all."""
    supply = next((choice.supplies[each] for each in OWN if each in choice.supplies), None)
    if supply is None:
        return None
    warm = supply.warm_count if warm_count is None else warm_count
    values = case.values
    billed, boots, cold = (
        float(each) for each in billed_and_cold(choice, replace(supply, warm_count=warm), values)
    )
    rate = float(
        choice.load.hourly["requests"].mean()
        / SECONDS_PER_HOUR
        * scope_of(choice, values)("taken_fraction")
    )
    asleep = serverless_scope(choice, supply, values)
    idle, boot = float(asleep("idle_timeout_seconds")), float(asleep("load_seconds"))
    price = (
        supply.offer.hourly_usd * supply.plan.gpus_count
        if supply.offer.term is Term.SERVERLESS
        else None
    )
    service = float(asleep("service_seconds"))
    mean = float(supply.curve.mean)
    return Sleeper(rate, service, idle, boot, mean, warm, billed, boots, cold, price)


def awake_curve(
    sleeping: Sleeper, requests_per_hour: np.ndarray, timeouts_seconds: list[float]
) -> pd.DataFrame:
    """Share of the time awake over the rate, one curve per idle timeout: requests_per_hour, timeout
    (text), awake_fraction."""
    rate = requests_per_hour / SECONDS_PER_HOUR
    awake = {
        t: awake_and_boots(rate, sleeping.service_seconds, t, sleeping.boot_seconds)[0]
        for t in timeouts_seconds
    }
    curves = [
        {"requests_per_hour": requests_per_hour, "timeout": f"{t:g} s", "awake_fraction": share}
        for t, share in awake.items()
    ]
    return pd.concat([pd.DataFrame(curve) for curve in curves], ignore_index=True)
