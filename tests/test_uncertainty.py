"""How sure, what to measure first, and where it turns: held to known values, to each client's own
bills, and to what must not move."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

import llmcost as lc
from llmcost.inputs.paths import data_path
from llmcost.model.break_even import staircase_break_even
from llmcost.model.fleet import stretched
from llmcost.model.information import input_information_usd, perfect_information_usd, regret_usd
from llmcost.model.uncertainty import uniform_stream
from llmcost.study import frames
from llmcost.study.assumptions import Assumption, drawn_values
from llmcost.study.bill import draws
from llmcost.study.bill.bills import option_totals
from llmcost.study.bill.draws import drawn_totals, totals_in_parts
from llmcost.study.bill.options import LABELS
from llmcost.study.problem import VOLUME
from llmcost.study.uncertainty import volume_break_even
from llmcost.study.uncertainty.bill_pairs import YARDSTICKS, bill_pair, wins
from llmcost.study.uncertainty.break_even_table import break_evens
from llmcost.study.uncertainty.reversal_map import load_factor_fraction, stretched_decision
from llmcost.study.uncertainty.value_of_information import measure_first, without_fallback
from llmcost.study.uncertainty.volume_break_even import break_even_words, winning_intervals

settings.register_profile(
    "same every time", derandomize=True, database=None, deadline=None, max_examples=80
)
settings.load_profile("same every time")
EXAMPLES = sorted(path.parent.name for path in data_path("clients").glob("*/client.yaml"))


@pytest.fixture(scope="module", params=EXAMPLES)
def study(request):
    return lc.open_study(request.param)


# ---- Draws


def test_draws_in_parts_are_the_draws_of_all_at_once_and_of_one_at_a_time(study, monkeypatch):
    monkeypatch.setattr(draws, "AT_ONCE", 512)
    count = 600  # the second part is a short one
    values = drawn_values(study.inputs, count)
    drawn, whole = (
        drawn_totals(study.decision, study.inputs, count),
        option_totals(study.decision, values),
    )
    for option in study.totals:
        assert drawn[option].to_numpy() == pytest.approx(
            np.broadcast_to(whole[option], (count,)), rel=1e-12
        )
    for draw in (0, 512, count - 1):
        alone = option_totals(
            study.decision,
            {path: value[draw] if np.ndim(value) else value for path, value in values.items()},
        )
        assert {option: float(usd) for option, usd in alone.items()} == pytest.approx(
            drawn.iloc[draw].to_dict(), rel=1e-12
        )


def test_a_tenth_of_the_draws_of_every_input_lies_below_its_low_and_a_tenth_above_its_high(study):
    count = 20_000
    for path, drawn in drawn_values(study.inputs, count).items():
        a = study.inputs[path]
        if a.certain:
            assert drawn == a.typical
            continue
        assert np.mean(drawn <= a.low) == pytest.approx(0.1, abs=0.01), path
        assert np.mean(drawn >= a.high) == pytest.approx(0.1, abs=0.01), path
        assert drawn.min() >= a.floor and drawn.max() <= a.ceiling


@pytest.mark.parametrize(
    ("low", "typical", "high"),
    [(-0.02, 0.01, 0.05), (-0.05, -0.03, -0.01), (0, 0.5, 1), (0, 0, 3), (2, 3, 9)],
)
def test_the_floor_of_a_tail_never_cuts_into_the_band(low, typical, high):
    a = Assumption("any.path", low, typical, high, "fraction", "client", "", "", "guess")
    drawn = drawn_values({a.path: a}, 20_000)[a.path]
    assert np.quantile(drawn, [0.1, 0.9]) == pytest.approx([low, high], abs=0.02 * (high - low))
    assert drawn.min() >= 0 or low < 0
    assert (drawn.min() > 0) == (low > 0) or low < 0


def test_two_options_share_the_draws_of_the_inputs_that_they_share(study):
    """Priced alone, an option has the bills that it has beside the others: no draw hangs on what
    else is priced."""
    together = drawn_totals(study.decision, study.inputs, 200)
    for option in study.totals:
        alone = drawn_totals(
            replace(study.decision, priced=[option]), dict(reversed(study.inputs.items())), 200
        )
        assert np.array_equal(alone[option], together[option])


def test_a_what_if_keeps_the_draws_of_every_option_that_does_not_read_what_it_changed(study):
    one, path = study.inputs["one_off.migration_usd"], "one_off.migration_usd"
    changed = study.what_if(
        {path: {"low": one.low * 2, "typical": one.typical * 2, "high": one.high * 2}}
    )
    before, after = study.draws(), changed.draws()
    moved = 1 / study.client.horizon_months
    extra = drawn_values({path: one}, len(before))[path] * moved
    for option in study.totals:
        added = 0.0 if option in ("today", "tuned") else extra
        assert after[option].to_numpy() == pytest.approx(
            before[option].to_numpy() + added, rel=1e-9
        ), option


# ---- What an input does


def without_provenance(study):
    """What a study says of money, without who said what an input is."""
    tables = [study.options(), study.option_lines(), study.draws(), study.regret()]
    tables += [
        study.tornado().drop(columns="confidence"),
        study.information().drop(columns="confidence"),
    ]
    tables += [study.assumptions().drop(columns=["origin", "source", "date", "confidence"])]
    said = {
        key: study.verdict()[key]
        for key in (
            "answer",
            "option",
            "sentence",
            "detail",
            "labels",
            "saving",
            "why",
            "horizon",
            "cash",
        )
    }
    return tables, said, study.flips(), study.break_even(study.winner, "tuned")


def test_overriding_any_input_of_the_catalog_with_its_own_default_changes_no_result(study):
    """All at once: each is quoted at the values that it has."""
    items = [
        a
        for path, a in study.inputs.items()
        if path.startswith("hidden_costs.") and a.origin == "default"
    ]
    assert len(items) > 10
    quotes = [
        {
            "row": a.path.replace(".", "/", 1),
            "value": {"low": a.low, "typical": a.typical, "high": a.high},
            "said_by": "the same",
            "quoted_date": study.client.as_of_date.isoformat(),
        }
        for a in items
    ]
    kept = [quote.model_dump(mode="json", exclude_none=True) for quote in study.client.quotes]
    same = study.what_if({"quotes": kept + quotes})
    assert {same.inputs[a.path].origin for a in items} == {"quote"}
    (tables, *rest), (same_tables, *same_rest) = without_provenance(study), without_provenance(same)
    for one, other in zip(tables, same_tables, strict=True):
        pd.testing.assert_frame_equal(one, other)
    assert rest == same_rest


def test_every_uncertain_input_changes_a_result_when_it_is_known(study):
    """Some option's bill moves in some draw when one input is held at its typical value and all
    else is drawn.

    Replicas come whole, a busy one does not sleep, and a split owns nothing where the API is cheap:
    what moves nothing at the client's own load for such a reason moves a bill at a small one, or at
    a large one where the API is dear.
    """
    values, uncertain = (
        drawn_values(study.inputs, 1_000),
        [path for path, a in study.inputs.items() if not a.certain],
    )
    still = still_ones(study, uncertain, values)
    assert len(still) < len(uncertain) / 4
    for situation in (
        {VOLUME: 1e-3},
        {VOLUME: 2_000.0, "hidden_costs.api_price_path_multiplier": 500.0},
    ):
        still = still_ones(study, still, {**values, **situation})
    assert still == []


def still_ones(study, paths, values):
    """The inputs that move no draw of any option when they are held at their typical value."""
    before, still = totals_in_parts(study.decision, values, 1_000), []
    for path in paths:
        after = totals_in_parts(study.decision, {**values, path: study.values[path]}, 1_000)
        if all(
            np.allclose(after[option], usd, rtol=1e-12, atol=0) for option, usd in before.items()
        ):
            still.append(path)
    return still


# ---- Regret and the value of information


def test_regret_is_nothing_for_the_cheapest_and_its_least_mean_is_what_full_knowledge_is_worth(
    study,
):
    drawn, found = study.draws(), study.regret().set_index("option")
    by_hand = drawn.sub(drawn.min(axis=1), axis=0)
    assert found["mean_regret_usd_per_month"].to_dict() == pytest.approx(by_hand.mean().to_dict())
    assert found["p90_regret_usd_per_month"].to_dict() == pytest.approx(
        by_hand.quantile(0.9).to_dict()
    )
    assert (by_hand.min(axis=1) == 0).all()
    assert study.information()["evpi_usd_per_month"].iloc[0] == pytest.approx(by_hand.mean().min())


def test_no_single_input_is_worth_more_than_all_together_nor_less_than_nothing(study):
    known = study.information()
    assert list(known["rank"]) == list(range(len(known)))
    assert set(known["path"].iloc[1:]) == {
        path for path, a in study.inputs.items() if not a.certain
    }
    each = known["evpi_usd_per_month"].to_numpy()
    assert (each >= 0).all() and (each[1:] <= each[0]).all() and (np.diff(each[1:]) <= 0).all()
    assert measure_first(study).startswith(
        "Nothing" if each[0] == 0 else "To know everything" if each[1] == 0 else "Measure first"
    )


def normal(path, count):
    """Standard normal draws from an input's stream."""
    from scipy.special import ndtri

    uniform = uniform_stream(path, count)
    return uniform, ndtri(uniform)


