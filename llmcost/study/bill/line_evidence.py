"""What the lines around the GPU rest on: double counting made visible, ranges of the inputs, and
who says so."""

from fnmatch import fnmatch

import numpy as np
import pandas as pd

from llmcost.inputs.catalog import gpu
from llmcost.model.overhead import energy_usd_per_month, engineers_usd_per_month
from llmcost.study.assumptions import Assumption
from llmcost.study.bill.fleet_lines import replica_usd_per_month, spares_of
from llmcost.study.bill.hidden_lines import API, bill_lines, multipliers, typical
from llmcost.study.case import Case as Study
from llmcost.study.fleets.fleet_facts import always_on_fleet, delivered_utilization_fraction
from llmcost.study.names import plain_name
from llmcost.study.problem import WorkloadChoice
from llmcost.study.uncertainty.evidence import EVIDENCE_RANK
from llmcost.study.wording import number, percent

RULE_OF_THUMB = (3.0, 5.0)
"""Total over GPU line, as two of the articles have it."""
PREFIXES = ("hidden_costs.", "people.", "one_off.", "gpu_purchase.", "capacity.")
"""Paths of what is on a hosting bill, with the headroom; volumes and quality are other notebooks'
questions."""
HEADROOM = ".load.headroom_fraction"
INPUTS = {
    "GPU rent": ("hidden_costs.gpu_rent_*", "capacity.*", f"workloads.*{HEADROOM}", "hidden_costs.safe_share_fraction"),
    "GPU rent by the hour": (
        "hidden_costs.gpu_rent_*", "capacity.*", f"workloads.*{HEADROOM}", "hidden_costs.safe_share_fraction",
        "hidden_costs.machine_boot_seconds", "hidden_costs.weights_load_gb_per_second",
    ),
    "Spot restarts": ("hidden_costs.spot_interruptions_per_month", "hidden_costs.machine_boot_seconds", "hidden_costs.gpu_rent_*"),
    "GPU capital": ("gpu_purchase.*", "capacity.*", "hidden_costs.owned_*", "hidden_costs.discount_fraction_per_year"),
    "Serverless GPUs": (f"workloads.*{HEADROOM}", "capacity.*", "hidden_costs.serverless_*", "hidden_costs.weights_load_gb_per_second"),
    "Energy": ("hidden_costs.electricity_usd_per_kwh", "hidden_costs.pue_ratio", "hidden_costs.load_power_fraction"),
    "Colocation": ("hidden_costs.colocation_usd_per_kw_month",),
    "Maintenance": ("hidden_costs.maintenance_fraction_per_year",),
    "Engineers": ("people.engineer_*",),
    "On-call": ("hidden_costs.on_call_usd_per_month",),
    "Model refreshes": ("hidden_costs.refreshes_per_year", "hidden_costs.refresh_usd"),
    "Set-up, spread over the horizon": ("one_off.setup_usd",),
    "Evaluation and migration, spread": ("one_off.migration_usd",),
    "Exit, spread over the horizon": ("one_off.exit_usd",),
    "Observability": ("hidden_costs.observability_usd_per_month",),
    "Storage of weights": ("hidden_costs.storage_usd_per_gb_month",),
    "Egress": ("hidden_costs.egress_usd_per_month",),
}  # fmt: skip
"""Line of a bill -> paths of the inputs that it is made of."""


def band(a: Assumption) -> str:
    """An input's range as a reader wants it."""
    if a.unit == "fraction":
        return f"{percent(a.low)} to {percent(a.high)}"
    return (
        f"x {number(a.low)} to {number(a.high)}"
        if a.unit == "multiplier"
        else f"{number(a.low)} to {number(a.high)} {a.unit}"
    )


def used_inputs(study: Study, option: str) -> list[str]:
    """Inputs that move an option's bill, of those that stand on it."""
    return [
        path
        for path in study.inputs
        if (path.startswith(PREFIXES) or path.endswith(HEADROOM))
        and _swing(study, option, path) is not None
    ]


