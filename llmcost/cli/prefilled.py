"""The text of a client file that a usage export has filled as far as it can: the rest are
questions, six at most."""

import datetime as dt
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from llmcost.inputs.catalog import table as catalog_table
from llmcost.inputs.class_prices import ModelPrices, Unpriced, model_prices
from llmcost.inputs.client_file import OPEN_QUESTION
from llmcost.inputs.usage import UsageTable
from llmcost.model import HOURS_PER_MONTH
from llmcost.study.bill.bills import LEAST_EXPLAINED
from llmcost.study.bill.reconciliation import reconciliation
from llmcost.study.loads.usage_summary import model_totals, warnings
from llmcost.study.wording import mtok, percent
from llmcost.views.text import visible

MOST_WORKLOADS, MOST_UNCOUNTED_WORKLOADS, LEAST_SHARE = 3, 2, 0.05
"""At most so many models become workloads, fewer where each has to be asked for its requests: six
questions are enough."""
LARGE_MODEL_USD_PER_MTOK = 2.0
"""A model whose output costs less is a small one, and small open models are worth a test."""
ALTERNATIVES = {True: ("llama-3.3-70b", "gpt-oss-120b"), False: ("llama-3.1-8b", "gpt-oss-20b")}
SLUG_LENGTH = 40
MOST_NAMES, MOST_LEFT_OUT, SHOWN_LENGTH = 6, 20, 80
"""What a comment can bear."""


@dataclass(frozen=True)
class Slice:
    """What one model of today serves: the names that the export has for it, and what they add up
    to.

    model  priced, or why it is not
    """

    names: tuple[str, ...]
    model: ModelPrices | Unpriced
    totals: pd.DataFrame

    @property
    def tokens_fraction(self) -> float:
        """Share of the export's tokens."""
        return float(self.totals["tokens_fraction"].sum())

    @property
    def counts_requests(self) -> bool:
        """Whether the export says how many requests there were."""
        return bool(self.totals["requests"].notna().all() and self.totals["requests"].sum() > 0)


def prefilled(
    table: UsageTable, file_names: Sequence[str], client_name: str
) -> tuple[str, list[str]]:
    """(text of client.yaml, open questions) from an export."""
    as_of = priced_day(table)
    slices = _slices(table, as_of)
    priced = [s for s in slices if isinstance(s.model, ModelPrices)]
    most = MOST_WORKLOADS if all(s.counts_requests for s in slices) else MOST_UNCOUNTED_WORKLOADS
    chosen = (
        [s for s in priced if s.tokens_fraction >= LEAST_SHARE][:most] or priced[:1] or slices[:1]
    )
    asked = _Questions()
    ids = _ids(chosen)
    workloads = "".join(
        _workload(s, as_of, file_names, slug, asked) for s, slug in zip(chosen, ids, strict=True)
    )
    head = [
        "# yaml-language-server: $schema=client.schema.json",
        (
            f"# Filled in from {_files_said(file_names)}: {table.kind.title},"
            f" {table.rows_count():,} rows."
        ),
        *(f"# WARNING: {warning}" for warning in warnings(table)),
        (
            f"# {len(asked.texts)} questions are open. Put your answer wherever it says"
            f" {OPEN_QUESTION}, then make the report."
        ),
        *_left_out([s for s in slices if s not in chosen]),
        "schema_version: 1",
        f"name: {in_yaml(client_name)}",
        f"as_of_date: {as_of.isoformat()}   # prices in force on this day",
        "workloads:",
    ]
    return "\n".join(head) + "\n" + workloads + _invoice(table, chosen, as_of), asked.texts


