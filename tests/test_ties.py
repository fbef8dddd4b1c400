"""Ways that cost the same are told apart by their order, never by the last bit: inputs moved by
1e-15 change no choice."""

import math

import pytest
from hypothesis import given, settings, strategies as st

import llmcost as lc
from llmcost.study.ties import cheapest, cheapest_first

CLIENTS = ("support-assistant", "document-search", "large-single-tenant", "claims-triage")
QUOTED = {"said_by": "sales", "quoted_date": "2026-10-01"}
SMALLEST = 1e-15


def moved(amount, times):
    """An amount of a client file, with its range, up or down by some of the smallest steps."""
    if hasattr(amount, "model_dump"):
        return {
            level: value * (1 + times * SMALLEST) for level, value in amount.model_dump().items()
        }
    return amount * (1 + times * SMALLEST)


def choices(study):
    """Everything that a study chooses: hosts, plans and offers, what is advised, and what it is
    held against."""
    hosts = [choice.host.offer.row for choice in study.choices if choice.host]
    supplies = {
        (choice.workload.id, option): (
            supply.plan.name,
            supply.offer.row,
            supply.by_the_hour and supply.by_the_hour.row,
        )
        for choice in study.choices
        for option, supply in choice.supplies.items()
    }
    ordered = [list(study.hosts()["provider"]), list(study.candidates()["plan"])]
    return hosts, supplies, ordered, study.winner, study.rival, study.yardstick


def host_quote(provider, usd):
    return {
        "row": f"api_prices/{provider}/llama-3.3-70b",
        "input_usd_per_mtok": usd,
        "output_usd_per_mtok": usd,
        **QUOTED,
    }


def rent_quote(provider, usd):
    return {
        "row": f"gpu_rental/{provider}/us/h100-80gb-sxm/on_demand",
        "gpu_usd_per_hour": usd,
        **QUOTED,
    }


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("times", [-2, 3])
def test_volumes_and_people_moved_by_the_last_bit_change_no_choice(client, times):
    study = lc.open_study(client)
    changes = {}
    for workload in study.client.workloads:
        for name in ("input_mtok_per_month", "output_mtok_per_month"):
            amount = getattr(workload.load, name)
            if amount is not None:
                changes[f"workloads.{workload.id}.load.{name}"] = moved(amount, times)
    if study.client.people.engineer_fte:
        changes["people.engineer_fte"] = moved(study.client.people.engineer_fte, times)
    changes["one_off.migration_usd"] = moved(study.hidden["migration_usd"].band, times)
    assert choices(study.what_if(changes)) == choices(study)


@pytest.mark.parametrize(("make", "usd"), [(host_quote, 0.013), (rent_quote, 0.37)])
def test_of_two_quotes_of_one_price_the_last_bit_chooses_none(make, usd):
    """Two sellers of one price, far below all others: whichever is a bit dearer, the same one is
    taken."""
    chosen = []
    for one, other in [(0, 0), (1, 0), (0, 1), (-3, 3)]:
        quotes = [make("zulu", moved(usd, one)), make("alfa", moved(usd, other))]
        chosen.append(choices(lc.open_study("support-assistant", what_if={"quotes": quotes})))
    assert "alfa" in str(chosen[0][0]) or "zulu" in str(chosen[0][1])
    assert all(each == chosen[0] for each in chosen)


amounts = st.lists(st.tuples(st.integers(1, 5), st.integers(-3, 3)), min_size=1, max_size=8)


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(amounts)
def test_ties_keep_their_order_and_all_else_rises(amounts):
    usd = {place: moved(whole * 100.0, times) for place, (whole, times) in enumerate(amounts)}
    exact = {place: whole for place, (whole, _) in enumerate(amounts)}
    assert cheapest(usd, usd.__getitem__) == min(exact, key=lambda place: (exact[place], place))
    expected = sorted(exact, key=lambda place: (exact[place], place))
    assert cheapest_first(usd, usd.__getitem__) == expected


def test_what_cannot_be_had_for_any_money_is_taken_only_where_all_is_so():
    assert cheapest(["a", "b"], {"a": math.inf, "b": 5.0}.__getitem__) == "b"
    assert cheapest(["a", "b"], {"a": math.inf, "b": math.inf}.__getitem__) == "a"
