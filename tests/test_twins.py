"""What is written for speed equals its slow, readable twin: one draw, one hour, one purchase at a
time."""

import math

import numpy as np
import pytest

from llmcost.model import autoscale, hourly_split, serverless, starts
from llmcost.model.autoscale import LoadLevels, cheapest_mix
from llmcost.model.horizon import hardware_cash
from llmcost.model.hourly_split import Prices, distinct_slices
from llmcost.model.information import DEGREE, FOLDS, input_information_usd
from llmcost.model.serverless import billed_boots_and_cold


@pytest.fixture
def rng():
    return np.random.default_rng(20261128)


def serverless_hour_by_hour(load, rate, service, idle, boot, warm, load_ratio, requests_ratio):
    """(mean billed replicas, boots per hour, share that waits) of one draw."""
    billed = boots = waiting = requests = 0.0
    full_before = None
    for hour_load, hour_rate in zip(load, rate, strict=True):
        needed = max(hour_load * load_ratio - warm, 0.0)
        full = max(math.ceil(needed) - 1, 0)
        last_load = needed - full
        rate_per_replica = hour_rate * requests_ratio / (hour_load * load_ratio) if hour_load else 0
        last_rate = last_load * rate_per_replica
        nobody_comes = math.exp(-last_rate * (service + idle))
        asleep = nobody_comes / (1 + last_rate * nobody_comes * boot)
        joins = 0 if full_before is None else max(full - full_before, 0)
        full_before = full

        wakes = 3600 * last_rate * asleep
        billed += warm + full + max(1 - asleep, last_load) + joins * boot / 3600
        boots += wakes + joins
        waiting += wakes * (1 + last_rate * boot) + joins * rate_per_replica * boot
        requests += 3600 * hour_rate * requests_ratio
    hours = len(load)
    return billed / hours, boots / hours, min(waiting / requests, 1.0)


@pytest.mark.parametrize("warm", [0, 1])
@pytest.mark.parametrize("peak", [0.8, 6.0])
def test_serverless_draws_equal_a_loop_over_the_hours(rng, warm, peak):
    load = rng.uniform(0, peak, 60) * (rng.random(60) < 0.7)
    rate = load * rng.uniform(0.05, 2)
    draws = [rng.uniform(*ends, 5) for ends in ((1, 9), (0, 300), (0, 90), (0.2, 3), (0.2, 3))]
    service, idle, boot, load_ratio, requests_ratio = draws
    together = billed_boots_and_cold(
        load, rate, service, idle, boot, warm, load_ratio, requests_ratio
    )
    for i, (s, t, b, ratio, share) in enumerate(zip(*draws, strict=True)):
        alone = serverless_hour_by_hour(load, rate, s, t, b, warm, ratio, share)
        assert [each[i] for each in together] == pytest.approx(alone, rel=1e-9)


def hardware_purchase_by_purchase(needed, resale, life):
    """(bought, sold, book, resale) USD by month of one draw."""
    months = len(needed)
    lasts = math.ceil(life - 1e-9)
    bought, sold, book, kept = ([0.0] * months for _ in range(4))
    for month in range(months):
        held = sum(bought[start] for start in range(month) if month - start < lasts)
        bought[month] = max(needed[month] - held, 0.0)
        for start in range(month + 1):
            age = month - start + 1
            if age == lasts:
                sold[month] += resale * bought[start]
            if age < lasts:
                book[month] += bought[start] * (1 - (1 - resale) * min(age / life, 1.0))
                kept[month] += resale * bought[start]
    return bought, sold, book, kept


@pytest.mark.parametrize("life", [1, 2.5, 3, 12, 30])
def test_hardware_equals_a_ledger_of_purchases(rng, life):
    needed = rng.integers(0, 5, (4, 14)) * 100.0
    resale = rng.uniform(0, 0.6, 4)
    together = vars(hardware_cash(needed, resale, life)).values()
    for draw in range(4):
        ledger = hardware_purchase_by_purchase(needed[draw], resale[draw], life)
        for found, expected in zip(together, ledger, strict=True):
            assert found[draw] == pytest.approx(expected)


