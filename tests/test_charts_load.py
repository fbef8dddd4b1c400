"""The charts of notebooks 02 and 04 say what they mean, for a large client, a tiny one and one
whose gates leave nothing to split."""

import numpy as np
import pandas as pd
import pytest

import llmcost as lc
from llmcost.lessons.hybrid_split import split_charts
from llmcost.lessons.utilization import fleet_charts, fleet_words, load_charts, load_words
from llmcost.lessons.verdict import uncertainty_charts, verdict_words
from llmcost.study.fleets import fleet_sweeps, utilization, without_gates
from llmcost.study.fleets.exact_split import Way
from llmcost.study.loads import load_facts
from llmcost.study.uncertainty import split_sweeps

CLIENTS = ["large-single-tenant", "small-bursty-product", "hospital-notes"]


def sub_charts(spec):
    yield spec
    for layer in spec.get("layer", []):
        yield from sub_charts(layer)


def assert_says_what_it_means(chart):
    """Title and axis titles are there, and every encoded field is a column or made by a transform
    before it."""
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
            assert field is None or field in made or all(field in row for row in rows), (
                title,
                channel,
                field,
            )
            if channel in ("x", "y") and field and encoding.get("title", "left out") != "left out":
                titles.add(channel)  # None says on purpose that the labels speak for themselves
    assert titles == {"x", "y"}, title


def as_names(step):
    made = step.get("as", [one.get("as") for one in step.get("joinaggregate", [])])
    return [made] if isinstance(made, str) else made


@pytest.fixture(scope="module", params=CLIENTS)
def study(request):
    return without_gates.with_a_split(lc.open_study(request.param))


@pytest.fixture(scope="module")
def fleet(study):
    return utilization.own_fleet(study, study.choices[0])


def test_load_charts(study, fleet):
    choice, hours = fleet.choice, fleet.supply.load_replicas
    facts, week = (
        load_facts.load_facts(choice.load, hours),
        load_facts.hour_of_week(choice.load, hours),
    )
    rivals, shapes = (
        fleet_words.rivals(fleet),
        fleet_words.named_shapes(utilization.same_volume(fleet)),
    )
    for chart in (
        load_charts.week_chart(week, load_words.week_title(week, facts), choice.load.described),
        load_charts.duration_chart(
            fleet_words.duration(fleet),
            fleet_words.levels(fleet),
            fleet_words.duration_title(fleet),
            fleet_words.described(fleet),
        ),
        load_charts.price_chart(
            utilization.cost_by_utilization(fleet),
            fleet_words.price_point(fleet),
            rivals,
            fleet_words.price_title(fleet),
            "s",
        ),
        load_charts.shapes_chart(
            shapes, rivals, fleet_words.shapes_title(shapes, fleet), fleet_words.SHAPES_DESCRIBED
        ),
    ):
        assert_says_what_it_means(chart)


def test_fleet_charts(study, fleet):
    sweep = utilization.concurrency_sweep(study, fleet)
    promises = fleet_sweeps.promised_latency_sweep(fleet, sweep)
    rising, time_busy = fleet_sweeps.busy_and_delivered(fleet, sweep)
    points = load_words.busy_points(fleet, time_busy, fleet_sweeps.measured_busy(study))
    supply = fleet_sweeps.on_demand_supply(study, fleet) or fleet.supply
    lags, late = fleet_sweeps.following(study, fleet, supply), fleet_sweeps.SHOWN_LAG_HOURS
    for chart in (
        fleet_charts.promise_chart(
            promises,
            fleet_words.promise_marks(promises, fleet),
            fleet_words.promise_title(promises, fleet),
            "s",
        ),
        fleet_charts.busy_chart(rising, points, load_words.busy_title(fleet, time_busy), "s"),
        fleet_charts.following_chart(
            fleet_sweeps.followed_hours(fleet, supply),
            3,
            load_words.following_title(lags, late, supply),
        ),
    ):
        assert_says_what_it_means(chart)


def test_what_is_said_of_a_fleet_has_no_nan(study, fleet):
    facts = load_facts.load_facts(fleet.choice.load, fleet.supply.load_replicas)
    supply = fleet_sweeps.on_demand_supply(study, fleet) or fleet.supply
    waits = fleet_sweeps.waits(study, fleet)
    said = [
        *load_words.facts_table(study, fleet, facts).to_numpy().ravel(),
        *load_words.waits_table(waits).to_numpy().ravel(),
        load_words.tamer(study, fleet, facts),
        load_words.queue_reading(fleet, fleet_sweeps.peak_queue(fleet), waits),
        load_words.following_reading(
            study, fleet, supply, fleet_sweeps.following(study, fleet, supply)
        ),
        load_words.measured_reading(fleet_sweeps.measured_busy(study)),
    ]
    assert not [text for text in said if "nan" in str(text).split() or "None" in str(text)]