def loss(mean, deviation):
    """E[max(-x, 0)] of a normal x: what knowing it is worth where x is the difference between two
    bills and its mean is above 0."""
    z = mean / deviation
    return (
        deviation * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        - mean * (1 - math.erf(z / math.sqrt(2))) / 2
    )


@pytest.mark.parametrize(
    ("mean", "deviation", "noise"), [(1, 1, 1), (0.5, 1, 1), (0.2, 0.5, 1), (1, 2, 4)]
)
def test_the_value_of_an_input_is_the_known_one_of_a_normal_difference_between_two_bills(
    mean, deviation, noise
):
    """At the 2,000 draws of a report, the error averaged over 60 repeats (bias) within a twentieth
    of the spread of the bills."""
    found, count = [], 2_000
    for repeat in range(60):
        known, x = normal(f"known.{repeat}", count)
        _, other = normal(f"other.{repeat}", count)
        bills = 100 + np.column_stack([np.zeros(count), mean + deviation * x + noise * other])
        found.append(input_information_usd(bills, [known])[0])
    spread = math.hypot(deviation, noise)
    assert np.mean(found) == pytest.approx(loss(mean, deviation), abs=0.01 * spread)
    assert np.abs(np.array(found) - loss(mean, deviation)).max() < 0.1 * spread


