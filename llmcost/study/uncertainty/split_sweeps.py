"""The hybrid split under other prices and volumes, its fixed costs, and where it begins to pay."""

import numpy as np
import pandas as pd

from llmcost.model.fleet import LoadDurationCurve
from llmcost.model.split import owned_slices, split_usd_per_month
from llmcost.study.assumptions import Values
from llmcost.study.bill.fleet_lines import fixed_lines
from llmcost.study.bill.hybrid_lines import pool_bills
from llmcost.study.bill.pools import lined_up, pools
from llmcost.study.case import Case
from llmcost.study.fleets.exact_split import Split, pool_splits, workload_split
from llmcost.study.fleets.fleet_facts import owns_nothing
from llmcost.study.fleets.labels import gpu_name
from llmcost.study.lines import AnyLine
from llmcost.study.market.gpu_offers import Term
from llmcost.study.problem import VOLUME, Option, Supply, WorkloadChoice
from llmcost.study.scopes import scope_of
from llmcost.study.uncertainty.flips import VOLUME_SPAN
from llmcost.study.uncertainty.volume_break_even import volume_break_even

HALF_A_CENT_USD = 0.005
"""A saving below it is only rounding."""
API_PRICE = "hidden_costs.api_price_path_multiplier"


def splits(case: Case) -> list[tuple[Split, Supply]]:
    """Every split of a study and the supply that it has slices of; empty where the hybrid is not to
    be had."""
    return [(split, split.terms.pool.supply) for split in pool_splits(case.decision, case.values)]


def described(supply: Supply) -> str:
    """One replica's GPUs and how they are had, in words."""
    how = (
        f"bought {supply.offer.provider}"
        if supply.offer.term is Term.OWNED
        else f"rented from {supply.offer.provider}"
    )
    return (
        f"{supply.plan.gpus_count}x {gpu_name(supply.plan.gpu_id)} in"
        f" {supply.plan.precision.upper()}, {how}"
    )


def split_fixed_lines(case: Case) -> dict[AnyLine, float]:
    """What running any slice at all adds to the bill, line by line: USD per month."""
    bought = any(
        supply.offer.term is Term.OWNED and split.owned_count for split, supply in splits(case)
    )
    lines = fixed_lines(
        Option.OWNED if bought else Option.RENTED, case.values, case.decision.horizon_months
    )
    return {line: float(usd) for line, usd in lines.items()}


def duration(split: Split) -> pd.DataFrame:
    """The load-duration curve cut by who serves it, busiest hour first: hours_fraction (0 to 1),
    and, each on top of the one before, owned_replicas, run_replicas (with those by the hour),
    load_replicas."""
    hours = split.hours.sort_values("load_replicas", ascending=False, kind="stable")
    load, owned = hours["load_replicas"].to_numpy(), split.owned_count
    served = np.minimum(load, owned + hours["hour_replicas"].to_numpy())
    at = np.linspace(0, 1, len(load))
    return pd.DataFrame(
        {
            "hours_fraction": at,
            "owned_replicas": np.minimum(load, owned),
            "run_replicas": served,
            "load_replicas": load,
        }
    )


def overflow_peak_requests_per_minute(case: Case, choice: WorkloadChoice) -> float:
    """Requests that the hybrid leaves to a workload's API in the busiest minute, to hold against
    the host's rate limit.

    Each hour's requests times the share of its load that the API takes, and the burst inside the
    hour that the headroom stands for.
    """
    requests = choice.load.hourly["requests"].to_numpy() * float(
        scope_of(choice, case.values)("taken_fraction")
    )
    split = workload_split(case, choice.workload.id)
    if split is not None and not owns_nothing(case):
        load = lined_up(choice, choice.supplies[Option.HYBRID].load_replicas)
        left = np.divide(
            split.hours[choice.workload.id].to_numpy(),
            load,
            out=np.zeros_like(load),
            where=load > 0,
        )
        requests = lined_up(choice, requests) * np.minimum(left, 1.0)
    return (
        float(requests.max()) / 60 * (1 + float(case.values[f"{choice.at}.load.headroom_fraction"]))
    )