def information_of_one_input(bills, known):
    """What it saves to choose by a polynomial in the rank of one input, judged fold by fold."""
    count = len(bills)
    rising = bills[np.argsort(known, kind="stable")]
    at = (2 * np.arange(count) + 1) / count - 1
    blind = bills.mean(axis=0).argmin()
    saved = np.empty(count)
    for fold in range(FOLDS):
        judged = np.arange(fold, count, FOLDS)
        others = np.setdiff1d(np.arange(count), judged)
        smooth = [
            np.polynomial.Legendre.fit(at[others], option[others], DEGREE, [-1, 1])(at[judged])
            for option in rising.T
        ]
        for row, smooth_bills in zip(judged, np.transpose(smooth), strict=True):
            saved[row] = rising[row, blind] - rising[row, smooth_bills.argmin()]
    clear = saved.mean() > 2 * saved.std() / math.sqrt(count)
    return saved.mean() if clear else 0.0


def test_what_an_input_tells_equals_a_fit_of_each_option(rng):
    known = rng.random((3, 400))
    noise = rng.normal(0, 0.1, (400, 3))
    bills = np.column_stack([np.full(400, 1.0), 2 * known[0], 0.6 + known[1] ** 2]) + noise
    together = input_information_usd(bills, known)
    assert together == pytest.approx([information_of_one_input(bills, each) for each in known])
    assert (together[:2] > 0).all()


def test_levels_equal_a_count_of_the_hours(rng):
    load = rng.integers(0, 6, 50) / 2
    levels = LoadLevels(load)
    for level in np.arange(-0.5, 3.5, 0.25):
        above = [hour > level for hour in load]
        starts = [now and not above[hour - 1] for hour, now in enumerate(above)]
        assert levels.above_fraction(level) == pytest.approx(sum(above) / 50)
        assert levels.starts_per_hour(level) == pytest.approx(sum(starts) / 50)


def test_what_is_worked_on_in_parts_is_the_same_as_a_whole(rng, monkeypatch):
    """Sizes of parts are for the processor's cache: nobody's bill depends on them."""
    load = rng.uniform(0, 4, 48)
    scale, api = rng.uniform(0.2, 2, (2, 1, 9))
    prices = Prices(rng.uniform(0.2, 1, 9), rng.uniform(0.3, 1.5, 9), rng.uniform(0, 1, 9))

    replicas = np.ceil(4 * scale[0])

    def everything():
        split = hourly_split.hourly_split(load[None], scale, 4 * api, prices)
        mix = cheapest_mix(LoadLevels(load), replicas, 2.0, 3.0, 0.1, scale[0])
        asleep = billed_boots_and_cold(load, load, 4, 60 * scale[0], 30)
        return [each.tolist() for each in (*vars(split).values(), *mix, *asleep)]

    whole = everything()
    monkeypatch.setattr(hourly_split, "CHUNK", 2)
    monkeypatch.setattr(starts, "SLICES_AT_ONCE", 1)
    monkeypatch.setattr(autoscale, "SLICES_AT_ONCE", 2)
    monkeypatch.setattr(serverless, "HOURS_AT_ONCE", 100)
    for in_parts, at_once in zip(everything(), whole, strict=True):
        assert in_parts == pytest.approx(at_once)


def test_distinct_slices_are_all_slices_up_to_the_highest_level(rng):
    levels = np.sort(rng.uniform(0, 9, (6, 4)), axis=1)
    draw, below, slices_count = distinct_slices(levels)
    for one, rising in enumerate(levels):
        told = {}
        for uppermost, alike in zip(below[draw == one], slices_count[draw == one], strict=True):
            for number in range(int(uppermost - alike) + 1, int(uppermost) + 1):
                assert number not in told
                told[number] = uppermost
        assert sorted(told) == list(range(int(rising[-1]) + 1))
        for number, uppermost in told.items():
            fills = [np.clip(rising - each, 0, 1).tolist() for each in (number, uppermost)]
            assert fills[0] == pytest.approx(fills[1])
