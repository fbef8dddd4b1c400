"""What must hold for any numbers: sign, unit and wiring slips show here. First the arithmetic, then
whole studies."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from ruamel.yaml import YAML

import llmcost as lc
from llmcost.inputs.catalog import table
from llmcost.inputs.load_shapes import load_shape, shape_names
from llmcost.inputs.paths import data_path
from llmcost.model import HOURS_PER_MONTH, SECONDS_PER_HOUR
from llmcost.model.api_bill import committed_usd_per_month
from llmcost.model.autoscale import LoadLevels, autoscaled, cheapest_mix
from llmcost.model.break_even import staircase_break_even
from llmcost.model.fleet import (
    LoadDurationCurve,
    delivered_utilization,
    gpu_usd_per_mtok,
    replicas_for_peak,
)
from llmcost.model.growth import seasonal_slope_per_day
from llmcost.model.overhead import capital_usd_per_month, monthly_rate_fraction
from llmcost.model.queueing import erlang_c_fraction, mean_wait_seconds, square_root_slots_count
from llmcost.model.rent_or_buy import bought_usd, buying_pays_from_month, rented_usd
from llmcost.model.serverless import awake_fraction, billed_boots_and_cold
from llmcost.model.split import owned_slices, split_usd_per_month
from llmcost.model.types import TokenPrices
from llmcost.model.uncertainty import triangle_ends, triangular_draws, uniform_stream
from llmcost.study.assumptions import drawn_values, typical_values
from llmcost.study.bill.api_lines import listed_usd_per_month
from llmcost.study.bill.bills import option_totals
from llmcost.study.bill.fleet_lines import fixed_lines
from llmcost.study.fleets.exact_split import pool_splits
from llmcost.study.formulas.api_charges import open_model
from llmcost.study.problem import VOLUME

settings.register_profile(
    "same every time", derandomize=True, database=None, deadline=None, max_examples=80
)
settings.load_profile("same every time")


def between(low, high):
    """Numbers on a fine grid, so that what should tie does tie."""
    return st.integers(int(low * 64), int(high * 64)).map(lambda n: n / 64)


loads = st.lists(between(0, 30), min_size=1, max_size=60).map(np.array)
busy_loads = loads.filter(lambda load: load.max() > 0)
prices = between(0.125, 20)
fractions = between(0, 1)
bands = st.tuples(between(0, 50), between(0, 50), between(0, 50)).map(sorted)
U_STARS = np.concatenate([np.linspace(0.002, 1.2, 61), [1.0, 0.5, 0.25]])


def split_totals(load, own, api):
    """USD per month for 0, 1, ... owned replicas, the long way."""
    counts = np.arange(int(np.ceil(load.max())) + 1)
    overflow = np.maximum(load - counts[:, None], 0).mean(axis=1)
    return (counts * own + overflow * api) * HOURS_PER_MONTH


# ---- The fleet


@given(loads, between(0, 40), between(0.125, 4))
def test_served_is_the_mean_of_what_fits_under_the_capacity(load, capacity, scale):
    served = LoadDurationCurve(load).mean_served(capacity, scale)
    assert served == pytest.approx(np.minimum(load * scale, capacity).mean(), rel=1e-12, abs=1e-12)


@given(loads, st.integers(1, 35))
def test_slices_fall_and_add_up_to_what_is_served(load, count):
    curve = LoadDurationCurve(load)
    fills = curve.fill(np.arange(count))
    assert np.all(np.diff(fills) <= 1e-12)
    assert np.all((fills >= -1e-12) & (fills <= 1 + 1e-12))
    assert fills.sum() == pytest.approx(curve.mean_served(count), abs=1e-9)
    assert 0 <= delivered_utilization(curve.mean_served(count), count) <= 1 + 1e-12


rows = st.lists(st.tuples(loads, between(0, 40), between(0.125, 4)), min_size=1, max_size=4)


@given(rows)
def test_curves_of_several_loads_are_the_curves_of_each(rows):
    load, capacity, scale = ([row[i] for row in rows] for i in range(3))
    hours = np.stack([np.resize(each, 24) for each in load])
    together, alone = LoadDurationCurve(hours), [LoadDurationCurve(each) for each in hours]
    assert together.mean_served(np.array(capacity), np.array(scale)).tolist() == [
        float(curve.mean_served(*at)) for curve, *at in zip(alone, capacity, scale, strict=True)
    ]
    assert (together.mean.tolist(), together.peak.tolist()) == (
        [c.mean for c in alone],
        [c.peak for c in alone],
    )
    assert together.chosen([0]).peak.tolist() == [alone[0].peak]


@given(prices, between(1, 5_000), fractions.filter(bool))
def test_ten_percent_busy_costs_ten_times_as_much(usd, speed, busy):
    tenth = gpu_usd_per_mtok(usd, speed, busy / 10)
    assert tenth == pytest.approx(10 * gpu_usd_per_mtok(usd, speed, busy))


@given(busy_loads, prices, prices, prices)
def test_a_cheaper_gpu_is_never_dearer(load, one, other, api):
    cheap, dear = sorted((one, other))
    assert gpu_usd_per_mtok(cheap, 1_000, 0.5) <= gpu_usd_per_mtok(dear, 1_000, 0.5)
    curve = LoadDurationCurve(load)
    best = [
        sum(split_usd_per_month(curve, owned_slices(curve, own, api), own, api))
        for own in (cheap, dear)
    ]
    assert best[0] <= best[1] + 1e-9


@given(between(0, 40), between(0, 40), fractions, fractions, st.integers(0, 3))
def test_more_peak_or_headroom_never_needs_fewer_replicas(
    peak, more_peak, headroom, more_headroom, spares
):
    few = replicas_for_peak(peak, headroom, spare_count=spares)
    assert few <= replicas_for_peak(peak + more_peak, headroom, spare_count=spares)
    assert few <= replicas_for_peak(peak, headroom + more_headroom, spare_count=spares)
    assert few == replicas_for_peak(peak, headroom) + spares
    alone = few - spares
    assert peak * (1 + headroom) <= alone
    assert alone == 1 or alone - 1 < peak * (1 + headroom)


# ---- Following the hours, and waiting


@given(busy_loads, between(0, 3), between(0, 3), fractions, st.integers(0, 2))
def test_a_longer_lag_serves_no_more_and_bills_no_less_and_standing_still_bills_most(
    load, one, other, headroom, spares
):
    wanted = replicas_for_peak(load, headroom, spare_count=spares)
    (billed, unserved), (later_billed, later_unserved) = (
        autoscaled(load, wanted, lag) for lag in sorted((one, other))
    )
    assert billed <= later_billed + 1e-9 and unserved <= later_unserved + 1e-9
    assert wanted.mean() - 1e-9 <= billed and later_billed <= wanted.max() + 1e-9
    assert 0 <= unserved <= 1
    assert autoscaled(load, wanted, 0) == pytest.approx((wanted.mean(), 0))
    assert autoscaled(load, np.full(load.shape, wanted.max()), other) == pytest.approx(
        (wanted.max(), 0)
    )


@given(busy_loads, prices, prices, fractions, between(0.25, 3))
def test_the_mix_by_slice_equals_renting_each_slice_the_cheaper_way_hour_by_hour(
    load, standing, hourly, start, scale
):
    count = int(replicas_for_peak(load.max() * scale, 0))
    stand, by_the_hour = cheapest_mix(LoadLevels(load), count, standing, hourly, start, scale)
    up = [load * scale > i for i in range(1, count)]
    starts = [np.sum(here & ~np.roll(here, 1)) for here in up]
    usd = [
        min(standing, hourly * (here.sum() + start * begun) / load.size)
        for here, begun in zip(up, starts, strict=True)
    ]
    assert stand * standing + by_the_hour * hourly == pytest.approx(standing + sum(usd))
    assert 1 <= stand <= count and stand + by_the_hour <= count + start * load.size


@given(
    st.lists(
        st.tuples(busy_loads, prices, prices, fractions, between(0.25, 3)), min_size=1, max_size=4
    )
)
def test_the_mixes_of_several_loads_are_the_mixes_of_each(fleets):
    levels, *numbers = zip(
        *[
            (LoadLevels(load), replicas_for_peak(load.max() * scale, 0), *rest, scale)
            for load, *rest, scale in fleets
        ],
        strict=True,
    )
    together = np.array(cheapest_mix(levels, *(np.array(each) for each in numbers)))
    assert together.T.tolist() == [
        [float(each) for each in cheapest_mix(*one)] for one in zip(levels, *numbers, strict=True)
    ]


@given(busy_loads, prices, fractions)
def test_given_back_at_the_standing_rate_without_starts_is_following_without_lag(
    load, usd, headroom
):
    count = replicas_for_peak(load.max(), headroom)
    paid = sum(cheapest_mix(LoadLevels(load), count, usd, usd * 0.999, 0.0, 1 + headroom))
    assert paid == pytest.approx(autoscaled(load, replicas_for_peak(load, headroom), 0)[0])


@given(between(0.125, 30), st.integers(1, 40), st.integers(1, 5), between(0.125, 60), between(1, 6))
def test_more_slots_or_calmer_arrivals_never_make_a_request_wait_longer(
    in_flight, slots, more, service, cv
):
    waits, waits_less = (erlang_c_fraction(in_flight, count) for count in (slots, slots + more))
    assert 0 <= waits_less <= waits <= 1
    assert mean_wait_seconds(in_flight, slots + more, service) <= mean_wait_seconds(
        in_flight, slots, service
    )
    assert mean_wait_seconds(in_flight, slots, service) <= mean_wait_seconds(
        in_flight, slots, service, arrival_cv_ratio=cv
    )
    assert (waits == 1) == (in_flight >= slots)


@given(st.integers(30, 90), between(0.25, 3))
def test_square_root_staffing_makes_the_share_wait_that_halfin_and_whitt_found(root, safety):
    """For large fleets: 1 / (1 + safety * Phi(safety) / phi(safety))."""
    slots = square_root_slots_count(root**2, safety)
    true_safety = (slots - root**2) / root  # whole slots
    below, density = (
        (1 + math.erf(true_safety / 2**0.5)) / 2,
        math.exp(-(true_safety**2) / 2) / (2 * math.pi) ** 0.5,
    )
    assert erlang_c_fraction(root**2, slots) == pytest.approx(
        1 / (1 + true_safety * below / density), abs=0.02
    )


@given(
    between(0.5, 2),
    st.lists(between(0.5, 2), min_size=7, max_size=7),
    st.integers(14, 60),
    between(-0.03, 0.03),
)
def test_the_growth_of_a_steady_series_is_found_whatever_its_weekdays(level, weekdays, days, slope):
    series = [level * weekdays[day % 7] * np.exp(slope * day) for day in range(days)]
    assert seasonal_slope_per_day(series) == pytest.approx((slope, slope, slope), abs=1e-9)


# ---- The split


@given(busy_loads, prices, prices)
def test_greedy_split_equals_brute_force(load, own, api):
    curve = LoadDurationCurve(load)
    owned = int(owned_slices(curve, own, api))
    totals = split_totals(load, own, api)
    assert owned == int(totals.round(9).argmin())  # the fewest replicas among equals
    assert sum(split_usd_per_month(curve, owned, own, api)) == pytest.approx(totals[owned])


@pytest.mark.parametrize("ratio", ["requests_ratio", "input_ratio", "output_ratio"])
@pytest.mark.parametrize("shape", shape_names())
def test_greedy_split_equals_brute_force_on_real_loads(shape, ratio):
    hours = load_shape(shape)[ratio].to_numpy()
    curve = LoadDurationCurve(hours)
    for mean_replicas in (0.3, 3.7, 20.0):
        owned = owned_slices(curve, U_STARS, 1.0, mean_replicas)
        for u_star, count in zip(U_STARS, owned, strict=True):
            totals = split_totals(hours * mean_replicas, u_star, 1.0)
            assert totals[int(count)] == pytest.approx(totals.min(), rel=1e-12)


@given(st.integers(1, 20), fractions.filter(bool))
def test_a_flat_load_saves_one_minus_u_star(replicas, u_star):
    curve = LoadDurationCurve([replicas] * 5)
    bill = sum(split_usd_per_month(curve, owned_slices(curve, u_star, 1.0), u_star, 1.0))
    assert 1 - bill / (replicas * HOURS_PER_MONTH) == pytest.approx(1 - u_star)


@given(fractions.filter(bool))
def test_a_linear_load_saves_the_square_of_one_minus_u_star(u_star):
    levels = 640
    curve = LoadDurationCurve(np.arange(levels) + 0.5)
    bill = sum(split_usd_per_month(curve, owned_slices(curve, u_star, 1.0), u_star, 1.0))
    assert 1 - bill / (levels / 2 * HOURS_PER_MONTH) == pytest.approx(
        (1 - u_star) ** 2, abs=1 / levels**2
    )


# ---- The API's bill


@given(
    prices,
    fractions,
    prices,
    fractions,
    st.tuples(fractions, fractions),
    st.tuples(fractions, fractions),
)
def test_more_cache_or_batch_never_costs_more(into, cached_share, out, batch, cached, batched):
    listed = TokenPrices(into, into * cached_share, out, tier_ratios={"batch": (batch,) * 4})
    little, much = (
        listed_usd_per_month(listed, 100, 20, *shares)
        for shares in zip(*map(sorted, (cached, batched)), strict=True)
    )
    assert much <= little + 1e-9
    assert much >= 0 and little <= listed_usd_per_month(listed, 100, 20) + 1e-9


@given(between(0, 20_000), between(0, 20_000), fractions, fractions)
def test_a_commitment_never_pays_less_than_what_binds_and_more_usage_never_costs_less(
    commitment, usage, discount, bound
):
    paid, more = committed_usd_per_month(
        np.array([usage, usage * 1.25]), commitment, discount, bound
    )
    assert paid <= more + 1e-9
    assert paid >= bound * commitment - 1e-9 and paid >= (1 - discount) * usage - 1e-9
    assert committed_usd_per_month(usage, 0, 0, bound) == pytest.approx(usage)


# ---- Break-even


@given(prices, between(1, 200), between(0, 500), between(1, 100), st.integers(0, 2))
def test_break_even_put_back_gives_equal_totals_and_agrees_with_the_staircase(
    api, replica, fixed, capacity, spares
):
    up_to = 40 * capacity
    found = staircase_break_even(api, replica, fixed, capacity, spares, up_to)

    def own(volume):
        return fixed + (np.ceil(np.round(volume / capacity, 9)) + spares) * replica

    for start, end in found.intervals:
        assert own(start) == pytest.approx(api * start) or start == pytest.approx(
            round(start / capacity) * capacity
        )
        assert 0 < start < end <= up_to
    volumes = np.linspace(0, up_to, 3_002)[1:]
    wins = (
        np.any([(a < volumes) & (volumes <= b) for a, b in found.intervals], axis=0)
        if found.intervals
        else np.zeros(len(volumes), bool)
    )
    gap = own(volumes) - api * volumes
    clear = np.abs(gap) > 1e-6 * api * volumes
    assert np.array_equal(wins[clear], (gap < 0)[clear])
    assert found.status == ("reached" if found.intervals else "not reached")
    assert found.looked_up_to_mtok_per_month == up_to


# ---- Hardware and serverless


@given(between(1, 500), fractions, st.integers(1, 120), fractions)
def test_capital_pays_for_the_hardware_with_its_interest(capex, left, months, discount):
    residual = capex * left
    monthly = float(capital_usd_per_month(capex, residual, months, discount))
    growth = 1 + float(monthly_rate_fraction(discount))
    assert growth**12 == pytest.approx(1 + discount)
    worth = (
        sum(monthly / growth**month for month in range(1, months + 1)) + residual / growth**months
    )
    assert worth == pytest.approx(capex)


@given(between(1, 500), fractions, st.integers(1, 60), fractions, between(0, 50))
def test_bought_and_kept_to_its_end_costs_its_monthly_capital_and_upkeep(
    capex, left, months, discount, upkeep
):
    monthly = float(capital_usd_per_month(capex, capex * left, months, discount)) + upkeep
    bought = bought_usd(capex, capex * left, upkeep, months, discount)
    assert bought[-1] == pytest.approx(rented_usd(np.full(months, monthly), discount)[-1])


@given(st.lists(between(0, 40), min_size=1, max_size=40), between(0, 400), between(0, 20))
def test_buying_pays_from_the_month_after_which_renting_never_catches_up(rent, capex, upkeep):
    rented, bought = rented_usd(rent), bought_usd(capex, 0, upkeep, len(rent))
    found = buying_pays_from_month(rented, bought)
    stays = [
        month
        for month in range(1, len(rent) + 1)
        if np.all(bought[month - 1 :] < rented[month - 1 :])
    ]
    assert found == (min(stays) if stays else None)


serverless_hours = st.lists(st.tuples(between(0, 5), between(0, 2)), min_size=1, max_size=30).map(
    np.array
)
seconds = between(0, 300)


@given(serverless_hours, between(0.125, 30), seconds, seconds, st.integers(0, 3))
def test_serverless_bills_the_load_or_more_and_nothing_for_nothing(
    hours, service, idle, boot, warm
):
    load = hours[:, 0]
    rate = np.where(load > 0, hours[:, 1], 0.0)
    billed, boots, cold = billed_boots_and_cold(load, rate, service, idle, boot)
    assert billed >= load.mean() - 1e-9
    assert boots >= 0 and 0 <= cold <= 1
    more = billed_boots_and_cold(load, rate, service, idle + 10, 0)
    bare = billed_boots_and_cold(load, rate, service, idle, 0)
    assert more[0] >= bare[0] - 1e-9 and more[2] <= bare[2] + 1e-9
    assert billed_boots_and_cold(load * 0, rate * 0, service, idle, boot) == (0, 0, 0)
    kept = billed_boots_and_cold(load, rate, service, idle, boot, warm)
    assert kept[0] >= warm - 1e-9 and kept[2] <= cold + 1e-9
    assert warm < load.max() or kept == (warm, 0, 0)


@given(between(0, 2), between(0.125, 30), seconds, seconds)
def test_one_serverless_replica_never_bills_more_than_all_the_time(rate, service, idle, boot):
    assert 0 <= awake_fraction(rate, service, idle) <= 1
    load = np.full(24, min(rate * service / 64, 1.0))
    assert billed_boots_and_cold(load, np.full(24, rate), service, idle, boot)[0] <= 1 + 1e-9


@given(
    busy_loads,
    st.lists(st.tuples(between(0.125, 4), between(0.125, 4), seconds), min_size=1, max_size=5),
)
def test_draws_of_a_serverless_bill_are_the_bills_of_each_draw(load, draws):
    scale, share, boot = np.array(draws).T
    together = np.array(billed_boots_and_cold(load, load * 2, 4, 60, boot, 1, scale, share))
    alone = [
        billed_boots_and_cold(load * one, load * 2 * other, 4, 60, each, 1)
        for one, other, each in draws
    ]
    np.testing.assert_allclose(together.T, alone, rtol=1e-9, atol=1e-9)
    rows = np.stack([load * one for one in scale])
    of_rows = np.array(billed_boots_and_cold(rows, load * 2, 4, 60, boot, 1, 1.0, share))
    np.testing.assert_allclose(of_rows.T, alone, rtol=1e-9, atol=1e-9)


# ---- Draws


def test_a_path_has_its_stream_whatever_else_is_drawn():
    assert np.array_equal(
        uniform_stream("people.api_fte", 50), uniform_stream("people.api_fte", 2_000)[:50]
    )
    assert not np.array_equal(
        uniform_stream("people.api_fte", 50), uniform_stream("people.engineer_fte", 50)
    )


@given(bands, bands)
def test_draws_keep_their_order_when_the_value_changes(one, other):
    uniform = uniform_stream("any.path", 200)
    first, second = (triangular_draws(*band, uniform)[np.argsort(uniform)] for band in (one, other))
    assert np.all(np.diff(first) >= -1e-9) and np.all(np.diff(second) >= -1e-9)


@given(bands.filter(lambda band: band[0] < band[2]))
def test_low_typical_high_are_p10_mode_p90(band):
    low, typical, high = band
    smallest, largest = triangle_ends(low, typical, high)
    assert smallest <= low <= high <= largest
    below_mode = (typical - smallest) / (largest - smallest)
    drawn = triangular_draws(low, typical, high, np.array([0.1, below_mode, 0.9]))
    assert drawn == pytest.approx([low, typical, high], abs=1e-6 * (high - low))


# ---- Whole studies

EXAMPLES = sorted(data_path("clients").glob("*/client.yaml"))
TWO = ("support-assistant", "extraction-pipeline")
yaml = YAML(typ="safe")


@pytest.fixture(scope="module", params=[path.parent.name for path in EXAMPLES] + ["two workloads"])
def study(request, tmp_path_factory):
    """Every example client, and one with the workloads of two of them."""
    if request.param != "two workloads":
        return lc.open_study(request.param)
    one, other = (yaml.load(data_path("clients", name, "client.yaml")) for name in TWO)
    folder = tmp_path_factory.mktemp("clients") / "two-workloads"
    folder.mkdir()
    yaml.dump({**one, "workloads": one["workloads"] + other["workloads"]}, folder / "client.yaml")
    return lc.open_study(str(folder))


def test_lines_sum_to_totals(study):
    lines = study.option_lines().groupby("option")["usd_per_month"].sum()
    totals = study.options().dropna(subset="usd_per_month").set_index("option")["usd_per_month"]
    assert len(totals)
    assert lines.to_dict() == pytest.approx(totals.to_dict())
    direct = option_totals(study.decision, study.values)
    assert {option: float(usd) for option, usd in direct.items()} == pytest.approx(totals.to_dict())


def test_draws_are_finite_amounts(study):
    draws = study.draws().to_numpy()
    assert np.isfinite(draws).all()
    assert (draws >= 0).all()


def test_a_split_never_costs_more_than_the_api_it_may_fall_back_to(study):
    if "hybrid" in study.totals:
        assert study.totals["hybrid"] <= study.totals["open_api"] + 1e-6
        draws = study.draws()
        assert (draws["hybrid"] <= draws["open_api"] + 1e-6).all()


def slices_usd_per_month(load, split):
    """Each slice that is not owned: its hours in which a replica by the hour pays for itself, by
    the plain recursion, twice around."""
    api, hourly, start = (
        split.api_usd_per_replica_hour,
        split.hour_usd_per_replica_hour,
        float(split.terms.prices.start_usd),
    )
    work = np.clip(load[:, None] - np.arange(int(np.ceil(load.max()))), 0, 1) * api
    lead, gained = np.zeros(work.shape[1]), np.zeros(work.shape[1])
    for turn in range(3):
        for hour in work if np.isfinite(hourly) else ():
            lead = hour - hourly + np.clip(lead, -start, 0)
            gained += np.maximum(lead, 0) * (turn == 2)
    ready = float(split.terms.prices.standing_usd_per_hour)
    return (work.mean(axis=0) - np.maximum(gained / len(load) - ready, 0)) * HOURS_PER_MONTH


@pytest.mark.parametrize("times_dearer", [1, 5, 50])
def test_the_split_of_a_study_equals_brute_force(study, times_dearer):
    """Per workload the best of 0, 1, ... owned replicas; all of them together only if they save
    more than people and set-up cost."""
    values = {**study.values, "hidden_costs.api_price_path_multiplier": times_dearer}
    splits = pool_splits(study.decision, values)
    assert bool(splits) == ("hybrid" in study.totals)
    if not splits:
        return
    for split in splits:
        load = split.hours["load_replicas"].to_numpy()
        above, own = (
            slices_usd_per_month(load, split),
            split.own_usd_per_replica_hour * HOURS_PER_MONTH,
        )
        totals = np.array([k * own + above[k:].sum() for k in range(len(above) + 1)])
        assert totals[split.owned_count] == pytest.approx(totals.min())
        all_api = load.mean() * split.api_usd_per_replica_hour * HOURS_PER_MONTH
        assert split.saving_usd_per_month == pytest.approx(all_api - totals.min())
        assert (
            split.saving_usd_per_month >= max(0, all_api - totals[-1], all_api - totals[0]) - 1e-6
        )
        assert split.costs["total_usd_per_month"].to_numpy() == pytest.approx(totals)
    bought = any(
        split.owned_count and split.terms.pool.supply.offer.term == "owned" for split in splits
    )
    fixed = sum(
        fixed_lines("owned" if bought else "rented", values, study.client.horizon_months).values()
    )
    saved = sum(split.saving_usd_per_month for split in splits)
    bills = option_totals(study.decision, values)
    assert bills["open_api"] - bills["hybrid"] == pytest.approx(
        max(saved - fixed, 0), rel=1e-4, abs=0.01
    )


def test_the_hours_hold_the_months_volumes(study):
    for choice in study.choices:
        for column, name in (
            ("input_tokens", "input_mtok_per_month"),
            ("output_tokens", "output_mtok_per_month"),
        ):
            hours = choice.load.hourly[column]
            assert hours.mean() * HOURS_PER_MONTH / 1e6 == pytest.approx(
                study.values[f"{choice.at}.load.{name}"], rel=1e-5
            )


def test_the_curve_holds_the_seconds_that_the_hours_ask_for(study):
    """Mean replicas = replica-seconds of the moved work per second, over the safe share of
    saturation."""
    for choice in study.choices:
        values, hours = study.values, choice.load.hourly
        taken = values[f"{choice.alternative_at}.passing_fraction"] if choice.today else 1
        tokens = taken * values[f"{choice.alternative_at}.token_ratio"]
        today = values[f"{choice.at}.cached_input_fraction"]
        fresh = 1 - max(values.get(f"{choice.at}.cacheable_input_fraction", today), today)
        for supply in choice.supplies.values():
            reading = hours["input_tokens"].mean() * fresh / supply.replica.input_tokens_per_second
            writing = hours["output_tokens"].mean() / supply.replica.output_tokens_per_second
            asked = tokens * (reading + writing) / SECONDS_PER_HOUR
            assert supply.curve.mean == pytest.approx(
                asked / values["hidden_costs.safe_share_fraction"]
            )


def leaves(said, *path):
    """(dotted path, value) of every key of a client file; items of a list go by their id or
    model_id."""
    if isinstance(said, dict) and "typical" not in said:
        for key, value in said.items():
            yield from leaves(value, *path, key)
    elif isinstance(said, list) and said and isinstance(said[0], dict):
        for item in said:
            yield from leaves(item, *path, item.get("id", item.get("model_id")))
    else:
        yield ".".join(path), said


def test_a_what_if_with_the_files_own_values_changes_nothing(study):
    said = dict(leaves(yaml.load(study.folder / "client.yaml")))
    del said["as_of_date"]
    same = study.what_if(said)
    pd.testing.assert_frame_equal(same.options(), study.options())
    assert same.changed == said


DEFAULTS = {
    "own_capacity.spare_replicas_count": lambda hidden: 1,
    "own_capacity.gpus": lambda hidden: "cheapest_that_fit",
    "people.engineer_fte": lambda hidden: hidden["engineer_fte_rented"],
    "people.engineer_usd_per_year": lambda hidden: hidden["engineer_usd_per_year"],
    "people.api_fte": lambda hidden: hidden["api_fte"],
    "one_off.migration_usd": lambda hidden: hidden["migration_usd"],
    "own_capacity.warm_replicas_count": lambda hidden: 0,
    "own_capacity.terms": lambda hidden: [
        "on_demand",
        "committed_12_months",
        "committed_36_months",
        "owned",
    ],
    "one_off.setup_usd": lambda hidden: hidden["setup_usd"],
    "one_off.exit_usd": lambda hidden: hidden["exit_usd"],
    "workloads.summaries.gates.regions": lambda hidden: [],
    "workloads.summaries.alternatives.llama-3.1-8b.token_ratio": lambda hidden: hidden[
        "token_ratio"
    ],
}


@pytest.mark.parametrize("path", DEFAULTS)
def test_a_default_written_down_changes_nothing(path):
    study = lc.open_study("nightly-summaries")  # its file leaves all of these out
    default = DEFAULTS[path](study.hidden)
    same = study.what_if({path: default.band.model_dump() if hasattr(default, "band") else default})
    pd.testing.assert_frame_equal(same.options(), study.options())


def test_a_what_if_keeps_the_draws_of_everything_else():
    study = lc.open_study("support-assistant")
    path = "workloads.assistant.cacheable_input_fraction"
    changed = study.what_if({path: {"low": 0.5, "typical": 0.55, "high": 0.6}})
    before, after = drawn_values(study.inputs, 300), drawn_values(changed.inputs, 300)
    shared = before.keys() & after.keys()
    assert len(shared) > 25
    assert {name for name in shared if not np.array_equal(before[name], after[name])} == {path}
    assert np.array_equal(np.argsort(before[path]), np.argsort(after[path]))


def test_every_uncertain_assumption_moves_some_option(study):
    """At the client's own load, at a small one, or at a large one where the API is dear: replicas
    come whole, a busy one does not sleep."""
    typical = typical_values(study.inputs)
    dear = {"hidden_costs.api_price_path_multiplier": 20}
    situations = ({}, {VOLUME: 1e-3}, {VOLUME: 50, **dear}, {VOLUME: 2_000, **dear})

    def moves(a):
        grid = np.array(
            [a.typical, a.low, a.high, a.typical / 20, min(a.typical * 20 + a.high, a.ceiling)]
        )
        for situation in situations:
            totals = option_totals(study.decision, {**typical, **situation, a.path: grid})
            if any(
                np.ptp(np.broadcast_to(usd, grid.shape)) > 1e-9 * usd.max()
                for usd in totals.values()
            ):
                return True
        return False

    assert [path for path, a in study.inputs.items() if not a.certain and not moves(a)] == []


def test_a_hidden_cost_moves_only_the_options_that_its_row_applies_to(study):
    applies_to = table("hidden_costs").set_index("item")["applies_to"].str.split(";").to_dict()
    ways = {"today": "api", "tuned": "api", "open_api": "api"}
    wrong = []
    for path, a in study.inputs.items():
        if path.startswith("hidden_costs.") and not a.certain:
            totals = option_totals(
                study.decision, {**study.values, path: np.array([a.low, a.high])}
            )
            moved = {
                ways.get(option, option)
                for option, usd in totals.items()
                if np.ptp(np.broadcast_to(usd, 2))
            }
            wrong += [
                (path, way)
                for way in moved - {"hybrid", *applies_to[path.removeprefix("hidden_costs.")]}
            ]
    assert wrong == []


def test_more_volume_never_costs_less(study):
    totals = option_totals(study.decision, {**study.values, VOLUME: np.geomspace(0.1, 10, 21)})
    for option, usd in totals.items():
        assert np.all(np.diff(np.broadcast_to(usd, (21,))) >= -1e-6), option


@pytest.mark.parametrize(
    ("ending", "factors"),
    [
        ("load.headroom_fraction", (0, 4)),
        ("throughput_multiplier", (3, 0.3)),
        ("safe_share_fraction", (1.1, 0.4)),
    ],
)
def test_more_headroom_or_a_slower_replica_never_costs_less(study, ending, factors):
    for path in (path for path in study.inputs if path.endswith(ending)):
        totals = option_totals(
            study.decision, {**study.values, path: study.values[path] * np.linspace(*factors, 23)}
        )
        for option, usd in totals.items():
            assert np.all(np.diff(np.broadcast_to(usd, (23,))) >= -1e-6), (path, option)


@pytest.mark.parametrize("share", [0, {"low": 0, "typical": 0.1, "high": 0.5}])
def test_work_of_which_nothing_may_pass_still_has_a_bill(share):
    study = lc.open_study("small-bursty-product").what_if(
        {"workloads.drafts.alternatives.llama-3.1-8b.passing_fraction": share}
    )
    assert np.isfinite(list(study.totals.values())).all()
    assert np.isfinite(study.draws().to_numpy()).all()
    if share == 0:
        bought = study.lines["open_api"]
        assert bought.get(open_model, 0.0) < 1e-3  # a share of zero counts as one in a million
        assert study.totals["hybrid"] == pytest.approx(study.totals["open_api"])
