"""How busy own GPUs are: the fleet that each workload needs, and what its idle hours do to the
price of a token."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from llmcost.inputs.catalog import gpu, model_shape
from llmcost.inputs.load_shapes import load_shape, shape_facts, shape_names
from llmcost.model import HOURS_PER_MONTH, SECONDS_PER_HOUR, TOKENS_PER_MTOK
from llmcost.model.fleet import (
    delivered_utilization,
    gpu_usd_per_mtok,
    replicas_for_peak,
    whole_machines,
)
from llmcost.model.throughput import (
    fitting_concurrency,
    output_tokens_per_second,
    request_seconds,
    roofline_curve,
)
from llmcost.study.bill.api_lines import open_api_usd_per_month, tuned_usd_per_month
from llmcost.study.bill.fleet_lines import fleet, fleet_usd_per_month
from llmcost.study.case import Case
from llmcost.study.fleets.unit_costs import always_on_option, replica_usd_per_hour
from llmcost.study.problem import Supply, WorkloadChoice
from llmcost.study.scopes import scope_of, spares_of

OWN_HOURS = "This client's own hours"
SHAPE_REPLICAS = 10.0
"""Mean load at which load shapes are compared: enough that rounding up to whole replicas hardly
matters."""


@dataclass(frozen=True)
class OwnFleet:
    """The replicas that carry one workload's busiest hour, spares included, at typical values; all
    of them stand around the clock.

    paid_replicas, bill_usd_per_month  what the bill counts: the same fleet, given back by the hour
                                       where that is cheaper
    input_tokens, cached_input_tokens, output_tokens  of the open model in a mean request; only the
                                                      first are read anew
    tokens_per_second            input and output tokens that one full, latency-safe replica serves
                                 of this work
    api_usd_per_mtok             the same work at the cheapest eligible API of the open model, or
                                 None
    today_usd_per_mtok           the same work on today's model, tuned, or None; per million tokens
                                 of the open model
    """

    option: str
    choice: WorkloadChoice
    supply: Supply
    replicas_count: int
    paid_replicas: float
    bill_usd_per_month: float
    spare_count: int
    headroom_fraction: float
    safe_share_fraction: float
    input_tokens: float
    cached_input_tokens: float
    output_tokens: float
    requests_per_hour: float
    replica_usd_per_hour: float
    tokens_per_second: float
    api_usd_per_mtok: float | None
    today_usd_per_mtok: float | None
    batchable_fraction: float

    def replicas_for(self, peak_replicas, supply: Supply | None = None):
        """Replicas paid for when the busiest hour asks for so many: headroom, spares and whole
        machines. Broadcasts."""
        by = supply or self.supply
        needed = replicas_for_peak(
            peak_replicas, self.headroom_fraction, spare_count=self.spare_count
        )
        return whole_machines(needed, by.plan.gpus_count, by.offer.gpus_count)

    @property
    def context_tokens(self) -> float:
        """Tokens that a mean request holds in memory at its end."""
        return self.input_tokens + self.cached_input_tokens + self.output_tokens

    @property
    def standing_utilization_fraction(self) -> float:
        """Delivered over deliverable if every replica stood around the clock, spares included.

        The bill's fleet gives some back; `fleet_facts.delivered_utilization_fraction` is of what is
        paid.
        """
        return float(
            delivered_utilization(
                self.supply.curve.mean_served(self.replicas_count), self.replicas_count
            )
        )

    @property
    def usd_per_mtok(self) -> float:
        """What a million tokens cost on this fleet, GPUs alone."""
        share = self.standing_utilization_fraction
        return float(gpu_usd_per_mtok(self.replica_usd_per_hour, self.tokens_per_second, share))

    @property
    def bill_usd_per_mtok(self) -> float:
        """What a million tokens costs on the fleet of the bill, GPUs alone."""
        tokens = (
            self.tokens_per_second * SECONDS_PER_HOUR * HOURS_PER_MONTH * self.supply.curve.mean
        )
        return float(self.bill_usd_per_month / tokens * TOKENS_PER_MTOK)

    @property
    def peak_to_mean_ratio(self) -> float:
        """Busiest hour over the mean hour."""
        return float(self.supply.curve.peak / self.supply.curve.mean)


def own_fleet(case: Case, choice: WorkloadChoice) -> OwnFleet:
    """The cheaper always-on fleet of one workload of a study that has one."""
    option = always_on_option(case)
    assert option is not None
    values, supply = case.values, choice.supplies[option]
    spare = spares_of(supply.offer, choice, case.decision.spare_count)
    up = fleet(choice, supply, values, spare)
    work = scope_of(choice, values)
    ratio = float(work("moved_ratio"))
    into = float(work("asked_input_mtok_per_month")) * ratio
    out = float(work("asked_output_mtok_per_month")) * ratio
    cached = float(work("tuned_cached_fraction"))
    requests = choice.load.asked_requests_per_month * float(work("taken_fraction"))
    api = float(open_api_usd_per_month(choice, values)) / (into + out) if choice.host else None
    staying = float(tuned_usd_per_month(choice, values, case.invoice_multiplier))
    today = staying / float(work("asked_mtok_per_month")) / float(work("token_ratio"))
    return OwnFleet(
        option=option,
        choice=choice,
        supply=supply,
        replicas_count=int(up.peak_replicas),
        paid_replicas=float(up.paid_replicas),
        bill_usd_per_month=fleet_usd_per_month(choice, supply, values, spare),
        spare_count=spare,
        headroom_fraction=float(values[f"{choice.at}.load.headroom_fraction"]),
        safe_share_fraction=float(values["hidden_costs.safe_share_fraction"]),
        input_tokens=into * TOKENS_PER_MTOK / requests * (1 - cached),
        cached_input_tokens=into * TOKENS_PER_MTOK / requests * cached,
        output_tokens=out * TOKENS_PER_MTOK / requests,
        requests_per_hour=requests / HOURS_PER_MONTH,
        replica_usd_per_hour=replica_usd_per_hour(case, choice, option),
        tokens_per_second=(into + out)
        * TOKENS_PER_MTOK
        / (float(supply.curve.mean) * HOURS_PER_MONTH * SECONDS_PER_HOUR),
        api_usd_per_mtok=api,
        today_usd_per_mtok=today if choice.today else None,
        batchable_fraction=choice.workload.batchable_fraction.typical,
    )


def concurrency_sweep(case: Case, fleet: OwnFleet, points_count: int = 60) -> pd.DataFrame:
    """One replica with 1, 2, ... requests in flight, as far as its memory goes: what it delivers
    and how long a token takes.

    Columns: concurrency_count, itl_seconds, output_tokens_per_second, delivered_fraction (of the
    plan's own concurrency), meets_limit. Modelled, scaled to the plan's measured speed.
    """
    plan, replica, day = fleet.supply.plan, fleet.supply.replica, case.client.as_of_date
    ask = (gpu(plan.gpu_id, day), plan.gpus_count, model_shape(plan.model_id, day), plan.precision)
    most = max(
        fitting_concurrency(*ask, fleet.context_tokens), replica.concurrency_count
    )  # a client may have measured more than fits
    grid = sorted(
        {int(n) for n in np.geomspace(1, most, points_count).round()} | {replica.concurrency_count}
    )
    curve = roofline_curve(
        *ask, fleet.input_tokens, fleet.output_tokens, np.array(grid), fleet.cached_input_tokens
    )
    frame = pd.DataFrame({"concurrency_count": grid, "itl_seconds": curve.itl_seconds})
    at = grid.index(replica.concurrency_count)
    frame["itl_seconds"] *= replica.itl_seconds / curve.itl_seconds[at]
    # Measured seconds between tokens leave out the reading of prompts, or are a percentile: the
    # speed is no concurrency over them.
    speed = output_tokens_per_second(replica, fleet.input_tokens, fleet.output_tokens)
    frame["delivered_fraction"] = (
        curve.output_tokens_per_second / curve.output_tokens_per_second[at]
    )
    frame["output_tokens_per_second"] = frame["delivered_fraction"] * speed
    latency = fleet.choice.workload.latency
    limit = latency.itl_limit_seconds if latency else None
    frame["meets_limit"] = frame["itl_seconds"] <= (np.inf if limit is None else limit * (1 + 1e-9))
    return frame


def cost_by_utilization(fleet: OwnFleet, points_count: int = 61) -> pd.DataFrame:
    """utilization_fraction, usd_per_mtok: one replica's price per million tokens from nearly idle
    to full."""
    low = min(fleet.standing_utilization_fraction / 2, 0.01)
    utilization = np.geomspace(low, 1.0, points_count)
    cost = gpu_usd_per_mtok(fleet.replica_usd_per_hour, fleet.tokens_per_second, utilization)
    return pd.DataFrame({"utilization_fraction": utilization, "usd_per_mtok": cost})


def utilization_by_volume(fleet: OwnFleet, volume_ratios: np.ndarray) -> pd.DataFrame:
    """volume_ratio, replicas_count, utilization_fraction: the same hours at other volumes, in whole
    replicas."""
    curve = fleet.supply.curve
    count = fleet.replicas_for(curve.peak * volume_ratios)
    served = curve.mean_served(count, volume_ratios)
    return pd.DataFrame(
        {
            "volume_ratio": volume_ratios,
            "replicas_count": count,
            "utilization_fraction": delivered_utilization(served, count),
        }
    )


def at_usual_peak(fleet: OwnFleet, peak_to_mean_ratio: float) -> tuple[int, float]:
    """(replicas, standing utilization) of this volume at another ratio of busiest hour to mean."""
    count = int(fleet.replicas_for(fleet.supply.curve.mean * peak_to_mean_ratio))
    return count, float(delivered_utilization(fleet.supply.curve.mean, count))


def same_volume(fleet: OwnFleet) -> pd.DataFrame:
    """One volume on many load shapes, no spare: shape, peak_to_mean_ratio, replicas_count,
    utilization_fraction, usd_per_mtok.

    The volume is SHAPE_REPLICAS full replicas' worth of this client's requests, on the public
    shapes, on the client's own hours and flat.
    """
    replica = fleet.supply.replica
    prefill = (
        fleet.input_tokens
        / replica.input_tokens_per_second
        / request_seconds(replica, fleet.input_tokens, fleet.output_tokens)
    )
    hours = {
        OWN_HOURS: fleet.supply.load_replicas / fleet.supply.curve.mean,
        "Flat, every hour alike": np.ones(1),
    }
    for name in (name for name in shape_names() if name != fleet.choice.load.shape):
        shape = load_shape(name)
        title = str(shape_facts(name)["title"]).split(",")[0]
        hours[title] = (
            prefill * shape["input_ratio"] + (1 - prefill) * shape["output_ratio"]
        ).to_numpy()
    frame = pd.DataFrame(
        {
            "shape": list(hours),
            "peak_to_mean_ratio": [float(load.max() / load.mean()) for load in hours.values()],
        }
    )
    frame["replicas_count"] = replicas_for_peak(
        frame["peak_to_mean_ratio"] * SHAPE_REPLICAS, fleet.headroom_fraction
    )
    frame["utilization_fraction"] = delivered_utilization(SHAPE_REPLICAS, frame["replicas_count"])
    frame["usd_per_mtok"] = gpu_usd_per_mtok(
        fleet.replica_usd_per_hour, fleet.tokens_per_second, frame["utilization_fraction"]
    )
    return frame.sort_values("peak_to_mean_ratio", ignore_index=True)
