"""The client's load: hour by hour, from a usage export or from monthly totals spread over a measured shape."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from llmcost.inputs.client import Client, Workload
from llmcost.inputs.client_types import CERTAINLY_ZERO
from llmcost.inputs.errors import InputError
from llmcost.inputs.load_presets import preset
from llmcost.inputs.load_shapes import load_shape, shape_facts, tenant_shape
from llmcost.inputs.usage import HourlyUsage, read_usage
from llmcost.model import HOURS_PER_MONTH, TOKENS_PER_MTOK
from llmcost.study.assumptions import Assumption, stated

LARGEST_REQUEST_TOKENS = 1e6
"""No model takes more in one request."""
SHARES = {"cached_input_fraction": "cached tokens", "batched_fraction": "batches"}
VOLUMES = {"input_mtok_per_month": "Mtok/month", "output_mtok_per_month": "Mtok/month"}


@dataclass(frozen=True)
class WorkloadLoad:
    """One workload's hours and totals.

    hourly      one row per hour: hour (0, 1, ... or UTC time), requests, input_tokens, output_tokens; a month is its mean times 730
    volumes     assumptions of input, output and cached share, by path
    requests_per_month  typical
    confidence  measured (an export by the hour), reported (days or totals with a public shape) or guess (totals with the preset shape of
                their size)
    shape       name of the public shape, "" for an export
    """

    hourly: pd.DataFrame
    volumes: Mapping[str, Assumption]
    requests_per_month: float
    confidence: str
    described: str
    usage: HourlyUsage | None = None
    shape: str = ""


def workload_load(client: Client, workload: Workload, folder: Path) -> WorkloadLoad:
    """The load of one workload. Raises InputError when it cannot be read or is zero."""
    field = f"workloads.{workload.id}.load"
    if workload.load.usage:
        load = _from_usage(client, workload, read_usage(folder, workload.load.usage, f"{field}.usage"))
    else:
        load = _from_shape(client, workload, field)
    tokens = float(load.hourly[["input_tokens", "output_tokens"]].to_numpy().sum() / load.hourly["requests"].sum())
    if not 1 <= tokens <= LARGEST_REQUEST_TOKENS:
        cure = "Mtok are millions of tokens, requests are single ones; one of the three is off by a thousand or more"
        raise InputError("client.yaml", field, f"makes a mean request of {tokens:,.2g} tokens", cure)
    return load


def _from_shape(client: Client, workload: Workload, field: str) -> WorkloadLoad:
    load = workload.load
    assert load.input_mtok_per_month and load.output_mtok_per_month and load.requests_per_month  # the client's types hold this
    for name in VOLUMES:
        if getattr(load, name).low <= 0:
            raise InputError("client.yaml", f"{field}.{name}", "is zero", "A load without tokens has no cost to compare; give its volume")
    usual = preset("peak_to_mean", load.requests_per_month / HOURS_PER_MONTH * 24, client.as_of_date)
    name = load.shape or tenant_shape(usual.typical)
    shape, facts = load_shape(name, f"{field}.shape"), shape_facts(name)
    hourly = pd.DataFrame(
        {
            "hour": shape["hour"],
            "requests": shape["requests_ratio"] * load.requests_per_month / HOURS_PER_MONTH,
            "input_tokens": shape["input_ratio"] * load.input_mtok_per_month.typical * TOKENS_PER_MTOK / HOURS_PER_MONTH,
            "output_tokens": shape["output_ratio"] * load.output_mtok_per_month.typical * TOKENS_PER_MTOK / HOURS_PER_MONTH,
        }
    )
    volumes = [stated(f"{field}.{name}", getattr(load, name), unit, client) for name, unit in VOLUMES.items()]
    volumes += [_share(client, workload, name, None) for name in SHARES]
    described = f"{facts['title']} ({facts['attribution']})"
    if not load.shape:
        described = f"No hours given. PRESET for {usual.size}: {described}"
    confidence = "reported" if load.shape else "guess"
    return WorkloadLoad(hourly, {v.path: v for v in volumes}, load.requests_per_month, confidence, described, shape=name)


def _from_usage(client: Client, workload: Workload, usage: HourlyUsage) -> WorkloadLoad:
    field, hourly, name = f"workloads.{workload.id}.load", usage.hourly, ", ".join(file.name for file in usage.table.files[:3])
    day = hourly["hour"].iloc[-1].date().isoformat()
    months = hourly[["input_tokens", "output_tokens"]].mean() * HOURS_PER_MONTH / TOKENS_PER_MTOK
    tail = ("fraction", "usage export", name, day, "measured", 1.0)
    volumes = [
        Assumption(f"{field}.{v}", total, total, total, unit, "usage export", name, day, "measured")
        for (v, unit), total in zip(VOLUMES.items(), months, strict=True)
    ]
    cached = float(hourly["cached_input_tokens"].sum() / hourly["input_tokens"].sum()) if usage.has_cached_tokens else None
    for share, read in (("cached_input_fraction", cached), ("batched_fraction", usage.batch_fraction)):
        measured = Assumption(f"workloads.{workload.id}.{share}", read or 0.0, read or 0.0, read or 0.0, *tail)
        volumes.append(_share(client, workload, share, None if read is None else measured))
    described = f"usage export {name}: {len(hourly)} hours, {usage.covered_fraction:.1%} of them covered"
    if usage.of_days:
        described += "; it has days only, their hours are those of a public shape"
    requests = float(hourly["requests"].mean() * HOURS_PER_MONTH)
    return WorkloadLoad(hourly, {v.path: v for v in volumes}, requests, "reported" if usage.of_days else "measured", described, usage)


def _share(client: Client, workload: Workload, name: str, measured: Assumption | None) -> Assumption:
    """A share of today's bill: as the client file states it, else as the export shows it, else none."""
    path, given = f"workloads.{workload.id}.{name}", getattr(workload, name)
    if given:
        return stated(path, given, "fraction", client, ceiling=1.0)
    if measured:
        return measured
    default = stated(path, CERTAINLY_ZERO, "fraction", client, "guess", 1.0)
    return replace(default, origin="default", source=f"no {SHARES[name]} stated")
