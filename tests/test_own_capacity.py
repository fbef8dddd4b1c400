"""Own capacity by every way to get it, in whole studies: the mix by slice, spot, workstation cards,
warm workers, rent or buy."""

from dataclasses import replace

import numpy as np
import pytest

import llmcost as lc
from llmcost.study.assumptions import drawn_values
from llmcost.study.bill.bills import option_totals
from llmcost.study.bill.fleet_lines import (
    fleet,
    fleet_lines,
    fleet_usd_per_month,
    replica_lines,
)
from llmcost.study.bill.hybrid_lines import pool_bills
from llmcost.study.bill.pools import Pool
from llmcost.study.bill.serverless_lines import billed_and_cold, serverless_scope
from llmcost.study.choices.candidates import MAY_BE_TAKEN_AWAY
from llmcost.study.fleets import hidden_lines, serverless_sweeps
from llmcost.study.fleets.rent_or_buy_card import FLAT, rent_or_buy
from llmcost.study.formulas.fleet_costs import (
    colocation,
    energy,
    gpu_capital,
    gpu_rent,
    gpu_rent_by_the_hour,
    maintenance,
    spot_restarts,
)
from llmcost.study.formulas.serverless_costs import serverless_gpus
from llmcost.study.market.gpu_offers import NOT_CONSIDERED
from llmcost.study.problem import VOLUME

BURSTY = "claims-triage"


def rented(name=BURSTY, **changes):
    study = lc.open_study(name).what_if(changes) if changes else lc.open_study(name)
    choice = study.choices[0]
    return study, choice, choice.supplies["rented"]


def test_a_fleet_given_back_by_the_hour_costs_what_its_hours_cost():
    """Hour by hour by hand: the first and the spare stand, every other replica is paid for its
    hours and a start each time it comes."""
    study, choice, supply = rented()
    assert supply.by_the_hour and supply.offer.term == "on_demand"
    values, up = study.values, fleet(choice, supply, study.values, 1)
    wanted = np.maximum(
        np.ceil(supply.load_replicas * (1 + values[f"{choice.at}.load.headroom_fraction"])), 1
    )
    start_hours = (
        values["hidden_costs.machine_boot_seconds"]
        + supply.replica.weights_gb / values["hidden_costs.weights_load_gb_per_second"]
    ) / 3600
    starts = np.maximum(wanted - np.roll(wanted, 1), 0).sum()
    assert float(up.hourly_replicas) == pytest.approx(
        (wanted - 1).mean() + starts * start_hours / wanted.size
    )
    assert (float(up.standing_replicas), float(up.peak_replicas)) == (2, wanted.max() + 1)
    bill = fleet_lines(choice, supply, values, 1)
    rent = supply.plan.gpus_count * supply.offer.hourly_usd * 730
    assert float(bill[gpu_rent] + bill[gpu_rent_by_the_hour]) == pytest.approx(
        rent * float(up.paid_replicas)
    )


def test_the_mix_is_never_dearer_than_standing_and_stands_where_nothing_can_be_given_back():
    for name in ("large-single-tenant", "extraction-pipeline", BURSTY):
        study = lc.open_study(name)
        for one in (
            c
            for tried in study.considered.values()
            for c in tried[0].candidates
            if c.option in ("rented", "owned") and c.supply
        ):
            standing = sum(
                float(usd)
                for usd in replica_lines(one.supply, study.values | _purchases(study, one)).values()
            )
            assert one.usd_per_month <= standing * one.replicas_count * (1 + 1e-9)
            assert one.paid_replicas <= one.replicas_count * (1 + 1e-9)
            if one.option == "owned" or not one.offer.filled_by(one.plan.gpus_count):
                assert one.paid_replicas == one.replicas_count


def test_candidates_priced_together_cost_what_each_costs_alone():
    study, seen = lc.open_study("extraction-pipeline"), set()
    choice = study.choices[0]
    for one in [c for c in study.considered[choice.workload.id][0].candidates if c.supply][::9]:
        at, seen = study.values | _purchases(study, one), seen | {one.option}
        if one.option == "hybrid":
            (split,) = pool_bills([Pool([replace(choice, supplies={"hybrid": one.supply})])], at, 0)
            usd = sum(split.lines.values()) + split.api_usd_per_month
        elif one.option == "serverless":
            scope = serverless_scope(choice, one.supply, at)
            usd = scope("serverless_gpus") + scope("storage_of_weights")
        else:
            usd = fleet_usd_per_month(choice, one.supply, at, study.decision.spare_count)
        assert one.usd_per_month == pytest.approx(float(usd), rel=1e-12)
    assert seen == {"hybrid", "serverless", "rented", "owned"}


def _purchases(study, candidate):
    from llmcost.study.choices.supplies import supply_assumptions

    return {a.path: a.typical for a in supply_assumptions(candidate.supply, study.client)}