def test_what_tells_nothing_is_worth_nothing_even_among_options_that_nearly_tie():
    """Seven bills of the same spread, their means a fiftieth of it apart: the usual estimates make
    something of every input here."""
    found, count = [], 2_000
    for repeat in range(40):
        bills = np.column_stack(
            [normal(f"bill.{option}.{repeat}", count)[1] + 0.02 * option for option in range(7)]
        )
        found.append(input_information_usd(bills, [uniform_stream(f"nothing.{repeat}", count)])[0])
    assert np.mean(found) < 0.002
    assert np.mean(np.array(found) == 0) > 0.8


def test_the_value_of_an_input_agrees_with_a_nested_simulation():
    """Three options, two inputs, whole machines and a fallback: outer draws of one input, inner
    draws of the other."""

    def bills(volume, passing):
        fleet = 4 + 3 * np.ceil(volume / 4) + 20 * (1 - passing)
        return np.stack(
            np.broadcast_arrays(12 + 0 * volume, 1.1 * volume + 14 * (1 - passing), fleet), axis=-1
        )

    grid = (np.arange(2_000) + 0.5) / 2_000
    volume, passing = 1 + 19 * grid, 0.5 + 0.5 * grid**2
    nested = bills(volume[:, None], passing[None, :])
    best = nested.mean(axis=(0, 1)).min()
    by_hand = [best - nested.mean(axis=axis).min(axis=1).mean() for axis in (1, 0)]
    streams = np.array([uniform_stream(name, 2_000) for name in ("volume", "passing")])
    found = input_information_usd(bills(1 + 19 * streams[0], 0.5 + 0.5 * streams[1] ** 2), streams)
    spread = nested.std()
    assert found == pytest.approx(by_hand, abs=0.02 * spread)
    assert by_hand[0] > 0.1 * spread


def test_full_knowledge_is_worth_the_mean_regret_of_the_best_option():
    bills = np.array([[10.0, 12.0, 30.0], [15.0, 12.0, 30.0], [20.0, 24.0, 30.0]])
    assert regret_usd(bills).mean(axis=0).tolist() == pytest.approx([1.0, 2.0, 16.0])
    assert perfect_information_usd(bills) == pytest.approx(1.0)


def test_work_that_nothing_else_may_answer_is_said_to_have_no_fallback(study):
    named = [sentence.split(":")[0] for sentence in without_fallback(study)]
    assert named == [choice.workload.id for choice in study.choices if choice.today is None]


# ---- The reversal map


@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=60).map(np.array),
    st.integers(0, 32).map(lambda n: n / 4),
)
def test_stretching_a_load_keeps_its_month_and_more_of_it_never_makes_it_flatter(load, stretch):
    moved = stretched(load, stretch)
    assert moved.mean() == pytest.approx(load.mean())
    assert moved.min() >= 0
    assert stretched(load, stretch + 0.25).max() >= moved.max() * (1 - 1e-12)
    assert stretched(load, 1) == pytest.approx(load) and np.ptp(stretched(load, 0)) == 0


