"""What the lines around the GPU rest on: double counting made visible, ranges of the inputs, and
who says so."""

from dataclasses import replace

import numpy as np
import pandas as pd

from llmcost.inputs.catalog import gpu
from llmcost.model.overhead import energy_usd_per_month
from llmcost.study.assumptions import Assumption, Confidence
from llmcost.study.bill.bills import option_bills
from llmcost.study.bill.fleet_lines import replica_usd_per_month
from llmcost.study.case import Case
from llmcost.study.fleets.fleet_facts import always_on_fleet, delivered_utilization_fraction
from llmcost.study.fleets.hidden_lines import multipliers
from llmcost.study.formulas.fixed_costs import api_people
from llmcost.study.graph import Group, Node
from llmcost.study.lines import HOSTING_LINES
from llmcost.study.names import plain_name
from llmcost.study.problem import Option, WorkloadChoice
from llmcost.study.scopes import spares_of
from llmcost.study.uncertainty.evidence import EVIDENCE_RANK
from llmcost.study.wording import number, percent

RULE_OF_THUMB = (3.0, 5.0)
"""Total over GPU line, as two of the articles have it."""
HEADROOM = ".load.headroom_fraction"


def band(a: Assumption) -> str:
    """An input's range as a reader wants it."""
    if a.unit == "fraction":
        return f"{percent(a.low)} to {percent(a.high)}"
    return (
        f"x {number(a.low)} to {number(a.high)}"
        if a.unit == "multiplier"
        else f"{number(a.low)} to {number(a.high)} {a.unit}"
    )


def used_inputs(case: Case, option: str) -> list[str]:
    """Inputs that move an option's bill and are a matter of hosting.

    Volumes and quality are other notebooks' questions; headroom is not.
    """
    return [
        path
        for path in case.inputs
        if not path.startswith("workloads.") or path.endswith(HEADROOM)
        if _swing(case, option, path) is not None
    ]


def _swing(case: Case, option: str, path: str) -> tuple[float, float] | None:
    """The option's bill with one input at its low and its high end; None where it does not move."""
    uncertain = [a.path for a in case.inputs.values() if not a.certain]
    if path not in uncertain:
        return None
    at_low, at_high = case.ends[option][uncertain.index(path)]
    return None if np.isclose(at_low, at_high) else (float(at_low), float(at_high))


def ranges(case: Case, option: str) -> pd.DataFrame:
    """What each input alone does to an option's bill, widest first: name, band, evidence, at_low,
    at_high, swing USD per month."""
    rows = []
    for path in used_inputs(case, option):
        a, ends = case.inputs[path], _swing(case, option, path)
        assert ends is not None
        rows.append(
            (plain_name(path), band(a), a.confidence, a.origin, *ends, abs(ends[1] - ends[0]))
        )
    names = [
        "name",
        "band",
        "evidence",
        "origin",
        "at_low_usd_per_month",
        "at_high_usd_per_month",
        "swing_usd_per_month",
    ]
    return pd.DataFrame(rows, columns=names).sort_values(
        "swing_usd_per_month", ascending=False, ignore_index=True
    )


def evidence(case: Case, option: str) -> pd.DataFrame:
    """Each line of an option's hosting bill with the weakest evidence among all that it is worked
    out from: item, usd_per_month, evidence, weakest_input, source.

    Of equally weak inputs it names the one that moves the bill most.
    """
    bill = option_bills(case.decision, case.values, case.inputs)[option]
    rows = []
    for line in HOSTING_LINES:
        if line in case.lines[option] and line.group is not Group.API:
            weakest = weakest_input(case, option, bill[line])
            name = plain_name(weakest.path) if weakest.path else weakest.name
            source = weakest.source.partition(": ")[2] if weakest.path else weakest.source
            usd = case.lines[option][line]
            rows.append((line.label, usd, weakest.confidence, name, source))
    return pd.DataFrame(
        rows, columns=["item", "usd_per_month", "evidence", "weakest_input", "source"]
    )


def weakest_input(case: Case, option: str, node: Node) -> Node:
    """The input with the weakest evidence among those that a figure of an option rests on.

    What is stated without a range is taken as it is stated.
    """

    def weakness(each: Node) -> tuple[int, float]:
        swing = _swing(case, option, each.path)
        return EVIDENCE_RANK[each.confidence], abs(swing[1] - swing[0]) if swing else 0.0

    uncertain = [each for each in node.inputs() if not each.path or each.low is not None]
    judged = [each for each in uncertain if each.confidence]
    stated = Node("stated without a range", node.value, "", source="client.yaml")
    return max(judged, key=weakness, default=replace(stated, confidence=Confidence.REPORTED))


def ages(case: Case, used: pd.DataFrame) -> pd.DataFrame:
    """Inputs by evidence, and the age of the oldest on the study's own day: confidence, inputs,
    oldest_days.

    used  rows of study.assumptions()
    """
    days = (pd.Timestamp(case.client.as_of_date) - pd.to_datetime(used["date"])).dt.days
    return (
        used.assign(days=days)
        .groupby("confidence", as_index=False)
        .agg(inputs=("path", "size"), oldest_days=("days", "max"))
    )


def guessed_fraction(lines: pd.DataFrame) -> float:
    """Share of a bill that rests on a guess."""
    return float(
        lines.loc[lines["evidence"] == Confidence.GUESS, "usd_per_month"].sum()
        / lines["usd_per_month"].sum()
    )


def counted_twice(case: Case, choice: WorkloadChoice, option: str) -> pd.DataFrame:
    """The five rules: where each line is counted, and what counting it again would add: rule, once
    and again, USD per month."""
    mult = multipliers(case).set_index("option").loc[option]
    supply, machine, around = (
        choice.supplies[option],
        mult["machine_usd_per_month"],
        mult["around_usd_per_month"],
    )
    u = delivered_utilization_fraction(case, choice, option)
    spare = spares_of(supply.offer, choice, case.decision.spare_count) * replica_usd_per_month(
        supply, case.values
    )
    items = (
        "load_power_fraction",
        "pue_ratio",
        "electricity_usd_per_kwh",
        "colocation_usd_per_kw_month",
    )
    share, pue, price, space = (float(case.values[f"hidden_costs.{item}"]) for item in items)
    watts = gpu(supply.plan.gpu_id, case.client.as_of_date).provisioned_power_watts
    gpus = float(always_on_fleet(case, choice, option).paid_replicas) * supply.plan.gpus_count
    power = gpus * float(energy_usd_per_month(watts, share, pue, price) + watts / 1e3 * space)
    people = float(
        api_people(
            float(case.values["people.api_fte"]), float(case.values["people.engineer_usd_per_year"])
        )
    )
    rows = [
        (
            "1. Idle hours are in the replica-hours: never divide by u as well",
            machine,
            machine / u - machine,
        ),
        (
            "2. The 3-5x rule holds people and idle hours: never with their lines",
            around,
            (RULE_OF_THUMB[0] - 1) * machine,
        ),
        ("3. A spare is GPU-hours: no surcharge for redundancy on top", spare, spare),
        ("4. Engineers are the extra time; the API needs some too", people, people),
        (
            "5. Rent holds power, cooling and wear; only bought GPUs pay them",
            0.0 if option == Option.RENTED else power,
            power,
        ),
    ]
    return pd.DataFrame(rows, columns=["rule", "once_usd_per_month", "again_adds_usd_per_month"])
