"""The case: one client's inputs joined to the model, as data. Every answer is a function of one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import pandas as pd

from llmcost.inputs.catalog import HiddenCost, hidden_costs
from llmcost.inputs.client import Client
from llmcost.inputs.measured import read_measured
from llmcost.inputs.usage import with_invoice_read
from llmcost.model.types import Measurement
from llmcost.study.assumptions import Assumption, Values, gather, typical_values
from llmcost.study.bill.bills import (
    Decision,
    invoice_multiplier,
    option_lines,
    paths_read,
    plausible,
)
from llmcost.study.bill.draws import drawn_totals, totals_at_ends
from llmcost.study.choices.decisions import (
    Considered,
    checked_alternatives,
    chosen_assumptions,
    considered_models,
    decide,
    sharing_plans,
)
from llmcost.study.lines import AnyLine
from llmcost.study.loads.headroom import load_assumptions
from llmcost.study.loads.load import WorkloadLoad, workload_load
from llmcost.study.once_per_case import once_per_case
from llmcost.study.problem import WorkloadChoice
from llmcost.study.question import Question, question

DRAWS = 2_000
"""Draws behind every probability and range of a report."""

AnyCase = TypeVar("AnyCase", bound="Case")


@dataclass(frozen=True)
class Case:
    """One client's question with its bills. Frozen: a what-if makes a new case.

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

    @once_per_case
    def draws(self, count: int = DRAWS) -> pd.DataFrame:
        """USD per month of each option (columns) in each draw (rows). Raises InputError for a bill
        beyond all that is paid."""
        return drawn_totals(self.decision, self.inputs, count)

    @cached_property
    def ends(self) -> dict[str, np.ndarray]:
        """Option -> USD per month with each uncertain input alone at its low and at its high value:
        array (inputs, 2)."""
        return totals_at_ends(self.decision, self.inputs)

    def what_if(self, changes: Mapping[str, Any]) -> Self:
        """A new case of the same kind with these dotted paths of the client file changed; it is
        marked as a what-if. A path undoes changes beneath it."""
        kept = {
            path: value
            for path, value in self.changed.items()
            if not path.startswith(tuple(f"{changed}." for changed in changes))
        }
        return opened_case(type(self), str(self.folder), self.as_of, {**kept, **changes})

    def of_workload(self, workload_id: str) -> Self:
        """The same client with one of its workloads alone, its invoice left out."""
        alone = [workload for workload in self.client.workloads if workload.id == workload_id]
        return replace(
            self, client=self.client.model_copy(update={"workloads": alone, "invoice": None})
        )


def opened_case(
    kind: type[AnyCase], client: str, as_of: str, what_if: Mapping[str, Any] | str | None
) -> AnyCase:
    """The case of a client, of the class `kind`; the arguments are those of `open_study`.

    The same one as before for the same question. Raises InputError, which names file, field and
    cure.
    """
    found = _opened(kind, question(client, as_of, what_if))  # type: ignore[arg-type]
    assert isinstance(found, kind)
    return found


@lru_cache(maxsize=16)
def _opened(kind: type[Case], asked: Question) -> Case:
    client = with_invoice_read(checked_alternatives(asked.client), asked.folder)
    return kind(asked.folder.name, asked.folder, client, asked.as_of, json.loads(asked.what_if))
