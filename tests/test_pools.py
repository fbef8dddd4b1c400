"""Any mix of workloads is billed alike on numbers and on draws.

Some may leave and some may not; they have one model or several, one load shape or several.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st
from ruamel.yaml import YAML

import llmcost as lc
from llmcost.study.assumptions import drawn_values
from llmcost.study.bill.bills import option_lines
from llmcost.study.problem import VOLUME

MODELS = ("llama-3.3-70b", "qwen3-32b")
SHAPES = ("azure_conversation_week", "servegen_tenant_30")
"""Their hours do not line up: workloads of the two share no replicas."""
TERMS = (["owned"], ["on_demand"], ["owned", "on_demand", "committed_12_months"])
DRAWS = 3


@dataclass(frozen=True)
class Kind:
    """One kind of workload: places in the lists above, whether its data may leave, and whether a
    model answers today."""

    leaves: bool = True
    model: int = 0
    shape: int = 0
    today: bool = True

    def workload(self, place: int) -> dict:
        """The workload as it stands in a client file; each place has a volume of its own."""
        passing = {"low": 0.7, "typical": 0.85, "high": 0.95}
        workload = {
            "id": f"w{place}",
            "load": {
                "input_mtok_per_month": 9_000 / (place + 1),
                "output_mtok_per_month": 1_500,
                "requests_per_month": 4_000_000,
                "shape": SHAPES[self.shape],
            },
            "alternatives": [
                {
                    "model_id": MODELS[self.model],
                    "passing_fraction": passing,
                    "evidence": "reported",
                }
            ],
            "gates": {"third_party_api_allowed": self.leaves},
        }
        today = {"today": {"provider": "openai", "model_id": "gpt-4o"}} if self.today else {}
        return workload | today


def opened(folder, kinds, terms):
    """The study of a client with these kinds of workloads."""
    workloads = [kind.workload(place) for place, kind in enumerate(kinds)]
    about = {"schema_version": 1, "name": "Any mix of workloads", "as_of_date": "2026-11-15"}
    with (folder / "client.yaml").open("w") as file:
        YAML(typ="safe").dump(
            {**about, "workloads": workloads, "own_capacity": {"terms": terms}}, file
        )
    return lc.open_study(str(folder))


def check_alike(decision, values, draws):
    """Every line of every option in every draw is what the same values give as numbers."""
    together = option_lines(decision, values)
    for draw in range(draws):
        one = {path: value[draw] if np.ndim(value) else value for path, value in values.items()}
        for option, bill in option_lines(decision, one).items():
            drawn = {
                item: float(np.broadcast_to(usd, (draws,))[draw])
                for item, usd in together[option].items()
            }
            numbers = {item: float(usd) for item, usd in bill.items()}
            assert drawn == pytest.approx(numbers, rel=1e-9, abs=1e-6), option


kinds = st.builds(Kind, st.booleans(), st.integers(0, 1), st.integers(0, 1), st.booleans())
TWO = [Kind(), Kind(leaves=False, model=1, shape=1, today=False)]


@settings(max_examples=12, deadline=None, derandomize=True, database=None)
@given(st.lists(kinds, min_size=1, max_size=4), st.sampled_from(TERMS))
@example(TWO, ["owned"])
@example([*TWO, Kind(model=1)], ["owned"])
@example([*TWO, Kind(model=1), Kind(leaves=False)], ["owned"])
def test_numbers_and_draws_are_billed_alike_for_any_mix_of_workloads(
    tmp_path_factory, kinds, terms
):
    """All inputs drawn at once, then each alone: only then are the counts of one pool draws where
    another's are one number."""
    study = opened(tmp_path_factory.mktemp("mix"), kinds, terms)
    drawn = drawn_values(study.inputs, DRAWS)
    volumes = {f"{choice.at}.{VOLUME}": np.array([0.2, 1.0, 8.0]) for choice in study.choices}
    moving = {path: value for path, value in drawn.items() if np.ndim(value)} | volumes
    check_alike(study.decision, {**drawn, **volumes}, DRAWS)
    for path, value in moving.items():
        check_alike(study.decision, {**study.values, path: value}, DRAWS)
