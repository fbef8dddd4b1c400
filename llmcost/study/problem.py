"""The decision with its discrete choices made: which open model, host and serving plan each option
of a workload uses."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from llmcost.inputs.api_prices import Offer
from llmcost.inputs.client import Alternative, Client, Workload
from llmcost.model import HOURS_PER_MONTH, SECONDS_PER_HOUR, TOKENS_PER_MTOK
from llmcost.model.autoscale import LoadLevels
from llmcost.model.fleet import LoadDurationCurve
from llmcost.model.throughput import request_seconds
from llmcost.model.types import Replica, TokenPrices
from llmcost.study.assumptions import Values
from llmcost.study.capacity.serving_plans import ServingPlan
from llmcost.study.loads.load import REASONING, RETRIES, WorkloadLoad
from llmcost.study.market.gpu_offers import GpuOffer
from llmcost.study.market.hosts import JudgedOffer, RequestShape

VOLUME = "volume_multiplier"
"""All volumes times this: a knob for break-evens and what-ifs, 1 in every answer.
`workloads.<id>.volume_multiplier` moves one alone."""


@dataclass(frozen=True, eq=False)
class ReplicaLoad:
    """A workload's load in replicas of one plan (typical values), hour by hour, and what is looked
    up in it."""

    load_replicas: np.ndarray

    @cached_property
    def curve(self) -> LoadDurationCurve:
        """The load-duration curve."""
        return LoadDurationCurve(self.load_replicas)

    @cached_property
    def levels(self) -> LoadLevels:
        """How long and how often the load stands above a level."""
        return LoadLevels(self.load_replicas)


@dataclass(frozen=True)
class Supply:
    """A serving plan at a GPU offer, with this workload's load in replicas of that plan.

    by_the_hour  the same GPUs where a single replica can be given back by the hour, None where
                 nobody lets them so
    warm_count   serverless replicas that never sleep
    """

    plan: ServingPlan
    offer: GpuOffer
    load: ReplicaLoad = field(compare=False, repr=False)
    by_the_hour: GpuOffer | None = None
    warm_count: int = 0

    @property
    def curve(self) -> LoadDurationCurve:
        """The load-duration curve."""
        return self.load.curve

    @property
    def levels(self) -> LoadLevels | Sequence[LoadLevels]:
        """How long and how often the load stands above a level."""
        return self.load.levels

    @property
    def load_replicas(self) -> np.ndarray:
        """The load of each hour."""
        return self.load.load_replicas

    @property
    def fills_machines(self) -> bool:
        """Whether a replica uses up whole machines, so that a slice of the load can be had
        alone."""
        return self.offer.filled_by(self.plan.gpus_count)

    @property
    def replica(self) -> Replica:
        """The plan's replica; a supply is made of feasible plans only."""
        assert self.plan.replica is not None
        return self.plan.replica

    @property
    def throughput_path(self) -> str:
        """Path of the assumption that says how far the plan's throughput may be off."""
        return f"capacity.{self.plan.model_id}.{self.plan.gpu_id}-x{self.plan.gpus_count}-{self.plan.precision}.throughput_multiplier"


@dataclass(frozen=True)
class WorkloadChoice:
    """One workload with the model, host and supplies that its options use.

    today      what answers now and may go on answering, or None
    host       the cheapest eligible API host of the open model, or None
    supplies   "rented", "owned", "serverless", "hybrid" -> the cheapest supply; a missing one has
               no feasible plan
    """

    workload: Workload
    load: WorkloadLoad
    today: Offer | None
    alternative: Alternative
    host: JudgedOffer | None
    supplies: Mapping[str, Supply]

    @property
    def at(self) -> str:
        """Path of the workload in the client file."""
        return f"workloads.{self.workload.id}"

    @property
    def can_wait(self) -> bool:
        """Whether all of the work may wait for a batch."""
        return self.workload.batchable_fraction.low >= 1

    @property
    def alternative_at(self) -> str:
        """Path of the chosen open model in the client file."""
        return f"{self.at}.alternatives.{self.alternative.model_id}"


def volume_knob(choice: WorkloadChoice, values: Values):
    """How many times the client's own volume a workload has at these values."""
    return values.get(VOLUME, 1.0) * values.get(f"{choice.at}.{VOLUME}", 1.0)


def stated_volumes(choice: WorkloadChoice, values: Values) -> tuple:
    """(input, output, hidden reasoning) Mtok a month of the requests that count, in tokens of
    today's model."""
    knob, at = volume_knob(choice, values), f"{choice.at}.load"
    reasoning = values.get(f"{at}.{REASONING}", 0.0)
    return (
        values[f"{at}.input_mtok_per_month"] * knob,
        values[f"{at}.output_mtok_per_month"] * knob,
        reasoning * knob,
    )