class _Questions:
    """Numbers the questions in the order in which they come up; one that comes again keeps its
    number."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def ask(self, text: str) -> str:
        """The open value, and the comment that goes beside it."""
        if text in self.texts:
            return f"{OPEN_QUESTION}   # as question {self.texts.index(text) + 1}"
        self.texts.append(text)
        return f"{OPEN_QUESTION}   # QUESTION {len(self.texts)}: {text}"


def priced_day(table: UsageTable) -> dt.date:
    """The day whose prices count: the export's last one, or the last day on which a price of the
    catalog was set, if that is later."""
    newest = max(
        catalog_table(name)["effective_from"].max() for name in ("api_prices", "gpu_rental")
    )
    return max(table.covered_hours[-1].date(), dt.date.fromisoformat(newest))


def _slices(table: UsageTable, as_of: dt.date) -> list[Slice]:
    """Models of today, most tokens first; names of one priced model together."""
    totals = model_totals(table)
    totals = totals[totals["tokens_fraction"] > 0]
    found = {name: model_prices(name, table.provider, as_of) for name in totals["model"]}
    keys = {
        n: (m.provider, m.model_id) if isinstance(m, ModelPrices) else ("", n)
        for n, m in found.items()
    }
    groups = totals.groupby(totals["model"].map(keys), sort=False)
    slices = [Slice(tuple(rows["model"]), found[rows["model"].iloc[0]], rows) for _, rows in groups]
    return sorted(slices, key=lambda s: -s.tokens_fraction)


def in_yaml(value: str | list[str]) -> str:
    """A text, or a list of them, as YAML reads it back on one line, whatever it holds; JSON's own
    escapes are not all YAML's."""
    if not isinstance(value, str):
        return f"[{', '.join(map(in_yaml, value))}]"
    plain = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in plain)


def _short(name: str) -> str:
    """A name as comments and questions show it."""
    return in_yaml(name if len(name) <= SHOWN_LENGTH else f"{name[:SHOWN_LENGTH]}...")


def _files_said(file_names: Sequence[str]) -> str:
    more = f" and {len(file_names) - MOST_NAMES:,} more" if len(file_names) > MOST_NAMES else ""
    return ", ".join(map(visible, file_names[:MOST_NAMES])) + more


def _left_out(slices: Sequence[Slice]) -> list[str]:
    """A comment for each model that no workload answers for; of many, the largest."""
    lines = [
        f"# Not in this file, {100 * s.tokens_fraction:.1f} % of the tokens: {_said(s)}"
        for s in slices[:MOST_LEFT_OUT]
    ]
    if rest := slices[MOST_LEFT_OUT:]:
        lines.append(
            f"# Not in this file, {100 * sum(s.tokens_fraction for s in rest):.1f} % of the tokens:"
            f" {len(rest):,} more models"
        )
    return lines


def _said(s: Slice) -> str:
    if isinstance(s.model, ModelPrices):
        return (
            f"{', '.join(map(_short, s.names[:MOST_NAMES]))} ({s.model.provider}"
            f" {s.model.model_id})"
        )
    near = f"; nearest: {', '.join(s.model.nearest)}" if s.model.nearest else ""
    return f"{', '.join(map(_short, s.names[:MOST_NAMES]))}, which no price list knows{near}"


def _workload(
    s: Slice, as_of: dt.date, file_names: Sequence[str], slug: str, asked: _Questions
) -> str:
    """One workload with its open questions."""
    files = in_yaml(file_names[0] if len(file_names) == 1 else list(file_names))
    only = f", only: {{model: {in_yaml(list(s.names))}}}" if any(s.names) else ""
    lines = [f"  # {_measured(s)}", f"  - id: {slug}", "    load:", "      usage:"]
    if s.counts_requests:
        lines[-1] += f" {{file: {files}{only}}}"
    else:
        how = asked.ask(
            f"how many requests a month does {_asked(s)} answer? The export counts none."
        )
        lines += [
            f"        file: {files}",
            *([f"        only: {only.removeprefix(', only: ')}"] if only else []),
        ]
        lines.append(f"        requests_per_month: {how}")
    batch = float(
        (s.totals["batch_fraction"].fillna(0) * s.totals["tokens_fraction"]).sum()
        / max(s.tokens_fraction, 1e-12)
    )
    lines.append(
        f"    batchable_fraction: {math.floor(batch * 1e4) / 1e4:g}   # what the export shows as"
        " batch; more, if more of it may wait"
    )
    lines += _today(s, asked)
    lines += _alternatives(s, as_of, asked) + _gates(asked)
    return "\n".join(lines) + "\n"


def _ids(slices: Sequence[Slice]) -> list[str]:
    """A workload's id each: its model's name, with a number where two read alike."""
    said = [s.model.model_id if isinstance(s.model, ModelPrices) else s.names[0] for s in slices]
    kept = [
        "".join(c if c.isascii() and c.isalnum() else "-" for c in name.lower()).strip("-")[
            :SLUG_LENGTH
        ]
        or "work"
        for name in said
    ]
    return [
        f"{name}-{kept[:i].count(name) + 1}" if name in kept[:i] else name
        for i, name in enumerate(kept)
    ]