def saved(case: Case, values: Values) -> tuple[np.ndarray, np.ndarray]:
    """(owned replicas, USD a month saved before fixed costs) of all workloads together, at other
    values."""
    parts = pool_bills(pools(case.choices), {**case.values, **values}, case.decision.spare_count)
    return np.asarray(sum(part.owned_count for part in parts)), np.asarray(
        sum(part.saving_usd_per_month for part in parts)
    )


def by_volume(case: Case, volume_ratios: np.ndarray) -> pd.DataFrame:
    """volume_ratio (times today's), owned_count, saving_usd_per_month before fixed costs: all
    workloads together."""
    count, saving = saved(case, {VOLUME: volume_ratios})
    return pd.DataFrame(
        {"volume_ratio": volume_ratios, "owned_count": count, "saving_usd_per_month": saving}
    )


def by_api_price(case: Case, multipliers: np.ndarray) -> pd.DataFrame:
    """One row per API price (times today's): owned_count, saving before and after fixed costs, all
    workloads together."""
    count, saving = saved(case, {API_PRICE: float(case.values[API_PRICE]) * multipliers})
    net = np.maximum(saving - sum(split_fixed_lines(case).values()), 0.0)
    return pd.DataFrame(
        {
            "api_price_ratio": multipliers,
            "owned_count": count,
            "saving_usd_per_month": saving,
            "saving_after_fixed_usd_per_month": net,
        }
    )


def by_break_even_fill(curve: LoadDurationCurve, fills: np.ndarray) -> np.ndarray:
    """Share of the all-API bill that owned slices save before fixed costs, for each break-even fill
    u*."""
    count = owned_slices(curve, fills, 1.0)
    own, api = split_usd_per_month(curve, count, fills, 1.0)
    whole = split_usd_per_month(curve, 0, fills, 1.0)[1]
    return np.asarray(1 - (own + api) / whole)


def turning_volumes(case: Case) -> pd.DataFrame:
    """Where owning begins to pay as all volumes grow: what, volume_ratio (NaN: not reached),
    input_mtok_per_month."""
    own = volume_break_even(
        case,
        Option.OWNED if Option.OWNED in case.totals else Option.RENTED,
        Option.OPEN_API,
    )
    input_mtok = sum(
        float(case.values[f"{choice.at}.load.input_mtok_per_month"]) for choice in case.choices
    )
    fixed = max(sum(split_fixed_lines(case).values()), HALF_A_CENT_USD)
    coarse = by_volume(case, np.geomspace(1 / VOLUME_SPAN, VOLUME_SPAN, 200))
    rows = [
        ("the first slice pays for itself", _saving_above(case, coarse, HALF_A_CENT_USD)),
        ("the split pays for its people too", _saving_above(case, coarse, fixed)),
        (
            "a whole fleet, people and spare, beats the API",
            own.first_mtok_per_month and own.first_mtok_per_month / input_mtok,
        ),
    ]
    frame = pd.DataFrame(rows, columns=["what", "volume_ratio"]).astype({"volume_ratio": float})
    return frame.assign(input_mtok_per_month=frame["volume_ratio"] * input_mtok)


def _saving_above(case: Case, coarse: pd.DataFrame, usd_per_month: float) -> float | None:
    """The smallest volume, times today's, at which the split saves more than this; it saves more
    with every growth. None: it never does.

    coarse  as of `by_volume`
    """
    found, high = coarse, VOLUME_SPAN
    for points in (200, 200, 0):
        ratios = found["volume_ratio"].to_numpy()
        enough = np.flatnonzero(found["saving_usd_per_month"] > usd_per_month)
        if len(enough) == 0:
            return None
        low, high = ratios[max(enough[0] - 1, 0)], ratios[enough[0]]
        found = by_volume(case, np.geomspace(low, high, points)) if points else found
    return float(high)
