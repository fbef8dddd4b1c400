"""The exact split against everything that it must equal: a search over all plans, an integer
program, every real load at hand."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

import llmcost as lc
from llmcost.inputs.load_shapes import load_shape, shape_names
from llmcost.inputs.paths import data_path
from llmcost.model import HOURS_PER_MONTH
from llmcost.model.fleet import LoadDurationCurve
from llmcost.model.hourly_split import Prices, hourly_split
from llmcost.model.split import owned_slices, three_way_usd_per_month
from llmcost.model.starts import on_hours, starts_count

SHARED = data_path().parent.parent / "shared" / "data" / "traffic"
rng = np.random.default_rng(20261121)


def fine(low, high, size=None):
    """Random numbers on a fine grid, so that what should tie does tie."""
    return np.round(rng.uniform(low, high, size) * 16) / 16


def random_load(hours, peak):
    """A load with idle hours, whole ones and uneven ones."""
    return fine(0, peak, hours) * (rng.random(hours) < rng.choice([0.4, 0.8, 1.0]))


def usd_per_hour(load, api, prices, owned, running):
    """Mean bill of a plan: replicas owned, and those run by the hour in each hour; the dearest
    classes are served first."""
    left, capacity = 0.0, owned + running
    for c in np.argsort(-api):
        served = np.minimum(load[c], capacity)
        left, capacity = (
            left + (load[c] - served).mean() * (0.0 if np.isinf(api[c]) else api[c]),
            capacity - served,
        )
    starts = np.maximum(running - np.roll(running, 1), 0).mean()
    bill = owned * prices.reserved_usd_per_hour + left
    if running.any():
        bill += (
            running.mean() * prices.on_demand_usd_per_hour
            + starts * prices.start_usd
            + running.max() * prices.standing_usd_per_hour
        )
    return bill


def cheapest_of_all(load, api, prices, floor=0):
    """The lowest bill over every number of owned replicas and every sequence of replicas by the
    hour."""
    most = int(np.ceil(load.sum(axis=0).max()))
    plans = (
        [np.array(p) for p in itertools.product(range(most + 1), repeat=load.shape[1])]
        if np.isfinite(prices.on_demand_usd_per_hour)
        else []
    )
    plans = plans or [np.zeros(load.shape[1])]
    return min(
        usd_per_hour(load, api, prices, owned, plan)
        for owned in range(floor, max(most, floor) + 1)
        for plan in plans
    )


def bill(load, api, prices, floor=0):
    """(USD per hour of the exact split, the split)."""
    split = hourly_split(load, np.ones((len(load), 1)), api[:, None], prices, floor)
    return float(split.usd_per_hour(prices)[0]), split


def some_prices():
    """Prices of every order: reserved, by the hour and the API each cheapest now and then; starts
    from free to dear."""
    start, standing = rng.choice([0.0, 1.0]) * fine(0, 6), rng.choice([0.0, 0.25])
    return Prices(fine(0.5, 5), rng.choice([fine(1, 8), np.inf], p=[0.9, 0.1]), start, standing)


def test_starts_and_stops_are_the_cheapest_of_all_sequences():
    for _ in range(1_500):
        hours = rng.integers(1, 9)
        work, on_demand, start = random_load(hours, 10), fine(0.5, 8), rng.choice([0.0, fine(0, 8)])
        plans = np.array(list(itertools.product([False, True], repeat=hours)))
        starts = (plans & ~np.roll(plans, 1, axis=1)).sum(axis=1)
        best = (np.where(plans, on_demand, work).sum(axis=1) + start * starts).min()
        on = on_hours(work[:, None], on_demand, start)
        assert np.where(on[:, 0], on_demand, work).sum() + start * starts_count(on)[
            0
        ] == pytest.approx(best, abs=1e-9)


def test_a_long_record_is_settled_in_blocks_as_it_is_hour_by_hour():
    """The plain recursion, twice around so that the record repeats."""
    for hours in (2, 3, 17, 168, 1_000, 4_099):
        work, start = random_load((hours, 3), 4), np.array([0.0, 0.7, 5.0])
        lead = np.full(3, 0.0)
        for hour in [*range(hours)] * 3:
            lead = work[hour] - 1.5 + np.clip(lead, -start, 0)
        gained = np.zeros(3)
        for hour in range(hours):
            lead = work[hour] - 1.5 + np.clip(lead, -start, 0)
            gained += np.maximum(lead, 0)
        on = on_hours(work, 1.5, start)
        assert np.where(on, work - 1.5, 0).sum(axis=0) - start * starts_count(on) == pytest.approx(
            gained, abs=1e-6
        )


def test_three_ways_equal_a_search_over_every_plan():
    for _ in range(300):
        load, api, prices = random_load((1, rng.integers(2, 5)), 2.5), fine(1, 10, 1), some_prices()
        assert bill(load, api, prices)[0] == pytest.approx(
            cheapest_of_all(load, api, prices), abs=1e-9
        )


def test_classes_and_a_floor_equal_a_search_over_every_plan():
    for _ in range(300):
        hours = rng.integers(2, 5)
        load, api, prices = random_load((3, hours), 0.9), fine(1, 10, 3), some_prices()
        floor = rng.integers(0, 3)
        if floor:  # the first class may not leave
            api[0] = np.inf
        assert bill(load, api, prices, floor)[0] == pytest.approx(
            cheapest_of_all(load, api, prices, floor), abs=1e-9
        )


def test_without_start_ups_the_curve_gives_the_same_split_as_the_hours():
    for _ in range(2_000):
        load, prices, api = random_load(rng.integers(1, 40), 8), some_prices(), fine(1, 10)
        own, on_demand = prices.reserved_usd_per_hour, prices.on_demand_usd_per_hour
        owned = owned_slices(LoadDurationCurve(load), own, api, 1.0, on_demand)
        total = sum(three_way_usd_per_month(load, owned, own, on_demand, api))
        hourly, _ = bill(load[None], np.array([api]), Prices(own, on_demand))
        assert total == pytest.approx(hourly * HOURS_PER_MONTH, abs=1e-6)
        tried = [
            sum(three_way_usd_per_month(load, k, own, on_demand, api))
            for k in range(int(np.ceil(load.max())) + 1)
        ]
        assert total == pytest.approx(min(tried), abs=1e-6)


def least_cost(load, api, prices, floor):
    """The same question to HiGHS: whole replicas, whole starts, work of each class served no
    further than the replicas reach."""
    classes, hours = load.shape
    price = np.where(np.isinf(api), 1_000.0, api)
    # columns: owned, running per hour, started per hour, served per class and hour
    count = 1 + 2 * hours + classes * hours
    cost = np.concatenate(
        [
            [prices.reserved_usd_per_hour],
            np.full(hours, prices.on_demand_usd_per_hour / hours),
            np.full(hours, prices.start_usd / hours),
            -np.repeat(price, hours) / hours,
        ]
    )
    reach, begun = sparse.lil_matrix((hours, count)), sparse.lil_matrix((hours, count))
    for t in range(hours):
        reach[t, [0, 1 + t]] = 1
        reach[t, [1 + 2 * hours + c * hours + t for c in range(classes)]] = -1
        begun[t, 1 + hours + t] = 1
        begun[t, 1 + t] -= 1
        begun[t, 1 + (t - 1) % hours] += 1
    top = np.concatenate([[np.inf], np.full(2 * hours, np.inf), load.ravel()])
    bottom = np.zeros(count)
    bottom[0] = floor
    whole = np.concatenate([np.ones(1 + 2 * hours), np.zeros(classes * hours)])
    rules = [LinearConstraint(sparse.csr_matrix(m), 0, np.inf) for m in (reach, begun)]
    found = milp(
        cost,
        integrality=whole,
        bounds=Bounds(bottom, top),
        constraints=rules,
        options={"mip_rel_gap": 0},
    )
    assert found.success
    return found.fun + (price * load.mean(axis=1)).sum()


def test_the_split_equals_an_integer_program():
    for _ in range(60):
        hours, classes = rng.integers(6, 25), rng.integers(1, 4)
        load, api = random_load((classes, hours), 3), fine(1, 10, classes)
        prices = Prices(fine(0.5, 5), fine(1, 8), rng.choice([0.0, fine(0, 6)]))
        floor = 0
        if rng.random() < 0.5:  # the first class may not leave
            api[0], floor = np.inf, int(np.ceil(load[0].max()))
        assert bill(load, api, prices, floor)[0] == pytest.approx(
            least_cost(load, api, prices, floor), abs=1e-6
        )


def test_draws_are_split_one_by_one():
    hours = np.stack(
        [load_shape(name)["requests_ratio"].to_numpy()[:168] for name in shape_names()[:3]]
    )
    scale, api = rng.uniform(0.1, 4, (3, 40)), rng.uniform(1, 9, (3, 40))
    prices = Prices(*(rng.uniform(*ends, 40) for ends in ((1, 3), (1.5, 6), (0, 3), (0, 0.1))))
    together = hourly_split(hours, scale, api, prices, 1)
    for i in range(40):
        alone = hourly_split(hours, scale[:, [i]], api[:, [i]], prices.of_draws(40).chosen([i]), 1)
        for name, found in vars(alone).items():
            assert found[0] == pytest.approx(getattr(together, name)[i])


def test_loads_of_each_draw_are_split_one_by_one():
    hours, api = random_load((2, 5, 30), 4), rng.uniform(1, 9, (2, 5))
    prices = Prices(*(rng.uniform(*ends, 5) for ends in ((1, 3), (1.5, 6), (0, 3), (0, 0.1))))
    together = hourly_split(hours, np.ones((2, 5)), api, prices)
    for i in range(5):
        alone = hourly_split(hours[:, i], np.ones((2, 1)), api[:, [i]], prices.chosen([i]))
        assert [found[0] for found in vars(alone).values()] == pytest.approx(
            [found[i] for found in vars(together).values()]
        )


def real_loads():
    """Every real load at hand by name, in its own order; those of the folder `shared` beside the
    checkout where it is there."""
    found = {name: load_shape(name)["requests_ratio"].to_numpy() for name in shape_names()}
    for path in sorted(data_path("clients").glob("*/client.yaml")):
        hourly = lc.open_study(path.parent.name).hourly()
        found[path.parent.name] = (
            hourly["input_tokens"] / hourly["input_tokens"].mean()
        ).to_numpy()
    for path in sorted(SHARED.glob("*hourly*.csv")):
        frame = pd.read_csv(path)
        column = next((c for c in frame if "request" in c or "count" in c or c == "n"), None)
        if column:
            found[path.stem] = frame[column].fillna(0).to_numpy(dtype=float) / frame[column].mean()
    return found


@pytest.mark.parametrize("mean_replicas", [0.4, 3.7])
def test_the_split_equals_brute_force_on_every_real_load(mean_replicas):
    """Every number of owned replicas; above each, the plain recursion over the hours."""
    for name, hours in real_loads().items():
        load = hours * mean_replicas
        for own, on_demand, api, start in (
            (1.0, np.inf, 2.5, 0.0),
            (1.0, 1.6, 3.0, 0.0),
            (1.0, 1.6, 4.0, 0.5),
            (1.5, 1.5, 2.0, 0.2),
        ):
            prices = Prices(own, on_demand, start)
            above = np.arange(int(np.ceil(load.max())))
            work = np.clip(load[:, None] - above, 0, 1) * api
            slices = work.mean(axis=0)
            if np.isfinite(on_demand):
                lead, gained = np.zeros(len(above)), np.zeros(len(above))
                for turn in (0, 1, 2):
                    for hour in work:
                        lead = hour - on_demand + np.clip(lead, -start, 0)
                        gained += np.maximum(lead, 0) * (turn == 2)
                slices = slices - gained / len(load)
            brute = [k * own + slices[k:].sum() for k in range(len(above) + 1)]
            found, split = bill(load[None], np.array([api]), prices)
            assert found == pytest.approx(min(brute), rel=1e-9), name
            assert brute[int(split.owned_count[0])] == pytest.approx(min(brute), rel=1e-9), name


def test_traces_of_the_folder_shared_are_among_the_real_loads():
    if not SHARED.is_dir():
        pytest.skip("the folder `shared` with the public traces is not beside the checkout")
    assert len(real_loads()) > len(shape_names()) + len(list(data_path("clients").iterdir()))
