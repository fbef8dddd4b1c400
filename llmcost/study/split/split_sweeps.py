"""The hybrid split under other prices and volumes, its fixed costs, and where it begins to pay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from llmcost.model.fleet import LoadDurationCurve
from llmcost.model.split import owned_slices, split_usd_per_month
from llmcost.study.bill.fleet_lines import fixed_lines
from llmcost.study.problem import Supply
from llmcost.study.uncertainty.flips import VOLUME_SPAN
from llmcost.study.verdict.labels import gpu_name

if TYPE_CHECKING:
    from llmcost.study.split.split import Split
    from llmcost.study.study import Study


def splits(study: Study) -> list[tuple[Split, Supply]]:
    """The split of every workload with the supply that it owns slices of; empty where one has no API to split with."""
    found = [(study.split(choice.workload.id), choice.supplies.get("hybrid")) for choice in study.choices]
    return [(split, supply) for split, supply in found if split and supply] if all(split for split, _ in found) else []


def described(supply: Supply) -> str:
    """One replica's GPUs and how they are had, in words."""
    how = f"bought {supply.offer.provider}" if supply.offer.term == "owned" else f"rented from {supply.offer.provider}"
    return f"{supply.plan.gpus_count}x {gpu_name(supply.plan.gpu_id)} in {supply.plan.precision.upper()}, {how}"


def split_fixed_lines(study: Study) -> dict[str, float]:
    """What owning any slice at all adds to the bill, item by item: USD per month."""
    bought = any(supply.offer.term == "owned" for _, supply in splits(study))
    lines = fixed_lines("owned" if bought else "rented", study.values, study.decision.horizon_months)
    return {item: float(usd) for item, usd in lines.items()}


def duration(split: Split, supply: Supply) -> pd.DataFrame:
    """The load-duration curve cut at the owned slices: hours_fraction (0 to 1), owned_replicas, load_replicas."""
    load = supply.curve.sorted[::-1]
    hours = np.linspace(0, 1, len(load))
    return pd.DataFrame({"hours_fraction": hours, "owned_replicas": np.minimum(load, split.owned_count), "load_replicas": load})


def saved_usd_per_month(split: Split, curve: LoadDurationCurve, scale=1.0, own_multiplier=1.0, api_multiplier=1.0) -> tuple:
    """(owned slices, USD a month saved against all-API before fixed costs) at other volumes and prices. Broadcasts."""
    own, api = split.own_usd_per_replica_hour * own_multiplier, split.api_usd_per_replica_hour * api_multiplier
    count = owned_slices(curve, own, api, scale)
    paid = split_usd_per_month(curve, count, own, api, scale)
    return count, split_usd_per_month(curve, 0, own, api, scale)[1] - sum(paid)


def by_volume(study: Study, volume_ratios: np.ndarray) -> pd.DataFrame:
    """volume_ratio (times today's), owned_count, saving_usd_per_month before fixed costs: all workloads together."""
    parts = [saved_usd_per_month(split, supply.curve, volume_ratios) for split, supply in splits(study)]
    count, saving = (sum(np.broadcast_to(part[k], volume_ratios.shape) for part in parts) for k in (0, 1))
    return pd.DataFrame({"volume_ratio": volume_ratios, "owned_count": count, "saving_usd_per_month": saving})


def by_api_price(study: Study, multipliers: np.ndarray) -> pd.DataFrame:
    """One row per API price (times today's): owned_count, saving before and after fixed costs, all workloads together."""
    parts = [saved_usd_per_month(split, supply.curve, api_multiplier=multipliers) for split, supply in splits(study)]
    count, saving = (sum(part[k] for part in parts) for k in (0, 1))
    net = np.maximum(saving - sum(split_fixed_lines(study).values()), 0.0)
    return pd.DataFrame(
        {"api_price_ratio": multipliers, "owned_count": count, "saving_usd_per_month": saving, "saving_after_fixed_usd_per_month": net}
    )


def by_break_even_fill(curve: LoadDurationCurve, fills: np.ndarray) -> np.ndarray:
    """Share of the all-API bill that the split saves before fixed costs, for each break-even fill u*."""
    count = owned_slices(curve, fills, 1.0)
    own, api = split_usd_per_month(curve, count, fills, 1.0)
    whole = split_usd_per_month(curve, 0, fills, 1.0)[1]
    return 1 - (own + api) / whole


def turning_volumes(study: Study) -> pd.DataFrame:
    """Where owning begins to pay as all volumes grow: what, volume_ratio (NaN: not reached), input_mtok_per_month."""
    own = study.break_even("owned" if "owned" in study.totals else "rented")
    input_mtok = sum(float(study.values[f"{choice.at}.load.input_mtok_per_month"]) for choice in study.choices)
    rows = [
        ("the first slice pays for itself", _saving_above(study, 0.0)),
        ("the split pays for its people too", _saving_above(study, sum(split_fixed_lines(study).values()))),
        ("a whole fleet, people and spare, beats the API", own.first_mtok_per_month and own.first_mtok_per_month / input_mtok),
    ]
    frame = pd.DataFrame(rows, columns=["what", "volume_ratio"]).astype({"volume_ratio": float})
    return frame.assign(input_mtok_per_month=frame["volume_ratio"] * input_mtok)


def _saving_above(study: Study, usd_per_month: float) -> float | None:
    """The smallest volume, times today's, at which the split saves more than this; it saves more with every growth. None: it never does."""
    low, high = 1 / VOLUME_SPAN, VOLUME_SPAN
    for _ in range(3):
        ratios = np.geomspace(low, high, 200)
        enough = np.flatnonzero(by_volume(study, ratios)["saving_usd_per_month"] > usd_per_month)
        if len(enough) == 0:
            return None
        low, high = ratios[max(enough[0] - 1, 0)], ratios[enough[0]]
    return float(high)