def _measured(s: Slice) -> str:
    """What the export shows of a workload, in a line; the report reads it from the export
    itself."""
    sums = s.totals[["requests", "input_mtok", "output_mtok", "cost_reported_usd"]].sum(min_count=1)
    cached = float(
        (s.totals["cached_input_fraction"].fillna(0) * s.totals["input_mtok"]).sum()
        / max(float(sums["input_mtok"]), 1e-12)
    )
    parts = [
        f"{sums['requests']:,.0f} requests" if s.counts_requests else "",
        f"{mtok(sums['input_mtok'])} tokens in, {percent(cached)} of them from the cache",
        f"{mtok(sums['output_mtok'])} out",
        f"reported {sums['cost_reported_usd']:,.2f} USD" if sums["cost_reported_usd"] > 0 else "",
        f"{percent(s.tokens_fraction)} of all tokens",
    ]
    return f"The export shows {', '.join(filter(None, parts))}."


def _asked(s: Slice) -> str:
    """The workload as a question names it."""
    return _short(s.names[0]) if any(s.names) else "this work"


def _today(s: Slice, asked: _Questions) -> list[str]:
    if isinstance(s.model, ModelPrices):
        provider, model_id = in_yaml(s.model.provider), in_yaml(s.model.model_id)
        return [f"    today: {{provider: {provider}, model_id: {model_id}}}"]
    if s.model.name == "":
        how = asked.ask(
            "which provider and model answer today? The export names none. {provider: openai,"
            " model_id: gpt-4o}"
        )
    else:
        near = f" Nearest: {', '.join(s.model.nearest)}." if s.model.nearest else ""
        named = _short(s.model.name)
        how = asked.ask(
            f"which model is {named}: {{provider: openai, model_id: gpt-4o}}?{near} Your own"
            " server: delete this line"
        )
    return [f"    today: {how}"]


def _alternatives(s: Slice, as_of: dt.date, asked: _Questions) -> list[str]:
    noon = dt.datetime.combine(as_of, dt.time(12), tzinfo=dt.UTC)
    large = not isinstance(s.model, ModelPrices) or s.model.at(noon)[3] >= LARGE_MODEL_USD_PER_MTOK
    lines = ["    alternatives:   # open models worth testing; put others here"]
    for model_id in ALTERNATIVES[bool(large)]:
        share = asked.ask(
            "what share of this work would an open model answer well enough? {low: 0.6, typical:"
            " 0.8, high: 0.95}"
        )
        how = asked.ask("how do you know that share: measured, reported or guess?")
        lines += [
            f"      - model_id: {model_id}",
            f"        passing_fraction: {share}",
            f"        evidence: {how}",
        ]
    return lines


def _gates(asked: _Questions) -> list[str]:
    allowed = asked.ask("may the data go to an API of somebody else: true or false?")
    regions = asked.ask(
        "in which regions must it stay: [] for anywhere, or some of [us, eu, uk, apac]?"
    )
    return ["    gates:", f"      third_party_api_allowed: {allowed}", f"      regions: {regions}"]


def _invoice(table: UsageTable, chosen: Sequence[Slice], as_of: dt.date) -> str:
    """What the export says that these models cost, by the month; the report reconciles with it.

    Part of the money is no bill, and neither is an amount that list prices explain by less than a
    fifth, or more than five times: then the client has to say it.
    """
    rows = table.hourly[table.hourly["model"].isin([name for s in chosen for name in s.names])]
    found = reconciliation(rows, table.provider, as_of, period_hours=table.period_hours)
    usable = (
        found.explained_fraction is not None
        and LEAST_EXPLAINED < found.explained_fraction < 1 / LEAST_EXPLAINED
    )
    if found.reported_usd is None or not usable or table.foreign_fraction > 0:
        return "# invoice: {usd_per_month: 18_000}   # what was really paid, to reconcile with\n"
    per_month = found.reported_usd / table.period_hours * HOURS_PER_MONTH
    return (
        f"invoice: {{usd_per_month: {per_month:.2f}}}   # as the export reports it, by the month\n"
    )