def test_the_promise_of_the_plan_costs_what_the_fleet_costs(study, fleet):
    promises = fleet_sweeps.promised_latency_sweep(
        fleet, utilization.concurrency_sweep(study, fleet)
    ).set_index("concurrency_count")
    kept = promises.loc[min(fleet.supply.replica.concurrency_count, promises.index.max())]
    assert kept["replicas_count"] == fleet.replicas_count
    assert promises["limit_seconds"].is_monotonic_increasing
    assert promises["replicas_count"].iloc[0] == promises["replicas_count"].max()


def test_the_queue_holds_the_requests_of_the_peak(fleet):
    """Little's law: requests in flight = arrivals per second times seconds of service, here of the
    busiest hour."""
    queue = fleet_sweeps.peak_queue(fleet)
    arrivals_per_second = fleet.requests_per_hour / 3600 * fleet.peak_to_mean_ratio
    assert queue.in_flight_count == pytest.approx(
        arrivals_per_second * queue.service_seconds, rel=1e-4
    )
    assert queue.slots_count == fleet.replicas_count * fleet.supply.replica.concurrency_count


def test_time_busy_is_never_below_what_is_delivered(study, fleet):
    rising, time_busy = fleet_sweeps.busy_and_delivered(
        fleet, utilization.concurrency_sweep(study, fleet)
    )
    assert (rising["time_busy_fraction"].diff().dropna() >= 0).all()
    assert time_busy >= 0.9 * fleet.standing_utilization_fraction


def test_split_charts(study):
    one, _ = split_sweeps.splits(study)[0]
    parts = one.costs.melt(
        "owned_count", [f"{way}_usd_per_month" for way in Way], "side", "usd_per_month"
    )
    best = pd.DataFrame(
        {"owned_count": [one.owned_count], "usd_per_month": [1.0], "text": ["here"]}
    )
    cut = pd.DataFrame({"replicas": [1.0], "text": ["cut"]})
    laws = pd.DataFrame(
        {"break_even_fill_fraction": [0.1], "saving_fraction": [0.9], "load": ["flat load: 1 - u*"]}
    )
    sweep = split_sweeps.by_volume(study, np.geomspace(0.1, 10, 5))
    fixed = pd.DataFrame(
        {
            "saving_usd_per_month": [sum(split_sweeps.split_fixed_lines(study).values())],
            "text": ["people"],
        }
    )
    for chart in (
        split_charts.fill_chart(one.slices, one.break_even_fill_fraction, "t", "s"),
        split_charts.cut_chart(split_sweeps.duration(one), cut, "t", "s"),
        split_charts.cost_chart(parts, best, "t", "s"),
        split_charts.law_chart(laws, laws.assign(text="here"), "t", "s"),
        split_charts.saving_chart(sweep, fixed, "t", "s"),
        split_charts.cost_playground(one.costs),
    ):
        assert_says_what_it_means(chart)


def test_eased_changes_nothing_that_can_be_shown():
    study = lc.open_study("large-single-tenant")
    assert without_gates.with_a_fleet(study) is study and without_gates.with_a_split(study) is study


def test_eased_lifts_gates_and_says_what_if():
    study = lc.open_study("hospital-notes")
    shown = without_gates.with_a_split(study)
    assert study.split() is None and shown.split() is not None and shown.changed


def test_turning_volumes_are_where_the_saving_turns():
    study = lc.open_study("large-single-tenant")
    first, pays, _ = split_sweeps.turning_volumes(study)["volume_ratio"]
    fixed = sum(split_sweeps.split_fixed_lines(study).values())
    at = split_sweeps.by_volume(study, np.array([first * 0.999, first, pays * 0.999, pays]))[
        "saving_usd_per_month"
    ]
    assert round(at[0], 2) <= 0 < at[1] and at[2] <= fixed < at[3]


def test_utilization_by_volume_at_todays_volume_is_the_fleets():
    study = lc.open_study("large-single-tenant")
    fleet = utilization.own_fleet(study, study.choices[0])
    now = utilization.utilization_by_volume(fleet, np.array([1.0])).iloc[0]
    assert now["replicas_count"] == fleet.replicas_count
    assert now["utilization_fraction"] == pytest.approx(fleet.standing_utilization_fraction)


def test_uncertainty_charts():
    """For a client whose answer turns nearby, and for one with a single option."""
    for client in ("document-search", "hospital-notes"):
        study = lc.open_study(client)
        cells, known = study.reversal_map(), study.information()
        assert_says_what_it_means(
            uncertainty_charts.reversal_chart(cells, verdict_words.map_title(cells), "s")
        )
        assert_says_what_it_means(uncertainty_charts.information_chart(known.head(4), "t", "s"))
        areas = uncertainty_charts.areas_of(cells)
        width, height = (np.log(areas[high] / areas[low]) for low, high in EDGES)
        whole = np.log(cells["volume_ratio"].max() / cells["volume_ratio"].min()) * -np.log(
            cells["load_factor_fraction"].min()
        )
        assert (width * height).sum() == pytest.approx(
            whole
        )  # the areas fill the map and do not overlap
        assert set(uncertainty_charts.area_labels(cells)["option"]) <= set(cells["option"])


EDGES = [("left_ratio", "right_ratio"), ("bottom_fraction", "top_fraction")]