def volumes(choice: WorkloadChoice, values: Values) -> tuple:
    """(input, output) Mtok a month that a model is asked for, in tokens of today's: billed retries
    and hidden reasoning are in it."""
    into, out, reasoning = stated_volumes(choice, values)
    asked = 1 + values[f"{choice.at}.load.{RETRIES}"]
    return into * asked, (out + reasoning) * asked


def cached_fraction(at: str, values: Values):
    """Share of input read from a cache once prompts are arranged for it: never below today's."""
    today = values[f"{at}.cached_input_fraction"]
    return np.maximum(values.get(f"{at}.cacheable_input_fraction", today), today)


def batched_fraction(at: str, values: Values):
    """Share of the work sent in batches once all goes there that may wait: never below today's."""
    return np.maximum(values[f"{at}.batchable_fraction"], values[f"{at}.batched_fraction"])


def written_fraction(choice: WorkloadChoice, values: Values, prices: TokenPrices):
    """Share of the input written to the host's cache, where a write has its own price; elsewhere it
    is fresh input."""
    return (
        0.0
        if prices.cache_write_usd_per_mtok is None
        else values[f"{choice.at}.cache_write_input_fraction"]
    )


def long_context_fraction(
    choice: WorkloadChoice, values: Values, prices: TokenPrices, tokens_ratio=1.0
):
    """Share of the tokens billed at a host's long-context price: as stated, else all or nothing by
    the mean request.

    tokens_ratio  the model's tokens per token of today's
    """
    if prices.long_context_tokens is None:
        return 0.0
    given = values.get(f"{choice.at}.long_context_fraction")
    if given is not None:
        return given
    mean = choice.load.hourly["input_tokens"].sum() / choice.load.hourly["requests"].sum()
    return np.where(mean * tokens_ratio > prices.long_context_tokens, 1.0, 0.0)


LEAST_TAKEN = 1e-6
"""A share of zero counts as one in a million, so that a price per token still exists."""


def taken_fraction(choice: WorkloadChoice, values: Values):
    """Share of the work that the open model takes over: what passes the evaluation, or everything
    where nothing answers today."""
    return (
        np.maximum(values[f"{choice.alternative_at}.passing_fraction"], LEAST_TAKEN)
        if choice.today
        else 1.0
    )


def moved_ratio(choice: WorkloadChoice, values: Values):
    """Tokens of the open model for each token of today's whole work."""
    return taken_fraction(choice, values) * values[f"{choice.alternative_at}.token_ratio"]


def moved_volumes(choice: WorkloadChoice, values: Values) -> tuple:
    """(input, output) Mtok a month that the open model is asked for, in its own tokens."""
    factor = moved_ratio(choice, values)
    into, out = volumes(choice, values)
    return into * factor, out * factor


def request_shape(
    client: Client, choice: WorkloadChoice, values: Values, tokens_ratio: float, taken: float
) -> RequestShape:
    """The requests as a host would see them, and how long it must serve them.

    tokens_ratio, taken  the host's model's tokens per token of today's; share of the work that it
                         gets
    """
    tokens = (
        float(sum(volumes(choice, values)))
        * tokens_ratio
        * TOKENS_PER_MTOK
        / choice.load.asked_requests_per_month
    )
    peak = float(choice.load.hourly["requests"].max()) / 60 * taken
    until = client.as_of_date + dt.timedelta(hours=client.horizon_months * HOURS_PER_MONTH)
    return RequestShape(tokens, peak, client.as_of_date.isoformat(), until.isoformat())


def mean_load_replicas(choice: WorkloadChoice, supply: Supply, values: Values):
    """Mean load of the moved work in replicas: replica-seconds asked for per second, over the safe
    share of saturation.

    Cached input costs no prefill; the throughput multiplier is what the plan really delivers of its
    modelled speed.
    """
    into, out = moved_volumes(choice, values)
    fresh = into * (1 - cached_fraction(choice.at, values))
    seconds = request_seconds(supply.replica, fresh * TOKENS_PER_MTOK, out * TOKENS_PER_MTOK)
    speed = values[supply.throughput_path] * values["hidden_costs.safe_share_fraction"]
    return seconds / (HOURS_PER_MONTH * SECONDS_PER_HOUR * speed)


def load_scale(choice: WorkloadChoice, supply: Supply, values: Values):
    """The load at these values over the typical load that the supply's curve was made of."""
    return mean_load_replicas(choice, supply, values) / supply.curve.mean
