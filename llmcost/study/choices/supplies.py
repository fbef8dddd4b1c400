"""What can serve a workload: every plan for its mean request, its hours in a plan's replicas, and
what a supply adds to the inputs."""

from collections.abc import Sequence
from dataclasses import replace

from llmcost.inputs.catalog import row_by_name
from llmcost.inputs.client import Alternative, Client, Workload
from llmcost.model.types import Measurement, Request
from llmcost.study.assumptions import Assumption, Confidence, Values
from llmcost.study.capacity.measurements import Origin
from llmcost.study.capacity.serving_plans import BANDS, ServingPlan, serving_plans
from llmcost.study.formulas.volumes_and_load import load_replicas_by_hour
from llmcost.study.graph import Scope
from llmcost.study.loads.load import WorkloadLoad
from llmcost.study.market.gpu_offers import considered_gpus
from llmcost.study.problem import ReplicaLoad, Supply, WorkloadChoice
from llmcost.study.scopes import scope_of

KNOWN = {
    Origin.CLIENT: Confidence.MEASURED,
    Origin.MEASURED: Confidence.MEASURED,
    Origin.INTERPOLATED: Confidence.REPORTED,
    Origin.ROOFLINE: Confidence.GUESS,
}
"""How well a throughput is known, by where it comes from."""


def supply_assumptions(supply: Supply, client: Client) -> list[Assumption]:
    """What a supply adds to the assumptions: how far its throughput may be off and, for bought
    GPUs, price, resale and power."""
    plan, offer, band = supply.plan, supply.offer, BANDS[supply.plan.origin]
    source = "; ".join(plan.sources) if plan.sources else "roofline of llmcost.model.throughput"
    day = client.as_of_date.isoformat()
    said_by = "client" if plan.own and plan.origin is not Origin.ROOFLINE else "default"
    found = [
        Assumption(
            supply.throughput_path,
            1 / band,
            1.0,
            band,
            "multiplier",
            said_by,
            source,
            day,
            KNOWN[plan.origin],
        )
    ]
    if offer.purchase_usd and offer.resale_fraction:
        tail = ("catalog", offer.source, offer.date, offer.confidence)
        price, resale = offer.purchase_usd, offer.resale_fraction
        hardware = row_by_name("gpu_hardware", client.as_of_date)[f"gpu_hardware/{offer.gpu_id}"]
        watts = float(hardware["provisioned_power_watts"])
        about = (
            "catalog",
            str(hardware["source"]),
            str(hardware["effective_from"]),
            str(hardware["confidence"]),
        )
        at = f"gpu_purchase.{offer.gpu_id}"
        found += [
            Assumption(f"{at}.purchase_usd", price.low, price.typical, price.high, "USD", *tail),
            Assumption(
                f"{at}.resale_fraction",
                resale.low,
                resale.typical,
                resale.high,
                "fraction",
                *tail,
                1.0,
            ),
            Assumption(
                f"gpu_hardware.{offer.gpu_id}.power_watts", watts, watts, watts, "W", *about
            ),
        ]
    return found


def workload_plans(
    client: Client,
    workload: Workload,
    load: WorkloadLoad,
    alternative: Alternative,
    values: Values,
    own: Sequence[Measurement],
) -> list[ServingPlan]:
    """Every plan for one open model at this workload's mean request; `own` are the client's
    measurements."""
    work = scope_of(WorkloadChoice(workload, load, None, alternative, None, {}), values)
    ratio = float(work("token_ratio"))
    fresh = 1 - float(work("tuned_cached_fraction"))
    requests = load.hourly["requests"].sum()
    into, out = (load.hourly[c].sum() / requests * ratio for c in ("input_tokens", "output_tokens"))
    request = promised(Request(max(into * fresh, 1.0), max(out, 1.0), into * (1 - fresh)), workload)
    return serving_plans(
        alternative.model_id, considered_gpus(client), client.as_of_date, request, own
    )


def promised(request: Request, workload: Workload) -> Request:
    """The request with the workload's latency promise."""
    latency = workload.latency
    if latency is None:
        return request
    limit = {f"{latency.metric}_limit_seconds": latency.limit_seconds}
    return replace(request, **limit, limit_percentile=latency.percentile)


def with_load_of(supply: Supply, choice: WorkloadChoice, values: Values) -> Supply:
    """The supply with the load of another set of hours in its replicas (typical values)."""
    return replace(supply, load=replica_load(supply.plan, scope_of(choice, values), choice))


def replica_load(plan: ServingPlan, work: Scope, choice: WorkloadChoice) -> ReplicaLoad:
    """The moved work of each hour as load in replicas of a plan."""
    assert plan.replica is not None
    hours = choice.load.hourly
    return ReplicaLoad(
        load_replicas_by_hour(
            hours["input_tokens"].to_numpy(),
            hours["output_tokens"].to_numpy(),
            float(work("moved_ratio")),
            float(work("tuned_cached_fraction")),
            plan.replica.input_tokens_per_second,
            plan.replica.output_tokens_per_second,
            float(work("safe_share_fraction")),
        )
    )
