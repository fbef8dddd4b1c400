"""The charts of notebooks 02 and 04 say what they mean, for a large client, a tiny one and one whose gates leave nothing to split."""

import numpy as np
import pandas as pd
import pytest

import llmcost as lc
from llmcost.study import eased, split_sweeps, utilization
from llmcost.views.charts import load, split
from llmcost.views.readings import utilization as words

CLIENTS = ["large-single-tenant", "small-bursty-product", "hospital-notes"]


def sub_charts(spec):
    yield spec
    for layer in spec.get("layer", []):
        yield from sub_charts(layer)


def assert_says_what_it_means(chart):
    """Title and axis titles are there, and every encoded field is a column or made by a transform before it."""
    spec = chart.to_dict()
    title = spec["title"]["text"]
    assert title and "nan" not in title
    titles = set()
    for part in sub_charts(spec):
        data = part.get("data", spec.get("data", {}))
        rows = spec["datasets"][data["name"]] if "name" in data else []
        made = {name for step in part.get("transform", []) for name in as_names(step)}
        for channel, encoding in part.get("encoding", {}).items():
            field = encoding.get("field") if isinstance(encoding, dict) else None
            assert field is None or field in made or all(field in row for row in rows), (title, channel, field)
            if channel in ("x", "y") and field and encoding.get("title", "left out") != "left out":
                titles.add(channel)  # None says on purpose that the labels speak for themselves
    assert titles == {"x", "y"}, title


def as_names(step):
    made = step.get("as", [one.get("as") for one in step.get("joinaggregate", [])])
    return [made] if isinstance(made, str) else made


@pytest.fixture(scope="module", params=CLIENTS)
def study(request):
    return eased.with_a_split(lc.open_study(request.param))


@pytest.fixture(scope="module")
def fleet(study):
    return utilization.own_fleet(study, study.choices[0])


def test_load_charts(study, fleet):
    curve, load_replicas = fleet.supply.curve, fleet.supply.load_replicas
    hours = np.arange(len(load_replicas))
    rivals, sweep = words.rivals(fleet), utilization.concurrency_sweep(study, fleet)
    sweep["milliseconds"] = sweep["itl_seconds"] * 1e3
    point = pd.DataFrame({"utilization_fraction": [fleet.utilization_fraction], "usd_per_mtok": [fleet.usd_per_mtok], "text": ["here"]})
    shapes = utilization.same_volume(fleet).assign(label=lambda f: f["shape"], text="", own=False)
    duration = pd.DataFrame({"hours_fraction": hours / len(hours), "load_replicas": curve.sorted[::-1]})
    costs = utilization.cost_by_utilization(fleet)
    for chart in (
        load.hours_chart(pd.DataFrame({"day": hours / 24, "load_ratio": load_replicas / curve.mean}), "t", "s"),
        load.concurrency_chart(sweep, words.concurrency_marks(sweep, fleet), "t", "s"),
        load.duration_chart(duration, words.levels(fleet), "t", "s"),
        load.price_chart(costs, point, rivals, "t", "s"),
        load.shapes_chart(shapes, rivals, "t", "s"),
        load.volume_chart(utilization.utilization_by_volume(fleet, np.geomspace(0.1, 10, 5)), 0.5, "t", "s"),
        load.price_playground(costs, rivals, fleet.replica_usd_per_hour, fleet.utilization_fraction),
    ):
        assert_says_what_it_means(chart)


def test_split_charts(study):
    one, supply = split_sweeps.splits(study)[0]
    parts = one.costs.melt("owned_count", ["own_usd_per_month", "api_usd_per_month"], "side", "usd_per_month")
    best = pd.DataFrame({"owned_count": [one.owned_count], "usd_per_month": [1.0], "text": ["here"]})
    cut = pd.DataFrame({"replicas": [1.0], "text": ["cut"]})
    laws = pd.DataFrame({"break_even_fill_fraction": [0.1], "saving_fraction": [0.9], "load": ["flat load: 1 - u*"]})
    sweep = split_sweeps.by_volume(study, np.geomspace(0.1, 10, 5))
    fixed = pd.DataFrame({"saving_usd_per_month": [sum(split_sweeps.split_fixed_lines(study).values())], "text": ["people"]})
    for chart in (
        split.fill_chart(one.slices, one.break_even_fill_fraction, "t", "s"),
        split.cut_chart(split_sweeps.duration(one, supply), cut, "t", "s"),
        split.cost_chart(parts, best, "t", "s"),
        split.law_chart(laws, laws.assign(text="here"), "t", "s"),
        split.saving_chart(sweep, fixed, "t", "s"),
        split.cost_playground(one.costs),
    ):
        assert_says_what_it_means(chart)


def test_eased_changes_nothing_that_can_be_shown():
    study = lc.open_study("large-single-tenant")
    assert eased.with_a_fleet(study) is study and eased.with_a_split(study) is study


def test_eased_lifts_gates_and_says_what_if():
    study = lc.open_study("hospital-notes")
    shown = eased.with_a_split(study)
    assert study.split() is None and shown.split() is not None and shown.changed


def test_turning_volumes_are_where_the_saving_turns():
    study = lc.open_study("large-single-tenant")
    first, pays, _ = split_sweeps.turning_volumes(study)["volume_ratio"]
    fixed = sum(split_sweeps.split_fixed_lines(study).values())
    at = split_sweeps.by_volume(study, np.array([first * 0.999, first, pays * 0.999, pays]))["saving_usd_per_month"]
    assert at[0] <= 0 < at[1] and at[2] <= fixed < at[3]


def test_utilization_by_volume_at_todays_volume_is_the_fleets():
    study = lc.open_study("large-single-tenant")
    fleet = utilization.own_fleet(study, study.choices[0])
    now = utilization.utilization_by_volume(fleet, np.array([1.0])).iloc[0]
    assert now["replicas_count"] == fleet.replicas_count
    assert now["utilization_fraction"] == pytest.approx(fleet.utilization_fraction)