def test_spot_is_refused_unless_listed_then_asked_about_and_certain_where_the_work_can_wait():
    study = lc.open_study(BURSTY)
    spot = study.candidates().query("term == 'spot' and provider == 'verda'")
    assert len(spot) and set(spot["reason"]) == {NOT_CONSIDERED.words}
    listed, choice, supply = rented(**{"own_capacity.terms": ["spot"]})
    found = listed.candidates().query("option == 'rented' and status == 'ask' and term == 'spot'")
    assert MAY_BE_TAKEN_AWAY.words in set(found["reason"]) and supply.offer.term == "spot"
    lines = fleet_lines(choice, supply, listed.values, 0)
    up = fleet(choice, supply, listed.values, 0)
    assert float(up.standing_replicas) == float(
        fleet(choice, supply, listed.values, 1).standing_replicas
    ), "a spare even where none is kept"
    seconds = (
        listed.values["hidden_costs.machine_boot_seconds"]
        + supply.replica.weights_gb / listed.values["hidden_costs.weights_load_gb_per_second"]
    )
    starts = listed.values["hidden_costs.spot_interruptions_per_month"] * float(
        up.standing_replicas
    )
    assert float(lines[spot_restarts]) == pytest.approx(
        starts * seconds / 3600 * supply.plan.gpus_count * supply.offer.hourly_usd
    )
    at = f"workloads.{choice.workload.id}.batchable_fraction"
    waits = listed.what_if({at: 1.0})
    assert "ok" in set(waits.candidates().query("option == 'rented' and term == 'spot'")["status"])
    assert waits.choices[0].can_wait and not choice.can_wait


def test_a_workstation_card_serves_a_small_model_and_the_catalog_says_where_it_may_stand():
    tried = lc.open_study("nightly-summaries").candidates()
    owned = tried.query("option == 'owned' and gpu_id == 'rtx-4090' and usd_per_month > 0")
    assert (
        len(owned)
        and all("licence" in reason for reason in owned["reason"])
        and set(owned["status"]) == {"ask"}
    )


def test_spares_of_bought_gpus_are_paid_for():
    study = lc.open_study("hospital-notes").what_if({"own_capacity.gpus": ["l40s-48gb"]})
    more = study.what_if({"own_capacity.spare_replicas_count": 2})
    per_replica = study.lines["owned"][gpu_capital] / 2
    assert more.lines["owned"][gpu_capital] - study.lines["owned"][gpu_capital] == pytest.approx(
        per_replica
    )


def test_warm_workers_are_billed_always_and_spare_the_first_requests_their_boot():
    cold = lc.open_study("document-search")
    warm = cold.what_if({"own_capacity.warm_replicas_count": 1})
    shares = [
        float(billed_and_cold(s.choices[0], s.choices[0].supplies["serverless"], s.values)[2])
        for s in (cold, warm)
    ]
    assert shares[1] < 0.001 < shares[0] < 1, (
        "the load of this client hardly ever passes one replica"
    )
    offer = warm.choices[0].supplies["serverless"].offer
    always = offer.hourly_usd * 730
    assert always <= warm.lines["serverless"][serverless_gpus] < 1.05 * always, (
        "a burst wakes a second one, seldom"
    )
    table = serverless_sweeps.warm_workers(cold, cold.choices[0])
    assert (np.diff(table["usd_per_month"]) >= 0).all() and (
        np.diff(table["cold_requests_fraction"]) <= 0
    ).all()


def test_serverless_and_its_rivals_change_places_where_the_crossing_says():
    found = 0
    for name in ("large-single-tenant", "extraction-pipeline", "document-search"):
        study = lc.open_study(name)
        for row in (
            serverless_sweeps.crossings(study, serverless_sweeps.over_volume(study))
            .dropna()
            .itertuples()
        ):
            totals = option_totals(
                study.decision,
                {**study.values, VOLUME: row.volume_ratio * np.array([1 - 1e-7, 1 + 1e-7])},
            )
            before, after = totals["serverless"] - totals[row.against]
            assert (before > 0) == (row.becomes == "cheaper") and (after < 0) == (
                row.becomes == "cheaper"
            )
            found += 1
    assert found


def test_rent_or_buy_meets_at_the_price_where_it_is_even():
    """At a flat rent equal to the card's monthly capital and upkeep both ways cost the same at the
    end of its life."""
    study = lc.open_study("large-single-tenant")
    choice = study.choices[0]
    both = rent_or_buy(study, choice, hidden_lines.card(study, choice))
    assert both and both.pays_from["goes as the H100 since 2023"] is None
    last = both.costs.query("path == @FLAT").iloc[-1]
    monthly = study.lines["owned"]
    cards = both.card.gpus_count
    own = sum(monthly[item] for item in (gpu_capital, energy, colocation, maintenance)) / cards
    rent = both.offer.hourly_usd * 730
    assert last["bought_usd"] / last["rented_usd"] == pytest.approx(own / rent)
    assert (both.costs["bought_usd"] > 0).all() and FLAT in both.pays_from


def test_draws_agree_with_single_values():
    """The mix and the simulation over draws are those of each draw alone."""
    study, choice, supply = rented()
    drawn = drawn_values(study.inputs, 40)
    many = fleet_lines(choice, supply, drawn, 1)
    for i in (0, 7, 39):
        one = {path: value if np.ndim(value) == 0 else value[i] for path, value in drawn.items()}
        for item, usd in fleet_lines(choice, supply, one, 1).items():
            assert float(np.broadcast_to(many[item], (40,))[i]) == pytest.approx(float(usd))