def test_the_clients_place_on_the_map_is_its_own_answer(study):
    place = study.reversal_map().query("client")
    assert len(place) == 1
    assert place["usd_per_month"].iloc[0] == pytest.approx(min(study.totals.values()))
    assert place["load_factor_fraction"].iloc[0] == pytest.approx(
        load_factor_fraction(study.decision)
    )
    cheapest = [
        option
        for option, usd in study.totals.items()
        if usd <= min(study.totals.values()) * (1 + 1e-9)
    ]
    assert place["option"].iloc[0] == cheapest[0]


def test_every_place_on_the_map_is_the_cheapest_option_of_a_load_of_the_same_month(study):
    found = study.reversal_map()
    assert found["load_factor_fraction"].between(0, 1 + 1e-12).all() and found[
        "load_factor_fraction"
    ].max() == pytest.approx(1)
    assert found.groupby("load_factor_fraction", sort=False)["volume_ratio"].nunique().eq(41).all()
    flat = stretched_decision(study.decision, study.values, 0)
    for _, place in found[found["load_factor_fraction"] > 1 - 1e-9].iloc[::8].iterrows():
        totals = option_totals(flat, {**study.values, VOLUME: place["volume_ratio"]})
        assert float(totals[place["option"]]) == pytest.approx(
            min(float(usd) for usd in totals.values())
        )
    for before, after in zip(study.choices, flat.choices, strict=True):
        for option, supply in after.supplies.items():
            assert supply.curve.mean == pytest.approx(before.supplies[option].curve.mean)
            assert supply.curve.peak == pytest.approx(supply.curve.mean)


# ---- Break-even


@given(
    st.integers(8, 1_280).map(lambda n: n / 64),
    st.integers(64, 12_800).map(lambda n: n / 64),
    st.integers(0, 500),
    st.integers(1, 100),
    st.integers(0, 2),
)
def test_the_search_on_bills_finds_the_exact_staircase(api, replica, fixed, capacity, spares):
    """A fleet of whole replicas against a price per token: the closed form of
    model/break_even.py."""
    up_to = 40.0 * capacity
    exact = staircase_break_even(api, replica, fixed, capacity, spares, up_to)

    def bills(volumes):
        return fixed + (np.ceil(np.round(volumes / capacity, 12)) + spares) * replica, api * volumes

    found = winning_intervals(bills, up_to * 1e-6, up_to)
    wide = [(a, b) for a, b in exact.intervals if b > a * (1 + 1e-5)]
    assert [
        edge for edges in found if edges[1] > edges[0] * (1 + 1e-5) for edge in edges
    ] == pytest.approx([edge for edges in wide for edge in edges], rel=1e-9)


def test_the_search_finds_the_fixture_of_235714286_tokens():
    found = winning_intervals(
        lambda volumes: (30 + 100 * np.ceil(volumes / 81), 1.40 * volumes), 1e-3, 400
    )
    assert [edge for edges in found for edge in edges] == pytest.approx(
        [330 / 1.4, 243, 430 / 1.4, 324, 530 / 1.4, 400], rel=1e-9
    )


@pytest.mark.parametrize("against", YARDSTICKS)
def test_every_break_even_volume_put_back_gives_equal_totals(study, against):
    """At each end of an interval the bills are equal, or whole machines make one of them jump over
    the other there."""
    for option in LABELS:
        found, pair = study.break_even(option, against), bill_pair(study, option, against)
        assert (pair.why_not is None) == (found.status in ("reached", "not reached"))
        if pair.why_not:
            assert not found.intervals
            continue
        now = volume_break_even.input_mtok_per_month(study)
        edges = np.array(found.intervals[:40]).ravel()
        edges = edges[
            (edges > found.looked_from_mtok_per_month) & (edges < found.looked_up_to_mtok_per_month)
        ]
        if len(edges):
            ours, theirs = pair.usd_per_month({VOLUME: edges / now})
            is_start = np.arange(len(edges)) % 2 == _starts_inside(found)
            beyond = edges * np.where(is_start, 1 - 1e-7, 1 + 1e-7)
            assert wins(ours, theirs).all()
            assert not wins(*pair.usd_per_month({VOLUME: beyond / now})).any()
            equal = np.isclose(ours, theirs, rtol=1e-6)
            jumps = np.abs(pair.usd_per_month({VOLUME: beyond / now})[0] / ours - 1) > 1e-6
            assert (equal | jumps).all(), (option, edges[~(equal | jumps)])
            assert equal[is_start].all(), (
                option
            )  # a bill jumps up only, so that an interval begins where the two are equal
        volumes = np.geomspace(
            found.looked_from_mtok_per_month, found.looked_up_to_mtok_per_month, 300
        )[1:-1]
        inside = np.any(
            [(a <= volumes) & (volumes <= b) for a, b in found.intervals]
            or [np.zeros(len(volumes), bool)],
            axis=0,
        )
        assert np.array_equal(wins(*pair.usd_per_month({VOLUME: volumes / now})), inside), option


