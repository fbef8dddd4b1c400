"""An amount of nothing is billed as the limit of small amounts: the same totals, statuses, people
and advice."""

import json
import re

import pytest
from ruamel.yaml import YAML

import llmcost as lc
from llmcost.batch.batch import report_clients
from llmcost.inputs.catalog import DIVISORS, hidden_costs, table
from llmcost.inputs.errors import InputError
from llmcost.inputs.paths import data_path
from llmcost.study.bill.bills import people_fte
from llmcost.study.fleets.fleet_facts import owns_nothing
from llmcost.study.horizon.cash import cash
from llmcost.study.horizon.whole_contract import horizon_of

CLIENT = "large-single-tenant"
"""Its split saves more than nothing before people, so that what people cost decides."""
NEARLY_NOTHING = 1e-9
ITEMS = sorted(set(table("hidden_costs")["item"]))
AMOUNTS = [
    "people.engineer_fte",
    "people.api_fte",
    "people.engineer_usd_per_year",
    "one_off.migration_usd",
    "one_off.setup_usd",
    "one_off.exit_usd",
    "workloads.classification.load.headroom_fraction",
    "workloads.classification.load.billed_retries_fraction",
    "workloads.classification.load.reasoning_mtok_per_month",
]
CARDS = [
    f"gpu_purchase/{row.gpu_id}/{row.condition}"
    for row in table("gpu_purchase").drop_duplicates(["gpu_id", "condition"]).itertuples()
]


def quoted(rows, value):
    """Quotes of one value for several rows, as a client file has them."""
    return [
        {"row": row, "value": value, "said_by": "sales", "quoted_date": "2026-10-01"}
        for row in rows
    ]


def quote_of(*rows):
    """Changes of the client file by an amount: these rows quoted at it."""
    return lambda amount: {"quotes": quoted(rows, amount)}


def amount_of(*paths):
    """Changes of the client file by an amount: these paths set to it."""
    return lambda amount: dict.fromkeys(paths, amount)


EVERY_ITEM = [f"hidden_costs/{item}" for item in ITEMS if item not in DIVISORS]
ADVICE = {path: amount_of(path) for path in AMOUNTS[:3]}
ADVICE |= {"no people": amount_of("people.engineer_fte", "people.api_fte")}
ADVICE |= {"nothing paid once": amount_of(*AMOUNTS[3:6])}
ADVICE |= {"every hidden cost": quote_of(*EVERY_ITEM)}
BILLS = ADVICE | {path: amount_of(path) for path in AMOUNTS[3:]}
BILLS |= {row: quote_of(row) for row in EVERY_ITEM}
BILLS |= {"GPUs for nothing": quote_of(*CARDS)}


def both(changes):
    """The studies with an amount of nothing, and with hardly any."""
    return [lc.open_study(CLIENT, what_if=changes(amount)) for amount in (0, NEARLY_NOTHING)]


@pytest.mark.parametrize("name", BILLS)
def test_a_bill_at_nothing_is_the_limit_of_small_amounts(name):
    none, hardly = both(BILLS[name])
    assert none.totals == pytest.approx(hardly.totals, rel=1e-6, abs=1e-4)
    assert owns_nothing(none) == owns_nothing(hardly)
    people, few = (people_fte(study.decision, study.values) for study in (none, hardly))
    assert {option: float(fte) for option, fte in people.items()} == pytest.approx(
        {option: float(fte) for option, fte in few.items()}, abs=1e-6
    )


@pytest.mark.parametrize("name", ADVICE)
def test_the_advice_at_nothing_is_the_limit_of_small_amounts(name):
    none, hardly = both(ADVICE[name])
    assert none.winner == hardly.winner
    columns = ["option", "status", "label"]
    assert none.options()[columns].equals(hardly.options()[columns])
    spent, limit = (cash(study, horizon_of(study)) for study in (none, hardly))
    assert spent["year_1_hired_usd"].to_numpy() == pytest.approx(
        limit["year_1_hired_usd"].to_numpy(), rel=1e-6, abs=1.0
    )


@pytest.mark.parametrize("item", sorted(DIVISORS))
@pytest.mark.parametrize("amount", [0, NEARLY_NOTHING])
def test_what_is_divided_by_is_refused_at_nothing_in_one_line(item, amount):
    assert item in ITEMS
    study = lc.open_study(CLIENT, what_if=quote_of(f"hidden_costs/{item}")(amount))
    with pytest.raises(InputError) as refused:
        study.options()
    said = f"^client.yaml: quotes.hidden_costs/{item}: {amount:g} is .* Quote .* or more; .*$"
    assert re.match(said, str(refused.value))


def test_a_quote_for_engineers_of_owned_gpus_is_taken_as_quoted():
    """Without one they follow the client's own figure in the catalog's proportion, whatever is
    quoted for rented ones."""
    half = {"people.engineer_fte": 0.5}
    path, item = "people.engineer_fte_owned", "hidden_costs/engineer_fte_owned"
    assert lc.open_study(CLIENT, what_if=half | quote_of(item)(0.1)).values[path] == 0.1
    listed = hidden_costs(lc.open_study(CLIENT).client.as_of_date, [])
    proportion = (
        listed["engineer_fte_owned"].band.typical / listed["engineer_fte_rented"].band.typical
    )
    for changes in (half, half | quote_of("hidden_costs/engineer_fte_rented")(0)):
        assert lc.open_study(CLIENT, what_if=changes).values[path] == pytest.approx(
            0.5 * proportion
        )


def test_a_client_whose_every_amount_is_nothing_gets_a_whole_report(tmp_path):
    yaml = YAML(typ="safe")
    client = yaml.load(data_path("clients", CLIENT, "client.yaml"))
    people = dict.fromkeys(("engineer_fte", "api_fte", "engineer_usd_per_year"), 0)
    once = dict.fromkeys(("migration_usd", "setup_usd", "exit_usd"), 0)
    changes = quote_of(*EVERY_ITEM)(0)
    folder = tmp_path / "nothing"
    folder.mkdir()
    yaml.dump({**client, "people": people, "one_off": once, **changes}, folder / "client.yaml")
    assert report_clients([folder], tmp_path / "out") == {}
    record = json.loads((tmp_path / "out" / "nothing" / "results.json").read_text(encoding="utf-8"))
    assert record["verdict"]["option"] == "hybrid"