def _swing(study: Study, option: str, path: str) -> tuple[float, float] | None:
    """The option's bill with one input at its low and its high end; None where it does not move."""
    uncertain = [a.path for a in study.inputs.values() if not a.certain]
    if path not in uncertain:
        return None
    at_low, at_high = study.ends[option][uncertain.index(path)]
    return None if np.isclose(at_low, at_high) else (float(at_low), float(at_high))


def ranges(study: Study, option: str) -> pd.DataFrame:
    """What each input alone does to an option's bill, widest first: name, band, evidence, at_low,
    at_high, swing USD per month."""
    rows = []
    for path in used_inputs(study, option):
        a, ends = study.inputs[path], _swing(study, option, path)
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


def evidence(study: Study, option: str) -> pd.DataFrame:
    """Each line of an option's hosting bill with the weakest evidence among its inputs: item,
    usd_per_month, evidence, guessed."""
    lines = bill_lines(study)
    lines = lines[(lines["option"] == option) & (lines["group"] != API)]
    moving = used_inputs(study, option)
    rows = []
    for line in lines.itertuples():
        paths = [
            path for path in moving if any(fnmatch(path, pattern) for pattern in INPUTS[line.item])
        ]
        if not paths:  # every input is certain
            rows.append(
                (line.item, line.usd_per_month, "reported", "stated without a range", "client.yaml")
            )
            continue
        weakest = max(
            (study.inputs[path] for path in paths), key=lambda a: EVIDENCE_RANK[a.confidence]
        )
        rows.append(
            (
                line.item,
                line.usd_per_month,
                weakest.confidence,
                plain_name(weakest.path),
                weakest.source,
            )
        )
    return pd.DataFrame(
        rows, columns=["item", "usd_per_month", "evidence", "weakest_input", "source"]
    )


def ages(study: Study, used: pd.DataFrame) -> pd.DataFrame:
    """Inputs by evidence, and the age of the oldest on the study's own day: confidence, inputs,
    oldest_days.

    used  rows of study.assumptions()
    """
    days = (pd.Timestamp(study.client.as_of_date) - pd.to_datetime(used["date"])).dt.days
    return (
        used.assign(days=days)
        .groupby("confidence", as_index=False)
        .agg(inputs=("path", "size"), oldest_days=("days", "max"))
    )


def guessed_fraction(lines: pd.DataFrame) -> float:
    """Share of a bill that rests on a guess."""
    return float(
        lines.loc[lines["evidence"] == "guess", "usd_per_month"].sum()
        / lines["usd_per_month"].sum()
    )


def counted_twice(study: Study, choice: WorkloadChoice, option: str) -> pd.DataFrame:
    """The five rules: where each line is counted, and what counting it again would add: rule, once
    and again, USD per month."""
    mult = multipliers(study).set_index("option").loc[option]
    supply, machine, around = (
        choice.supplies[option],
        mult["machine_usd_per_month"],
        mult["around_usd_per_month"],
    )
    u = delivered_utilization_fraction(study, choice, option)
    spare = spares_of(supply.offer, choice, study.decision.spare_count) * replica_usd_per_month(
        supply, study.values
    )
    items = (
        "load_power_fraction",
        "pue_ratio",
        "electricity_usd_per_kwh",
        "colocation_usd_per_kw_month",
    )
    share, pue, price, space = (typical(study, f"hidden_costs.{item}") for item in items)
    watts = gpu(supply.plan.gpu_id, study.client.as_of_date).provisioned_power_watts
    gpus = float(always_on_fleet(study, choice, option).paid_replicas) * supply.plan.gpus_count
    power = gpus * float(energy_usd_per_month(watts, share, pue, price) + watts / 1e3 * space)
    people = float(
        engineers_usd_per_month(
            typical(study, "people.api_fte"), typical(study, "people.engineer_usd_per_year")
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
            0.0 if option == "rented" else power,
            power,
        ),
    ]
    return pd.DataFrame(rows, columns=["rule", "once_usd_per_month", "again_adds_usd_per_month"])