def _starts_inside(found):
    """1 where the option wins from the smallest volume on: then the first inner edge is an end, not
    a start."""
    return int(found.intervals[0][0] <= found.looked_from_mtok_per_month)


def test_every_break_even_of_the_table_put_back_gives_equal_totals(study):
    """Through the study's own sweep where it can turn the number; and on the pair's bills where it
    is a price."""
    swept = {"engineers": "people.", "share that passes": "passing_fraction"}
    for option in study.totals:
        table = break_evens(study, option, ("open_api", "tuned"))
        reached = table[table["status"] == "reached"].dropna(subset="turns_at")
        for row in reached.itertuples():
            usd = study.totals[option]
            assert abs(row.difference_usd_per_month) < 1e-6 * usd or row.what == "volume", (
                option,
                row.what,
                row.answer,
            )
            path = next(
                (
                    p
                    for name, end in swept.items()
                    if row.what.startswith(name)
                    for p in _paths(study, option, end)
                ),
                None,
            )
            if path:
                there = study.sweep(path, [row.turns_at]).set_index("option")["usd_per_month"]
                assert there[option] == pytest.approx(there[row.against], rel=1e-6), (
                    option,
                    row.what,
                )


def _paths(study, option, end):
    if end == "people.":
        owned = any(
            c.supplies[option].offer.term == "owned" for c in study.choices if option in c.supplies
        )
        return [
            "people.engineer_fte_owned"
            if owned
            else "people.engineer_fte" + ("_serverless" if option == "serverless" else "")
        ]
    return [f"{choice.alternative_at}.{end}" for choice in study.choices]


def test_the_price_of_a_gpu_at_break_even_is_that_of_a_quote():
    """Put into the client file as a quote, it makes both bills equal."""
    study = lc.open_study("support-assistant")
    table = break_evens(study, "rented", ("tuned",)).set_index("what")
    offer = study.choices[0].supplies["rented"].offer
    quote = {
        "row": f"gpu_rental/{offer.provider}/{offer.region}/{offer.gpu_id}/{offer.term}",
        "gpu_usd_per_hour": float(table.loc["price of a GPU", "turns_at"]),
        "said_by": "a test",
        "quoted_date": study.client.as_of_date.isoformat(),
    }
    quoted = study.what_if({"quotes": [quote], "own_capacity.gpus": [offer.gpu_id]})
    assert quoted.totals["rented"] == pytest.approx(quoted.totals["tuned"], rel=1e-6)


def test_what_cannot_be_had_is_not_what_is_not_reached(study):
    for option in LABELS:
        for against in YARDSTICKS:
            found, (_, reason) = (
                study.break_even(option, against),
                bill_pair(study, option, against).why_not or ("", ""),
            )
            said = break_even_words(found, volume_break_even.input_mtok_per_month(study), reason)
            if option not in study.totals:
                assert found.status == "infeasible" and said.startswith("infeasible: ") and reason
            elif against in LABELS and against not in study.totals:
                assert found.status == "nothing to compare with" and reason
            else:
                assert said.startswith(
                    ("from ", "at every", "not reached up to ", "nothing to compare with: ")
                )


def test_what_is_compared_with_itself_never_wins(study):
    for option in study.totals:
        assert study.break_even(option, option).status == "not reached"


def test_of_options_that_tie_along_a_sweep_the_simpler_counts_and_rounding_makes_no_turn():
    bills = {"open_api": [1.0, 2.0, 3.0], "hybrid": [1.0 - 1e-13, 2.0, 2.5]}
    rows = [
        (option, value, usd) for option, line in bills.items() for value, usd in enumerate(line)
    ]
    assert frames.cheapest_along(
        pd.DataFrame(rows, columns=["option", "value", "usd_per_month"])
    ) == ["open_api", "hybrid"]


def test_the_map_keeps_the_warm_replicas_of_the_client():
    study = lc.open_study("document-search", what_if={"own_capacity.warm_replicas_count": 2})
    assert (
        stretched_decision(study.decision, study.values, 0.5)
        .choices[0]
        .supplies["serverless"]
        .warm_count
        == 2
    )
