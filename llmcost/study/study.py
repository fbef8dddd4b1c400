"""The study: one client's inputs joined to the model. Every notebook opens with it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from llmcost.inputs.catalog import HiddenCost, hidden_costs
from llmcost.inputs.client import Client
from llmcost.inputs.measured import read_measured
from llmcost.inputs.usage import with_invoice_read
from llmcost.model.break_even import BreakEven
from llmcost.model.types import Measurement
from llmcost.study import frames, results
from llmcost.study.assumptions import Assumption, Values, gather, typical_values
from llmcost.study.bill.bills import (
    Decision,
    invoice_multiplier,
    option_lines,
    paths_read,
    plausible,
)
from llmcost.study.bill.reconciliation import Reconciliation
from llmcost.study.choices import (
    Considered,
    checked_alternatives,
    chosen_assumptions,
    considered_models,
    decide,
    sharing_plans,
)
from llmcost.study.lines import AnyLine
from llmcost.study.loads import exports
from llmcost.study.loads.headroom import load_assumptions
from llmcost.study.loads.load import WorkloadLoad, workload_load
from llmcost.study.problem import WorkloadChoice
from llmcost.study.question import Question, question
from llmcost.study.remembered import remembered
from llmcost.study.split.split import Split, pool_splits
from llmcost.study.uncertainty.break_even import volume_break_even
from llmcost.study.uncertainty.draws import drawn_totals, regret, tornado, totals_at_ends
from llmcost.study.uncertainty.flips import Flip, find_flips
from llmcost.study.uncertainty.information import information
from llmcost.study.uncertainty.reversal_map import reversal_map
from llmcost.study.verdict import verdict

DRAWS = 2_000
"""Draws behind every probability and range of a report."""


@dataclass(frozen=True)
class Study:
    """One client's question, answered. Frozen: a what-if makes a new study.

    slug, folder  the client's folder and its name
    client        the checked client file, what-ifs put in
    changed       the what-ifs, dotted path -> value
    """

    slug: str
    folder: Path
    client: Client
    as_of: str = ""
    changed: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def loads(self) -> dict[str, WorkloadLoad]:
        """Hours and totals of each workload."""
        return {
            workload.id: workload_load(self.client, workload, self.folder)
            for workload in self.client.workloads
        }

    @cached_property
    def hidden(self) -> dict[str, HiddenCost]:
        """The hidden-cost table in force, with the client's quotes in it."""
        return hidden_costs(self.client.as_of_date, self.client.quotes)

    @cached_property
    def measured(self) -> tuple[Measurement, ...]:
        """The client's own measurements of serving speed."""
        return read_measured(self.folder, self.client.own_capacity.measured, self.client.as_of_date)

    @cached_property
    def considered(self) -> dict[str, list[Considered]]:
        """Every open model tried for each workload, the chosen one first."""
        tried = {
            w.id: considered_models(self.client, w, self.loads[w.id], self._base, self.measured)
            for w in self.client.workloads
        }
        return sharing_plans(self.client, tried, self._base)

    @cached_property
    def _base(self) -> dict[str, Assumption]:
        return gather(self.client, self.hidden, load_assumptions(self.client, self.loads))

    @cached_property
    def choices(self) -> list[WorkloadChoice]:
        """The chosen model, host and plans of each workload."""
        return [tried[0].choice for tried in self.considered.values()]

    @cached_property
    def _everything(self) -> dict[str, Assumption]:
        return {**self._base, **chosen_assumptions(self.client, self.choices)}

    @cached_property
    def inputs(self) -> dict[str, Assumption]:
        """Every assumption that some option's bill depends on, by path."""
        read = paths_read(self.decision, typical_values(self._everything))
        return {path: assumption for path, assumption in self._everything.items() if path in read}

    @cached_property
    def values(self) -> Values:
        """Every assumption at its typical value, those that no bill depends on too."""
        return typical_values(self._everything)

    @cached_property
    def decision(self) -> Decision:
        """What is compared."""
        return decide(self.client, self.choices, self.invoice_multiplier)

    @cached_property
    def invoice_multiplier(self) -> float:
        """The invoice over the bill that list prices explain; 1 without an invoice."""
        return invoice_multiplier(self.client, self.choices, typical_values(self._everything))

    @cached_property
    def lines(self) -> dict[str, dict[AnyLine, float]]:
        """Option -> line -> USD per month at typical values; lines of zero are left out."""
        bills = option_lines(self.decision, self.values)
        return {
            option: {line: float(usd) for line, usd in bill.items() if abs(float(usd)) > 0}
            for option, bill in bills.items()
        }

    @cached_property
    def totals(self) -> dict[str, float]:
        """Option -> USD per month at typical values, the sum of its lines. Raises InputError for a
        bill beyond all that is paid."""
        return plausible({option: sum(bill.values()) for option, bill in self.lines.items()})

    @remembered
    def draws(self, count: int = DRAWS) -> pd.DataFrame:
        """USD per month of each option (columns) in each draw (rows). Raises InputError for a bill
        beyond all that is paid."""
        return drawn_totals(self.decision, self.inputs, count)

    @cached_property
    def ends(self) -> dict[str, np.ndarray]:
        """Option -> USD per month with each uncertain input alone at its low and at its high value:
        array (inputs, 2)."""
        return totals_at_ends(self.decision, self.inputs)

    def regret(self) -> pd.DataFrame:
        """What choosing each option may cost: its bill minus the cheapest of the same draw, mean
        and P90."""
        return regret(self.draws())

    @remembered
    def information(self) -> pd.DataFrame:
        """What it is worth to know each input before choosing, most valuable first; rank 0 is
        everything together."""
        return information(self)

    @remembered
    def reversal_map(self) -> pd.DataFrame:
        """The cheapest option at each volume and load factor."""
        return reversal_map(self)

    @cached_property
    def winner(self) -> str:
        """The option that is advised."""
        return verdict.advised(self)

    def assumptions(self) -> pd.DataFrame:
        """Every assumption: path, low, typical, high, unit, origin, source, date, confidence."""
        return frames.assumptions(self.inputs)

    def hourly(self, workload_id: str = "") -> pd.DataFrame:
        """One row per hour of a workload: hour, requests, input_tokens, output_tokens."""
        return self.loads[workload_id or self.client.workloads[0].id].hourly.copy()

    def candidates(self) -> pd.DataFrame:
        """Every plan tried, with its gate, reason and GPU bill; feasible and infeasible."""
        return frames.candidates(self.considered)

    def hosts(self) -> pd.DataFrame:
        """Every API host's offer of every open model, with its bill for the moved work and its
        eligibility."""
        return frames.hosts(self.considered)

    def options(self) -> pd.DataFrame:
        """Every option: label, status, reason, typical, p10, p90, difference from today,
        probability of being cheapest."""
        return frames.options(self)

    def option_lines(self) -> pd.DataFrame:
        """Every line of every option: option, item, usd_per_month."""
        return frames.lines(self.lines)

    @remembered
    def split(self, workload_id: str = "") -> Split | None:
        """The exact hybrid split of one workload and those that share its replicas; None where
        there is nothing to split."""
        wanted = workload_id or self.client.workloads[0].id
        return next(
            (
                split
                for split in pool_splits(self.decision, self.values)
                if wanted in split.workload_ids
            ),
            None,
        )

    @remembered
    def break_even(self, option: str = "rented", against: str = "open_api") -> BreakEven:
        """Input volumes at which `option` beats the open model by API, or today's model ("tuned"),
        or a "premium" one."""
        return volume_break_even(self, option, against)

    @remembered
    def flips(self) -> list[Flip]:
        """What would make another option the cheapest, nearest first."""
        return find_flips(
            self.decision, self.inputs, self.ends, dict.fromkeys([self.yardstick, self.rival])
        )

    @cached_property
    def rival(self) -> str:
        """The cheapest option on the other side of the question "host it yourself?", else the next
        cheapest."""
        return verdict.rival(self)

    @cached_property
    def yardstick(self) -> str:
        """What the advantage is measured against: staying where the advice is to move, else the
        cheapest move."""
        return verdict.yardstick(self)

    @remembered
    def tornado(self) -> pd.DataFrame:
        """What each uncertain input alone does to the winner's advantage over the yardstick, widest
        swing first."""
        return tornado(self.inputs, self.ends, self.winner, self.yardstick)

    def sweep(self, path: str, points: Sequence[float]) -> pd.DataFrame:
        """Every option's total while one assumption moves: option, value, usd_per_month.
        "volume_multiplier" moves all volumes.

        Raises InputError for a path that is no assumption of this study.
        """
        return frames.sweep(self, path, points)

    @remembered
    def verdict(self) -> dict[str, Any]:
        """The answer in sentences, with its gates, reasons, flips and confidence."""
        return verdict.verdict(self)

    @remembered
    def export_bill(self) -> Reconciliation | None:
        """The bill of the client's export at list prices against its reported cost and the invoice;
        None without an export to price."""
        return exports.export_bill(self)

    @remembered
    def record(self) -> dict[str, Any]:
        """Everything that a report shows, as plain data."""
        return results.record(self)

    def what_if(self, changes: Mapping[str, Any]) -> "Study":
        """A new study with these dotted paths of the client file changed; it is marked as a
        what-if. A path undoes changes beneath it."""
        kept = {
            path: value
            for path, value in self.changed.items()
            if not path.startswith(tuple(f"{changed}." for changed in changes))
        }
        return open_study(str(self.folder), self.as_of, {**kept, **changes})

    def of_workload(self, workload_id: str) -> "Study":
        """The same client with one of its workloads alone, its invoice left out."""
        alone = [workload for workload in self.client.workloads if workload.id == workload_id]
        return replace(
            self, client=self.client.model_copy(update={"workloads": alone, "invoice": None})
        )

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the resolved inputs, the load and the candidate rows: the same fingerprint, the
        same answer."""
        return results.fingerprint(self)


def open_study(
    client: str, as_of: str = "", what_if: Mapping[str, Any] | str | None = None
) -> Study:
    """The study of a client: the name of an example, or the path of a folder with a client.yaml.

    as_of    another day than the file's, as 2026-11-15; prices in force on that day are used
    what_if  dotted client-file paths to values, as a mapping or as JSON text
    Remembered by content: when the client file, a file that it names or the kit's data changed, it
    is a new study. Raises InputError, which names file, field and cure.
    """
    return _opened(question(client, as_of, what_if))


@lru_cache(maxsize=16)
def _opened(asked: Question) -> Study:
    client = with_invoice_read(checked_alternatives(asked.client), asked.folder)
    return Study(asked.folder.name, asked.folder, client, asked.as_of, json.loads(asked.what_if))
