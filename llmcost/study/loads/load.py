"""The client's load: hour by hour, from a usage export or from monthly totals spread over a
measured shape."""

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
from llmcost.study.assumptions import Assumption, Confidence, stated

LARGEST_REQUEST_TOKENS = 1e6
"""No model takes more in one request."""
SHARES = {
    "cached_input_fraction": "cached tokens",
    "cache_write_input_fraction": "cache writes",
    "batched_fraction": "batches",
    "flex_fraction": "flex tier",
    "priority_fraction": "priority tier",
}
"""Shares of today's bill -> what nobody states where they are left out."""
TIERS = {"batched": "batch", "flex": "flex", "priority": "priority"}
"""How a share of the work is called here -> how an export calls its tier."""
RETRIES, REASONING = "billed_retries_fraction", "reasoning_mtok_per_month"
VOLUMES = {"input_mtok_per_month": "Mtok/month", "output_mtok_per_month": "Mtok/month"}


@dataclass(frozen=True)
class WorkloadLoad:
    """One workload's hours and totals.

    hourly      one row per hour: hour (0, 1, ... or UTC time), requests, input_tokens,
                output_tokens; a month is its mean times 730; what the model is asked for: billed
                retries and hidden reasoning are in it, at their typical values
    volumes     assumptions of tokens, retries and shares of today's bill, by path
    requests_per_month  typical, those that count: retries are left out
    confidence  measured for an export by the hour; reported for days, or totals with a public
                shape; a guess for totals with the preset shape of their size
    shape       name of the public shape, "" for an export
    """

    hourly: pd.DataFrame
    volumes: Mapping[str, Assumption]
    requests_per_month: float
    confidence: Confidence
    described: str
    usage: HourlyUsage | None = None
    shape: str = ""

    @property
    def asked_requests_per_month(self) -> float:
        """Requests that the model is asked for, billed retries included, typical."""
        return self.requests_per_month * (
            1 + next(a.typical for path, a in self.volumes.items() if path.endswith(RETRIES))
        )


def workload_load(client: Client, workload: Workload, folder: Path) -> WorkloadLoad:
    """The load of one workload. Raises InputError when it cannot be read or is zero."""
    field = f"workloads.{workload.id}.load"
    if workload.load.usage:
        load = _from_usage(
            client, workload, read_usage(folder, workload.load.usage, f"{field}.usage")
        )
    else:
        load = _from_shape(client, workload, field)
    tokens = float(
        load.hourly[["input_tokens", "output_tokens"]].to_numpy().sum()
        / load.hourly["requests"].sum()
    )
    if not 1 <= tokens <= LARGEST_REQUEST_TOKENS:
        cure = (
            "Mtok are millions of tokens, requests are single ones; one of the three is off by a"
            " thousand or more"
        )
        raise InputError(
            "client.yaml", field, f"makes a mean request of {tokens:,.2g} tokens", cure
        )
    return load


def _from_shape(client: Client, workload: Workload, field: str) -> WorkloadLoad:
    load = workload.load
    assert (
        load.input_mtok_per_month and load.output_mtok_per_month and load.requests_per_month
    )  # the client's types hold this
    for name in VOLUMES:
        if getattr(load, name).low <= 0:
            raise InputError(
                "client.yaml",
                f"{field}.{name}",
                "is zero",
                "A load without tokens has no cost to compare; give its volume",
            )
    retries, asked_ratio = _retries(client, workload)
    reasoning = (
        stated(f"{field}.{REASONING}", load.reasoning_mtok_per_month, "Mtok/month", client)
        if load.reasoning_mtok_per_month
        else None
    )
    output = load.output_mtok_per_month.typical + (reasoning.typical if reasoning else 0.0)
    usual = preset(
        "peak_to_mean", load.requests_per_month / HOURS_PER_MONTH * 24, client.as_of_date
    )
    name = load.shape or tenant_shape(usual.typical)
    shape, facts = load_shape(name, f"{field}.shape"), shape_facts(name)
    hourly = pd.DataFrame(
        {
            "hour": shape["hour"],
            "requests": shape["requests_ratio"]
            * load.requests_per_month
            * asked_ratio
            / HOURS_PER_MONTH,
            "input_tokens": (
                shape["input_ratio"]
                * load.input_mtok_per_month.typical
                * asked_ratio
                * TOKENS_PER_MTOK
                / HOURS_PER_MONTH
            ),
            "output_tokens": (
                shape["output_ratio"] * output * asked_ratio * TOKENS_PER_MTOK / HOURS_PER_MONTH
            ),
        }
    )
    volumes = [
        stated(f"{field}.{name}", getattr(load, name), unit, client)
        for name, unit in VOLUMES.items()
    ]
    volumes += [
        *([reasoning] if reasoning else []),
        retries,
        *(_share(client, workload, name, None) for name in SHARES),
    ]
    described = f"{facts['title']} ({facts['attribution']})"
    if not load.shape:
        described = f"No hours given. PRESET for {usual.size}: {described}"
    confidence = Confidence.REPORTED if load.shape else Confidence.GUESS
    return WorkloadLoad(
        hourly,
        {v.path: v for v in volumes},
        load.requests_per_month,
        confidence,
        described,
        shape=name,
    )


