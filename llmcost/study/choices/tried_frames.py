"""Everything that was tried for a case, as tidy frames: GPU plans and API hosts."""

from collections.abc import Mapping

import pandas as pd

from llmcost.study.choices.decisions import Considered

HOST_FACTS = (
    "context_tokens",
    "precision",
    "requests_per_minute_count",
    "retention_days_count",
    "zero_retention",
    "ends_date",
)
"""What a host says of itself, of an offer; None or empty where it does not."""


def plans_tried(considered: Mapping[str, list[Considered]]) -> pd.DataFrame:
    """One row per plan and way to get its GPUs, of every open model tried."""
    rows = [
        {
            "workload": workload,
            "model_id": c.plan.model_id,
            "option": c.option or "",
            "plan": c.plan.name,
            "gpu_id": c.plan.gpu_id,
            "gpus_count": c.plan.gpus_count,
            "precision": c.plan.precision,
            "provider": c.offer.provider if c.offer else "",
            "term": c.offer.term if c.offer else "",
            "by_the_hour": c.supply.by_the_hour.provider
            if c.supply and c.supply.by_the_hour
            else "",
            "replicas_count": c.replicas_count,
            "paid_replicas": c.paid_replicas,
            "mean_load_replicas": c.supply.curve.mean if c.supply else None,
            "usd_per_month": c.usd_per_month,
            "throughput": c.plan.origin,
            "engine": c.plan.engine,
            "status": c.status,
            "gate": c.gate or "",
            "reason": c.reason,
        }
        for workload, tried in considered.items()
        for one in tried
        for c in one.candidates
    ]
    return pd.DataFrame(rows)


def hosts_tried(considered: Mapping[str, list[Considered]]) -> pd.DataFrame:
    """One row per API offer of every open model tried."""
    rows = [
        {
            "workload": workload,
            "model_id": judged.offer.model_id,
            "provider": judged.offer.provider,
            "host_model": judged.offer.host_model,
            "input_usd_per_mtok": judged.offer.prices.input_usd_per_mtok,
            "cached_input_usd_per_mtok": judged.offer.prices.cached_input_usd_per_mtok,
            "output_usd_per_mtok": judged.offer.prices.output_usd_per_mtok,
            "usd_per_month": judged.usd_per_month,
            "status": judged.status,
            "reason": judged.reason,
            **{name: getattr(judged.offer, name) for name in HOST_FACTS},
            "regions": ";".join(judged.offer.regions),
            "tiers": ";".join(judged.offer.prices.tier_ratios),
            "direct": judged.offer.kind != "aggregator" and not judged.offer.superseded,
            "source": judged.offer.source,
            "date": judged.offer.date,
            "chosen": judged is one.choice.host,
        }
        for workload, tried in considered.items()
        for one in tried
        for judged in one.hosts
    ]
    columns = [
        "workload",
        "model_id",
        "provider",
        "host_model",
        "usd_per_month",
        "status",
        "reason",
        "direct",
        "chosen",
    ]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)
