"""The usage exports behind a study: which there are, how sound they are, and the bill that they
should have made."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from llmcost.inputs.client import Workload
from llmcost.inputs.usage import UsageTable
from llmcost.study.bill.reconciliation import Reconciliation, reconciliation
from llmcost.study.case import Case
from llmcost.study.loads.load import WorkloadLoad
from llmcost.study.loads.usage_summary import warnings
from llmcost.study.once_per_case import once_per_case


def export_tables(loads: Iterable[WorkloadLoad]) -> list[UsageTable]:
    """Every export that a workload's load was read from, each once."""
    found: list[UsageTable] = []
    for load in loads:
        if load.usage and all(load.usage.table is not table for table in found):
            found.append(load.usage.table)
    return found


def banners(case: Case) -> list[str]:
    """What must be said in red on the first page: exports with missing hours or rejected rows."""
    return [
        f"{table.files[0].name}: {warning}"
        for table in export_tables(case.loads.values())
        for warning in warnings(table)
    ]


@once_per_case
def export_bill(case: Case) -> Reconciliation | None:
    """The bill of the first export's models at list prices, against what it reports and against the
    invoice; None without one to price.

    Rows of a workload count under the model that the client file names for them: a deployment's own
    name has no price. The invoice is compared only where all workloads come from this one export.
    """
    tables = export_tables(case.loads.values())
    parts = (
        []
        if not tables
        else [
            _rows(case.loads[workload.id], workload, tables[0])
            for workload in case.client.workloads
            if workload.today
        ]
    )
    parts = [part for part in parts if part is not None]
    if not parts or tables[0].kind.time.relative:
        return None
    invoice = case.client.invoice if len(parts) == len(case.client.workloads) else None
    return reconciliation(
        pd.concat(parts, ignore_index=True),
        "",
        case.client.as_of_date,
        case.client.quotes,
        invoice.usd_per_month if invoice else None,
        tables[0].period_hours,
    )


def _rows(load: WorkloadLoad, workload: Workload, table: UsageTable) -> pd.DataFrame | None:
    """A workload's rows of an export, under the name of today's host and model."""
    if load.usage is None or load.usage.table is not table:
        return None
    rows = table.hourly[table.hourly["model"].isin(load.usage.models or [""])]
    today = workload.today
    return rows.assign(model=f"{today.provider}/{today.model_id}") if today else rows


def explained_fraction(case: Case) -> tuple[float, str] | None:
    """(share that list prices explain, of what): of the invoice, else of the cost that the export
    reports; None without either."""
    found = export_bill(case)
    if found and found.invoice_explained_fraction is not None:
        return found.invoice_explained_fraction, "the invoice"
    if case.client.invoice:
        return 1 / case.invoice_multiplier, "the invoice"
    if found and found.explained_fraction is not None:
        return found.explained_fraction, "the cost that the export reports"
    return None


def record(case: Case) -> list[dict[str, Any]]:
    """Every export as plain data: what it is, its period, the account of its rows."""
    return [
        {
            "files": [file.name for file in table.files],
            "kind": table.kind.title,
            "period": " to ".join(f"{moment:%Y-%m-%d %H:%M}" for moment in table.period) + " UTC"
            if table.period
            else "no times",
            "resolution_hours": table.resolution_hours,
            "covered_fraction": table.covered_fraction,
            "rows_count": table.rows_count(),
            **{
                f"rows_{kind}_count": table.rows_count(kind)
                for kind in ("used", "repaired", "rejected")
            },
            "outcomes": table.outcomes.to_dict(orient="records"),
            "notes": list(table.notes),
        }
        for table in export_tables(case.loads.values())
    ]