def _from_usage(client: Client, workload: Workload, usage: HourlyUsage) -> WorkloadLoad:
    field, hourly, name = (
        f"workloads.{workload.id}.load",
        usage.hourly,
        ", ".join(file.name for file in usage.table.files[:3]),
    )
    day = hourly["hour"].iloc[-1].date().isoformat()
    months = hourly[["input_tokens", "output_tokens"]].mean() * HOURS_PER_MONTH / TOKENS_PER_MTOK
    read = ("usage export", name, day, Confidence.MEASURED)
    tail = ("fraction", *read, 1.0)
    volumes = [
        Assumption(f"{field}.{v}", total, total, total, unit, *read)
        for (v, unit), total in zip(VOLUMES.items(), months, strict=True)
    ]
    retries, asked_ratio = _retries(client, workload)
    volumes.append(retries)
    for share, fraction in _shares_read(usage).items():
        path, seen = f"workloads.{workload.id}.{share}", fraction or 0.0
        measured = Assumption(path, seen, seen, seen, *tail)
        volumes.append(_share(client, workload, share, None if fraction is None else measured))
    described = (
        f"usage export {name}: {len(hourly)} hours, {usage.covered_fraction:.1%} of them covered"
    )
    if usage.of_days:
        described += "; it has days only, their hours are those of a public shape"
    requests = float(hourly["requests"].mean() * HOURS_PER_MONTH)
    hourly = (
        hourly.assign(
            **{name: hourly[name] * asked_ratio for name in hourly.columns if name != "hour"}
        )
        if asked_ratio > 1
        else hourly
    )
    return WorkloadLoad(
        hourly,
        {v.path: v for v in volumes},
        requests,
        Confidence.REPORTED if usage.of_days else Confidence.MEASURED,
        described,
        usage,
    )


def _shares_read(usage: HourlyUsage) -> dict[str, float | None]:
    """What an export says of today's bill; None where it does not say it."""
    written, read = (
        float(usage.hourly[column].sum() / usage.hourly["input_tokens"].sum()) if known else None
        for column, known in (
            ("cache_write_tokens", usage.has_cache_writes),
            ("cached_input_tokens", usage.has_cached_tokens),
        )
    )
    tiers = {
        f"{name}_fraction": usage.tier_fractions.get(tier, 0.0) for name, tier in TIERS.items()
    }
    return {"cached_input_fraction": read, "cache_write_input_fraction": written, **tiers}


def _retries(client: Client, workload: Workload) -> tuple[Assumption, float]:
    """(requests billed once more over those that count, requests that the model is asked for over
    those that count)."""
    path, given = f"workloads.{workload.id}.load.{RETRIES}", workload.load.billed_retries_fraction
    confidence = Confidence.REPORTED if given else Confidence.GUESS
    found = stated(path, given or CERTAINLY_ZERO, "fraction", client, confidence, 1.0)
    found = found if given else replace(found, origin="default", source="no billed retries stated")
    return found, 1 + found.typical


def _share(
    client: Client, workload: Workload, name: str, measured: Assumption | None
) -> Assumption:
    """A share of today's bill: as the client file states it, else as the export shows it, else
    none."""
    path, given = f"workloads.{workload.id}.{name}", getattr(workload, name)
    if given:
        return stated(path, given, "fraction", client, ceiling=1.0)
    if measured:
        return measured
    default = stated(path, CERTAINLY_ZERO, "fraction", client, Confidence.GUESS, 1.0)
    return replace(default, origin="default", source=f"no {SHARES[name]} stated")
