"""What the prices of both sides mean, in sentences that hold for every client."""

import pandas as pd

from llmcost.study.choices.decisions import no_host_reason, out_of_reach
from llmcost.study.fleets.unit_costs import always_on_option
from llmcost.study.judgement import Status
from llmcost.study.prices.pricing import hosts_of, usable
from llmcost.study.prices.token_costs import ladder, levers
from llmcost.study.problem import WorkloadChoice
from llmcost.study.scopes import scope_of
from llmcost.study.study import Study
from llmcost.study.wording import mtok, number, percent, usd
from llmcost.views.text import times


def scope(study: Study, choice: WorkloadChoice) -> str:
    """Which workload the arithmetic follows, and its month."""
    scope = scope_of(choice, study.values)
    into = scope("asked_input_mtok_per_month")
    out = scope("asked_output_mtok_per_month")
    month = f"{mtok(float(into))} input and {mtok(float(out))} output tokens a month"
    if len(study.choices) == 1:
        return f"One workload, {choice.workload.id}: {month}."
    return (
        f"The arithmetic follows {choice.workload.id}, the largest of {len(study.choices)}"
        f" workloads: {month}."
    )


def no_own_reason(choice: WorkloadChoice) -> str:
    """Why neither rented nor owned GPUs can be had."""
    found = out_of_reach("rented", choice) or out_of_reach("owned", choice)
    return found.words if found else "another workload has no plan"


def headline(study: Study, choice: WorkloadChoice) -> str:
    """The price of a million tokens on each side, in one breath."""
    steps = ladder(study, choice).set_index(["way", "step"])["usd_per_mtok"]
    model, own = choice.alternative.model_id, always_on_option(study)
    today = "Nothing answers these requests today."
    if choice.today:
        today = (
            f"A million tokens of your mix cost **{usd(steps['today', 'at your load'])}** on"
            f" {choice.today.model_id}, tuned."
        )
    open_api = f"No host may sell {model} for it: {no_host_reason(choice).words}."
    if choice.host:
        open_api = (
            f"{model} from {choice.host.offer.provider} costs"
            f" **{usd(steps['open_api', 'at your load'])}**."
        )
    if own is None:
        return f"{today} {open_api} GPUs of your own cannot be had: {no_own_reason(choice)}."
    full, load, people = (
        usd(steps[own, step]) for step in ("always full", "at your load", "with people")
    )
    where = (
        f"On {own} GPUs {model} costs {full} if they were always full, **{load}** at your load and"
        f" **{people}** with the people it takes."
    )
    return f"{today} {open_api} {where}"


def tiers_title(tiers: pd.DataFrame) -> str:
    """What the tiers say: by how much the choice of the model alone moves the bill."""
    dearest, cheapest = tiers.iloc[0], tiers.iloc[-1]
    spread = times(dearest["usd_per_month"] / cheapest["usd_per_month"])
    return (
        f"The same tokens cost {usd(cheapest['usd_per_month'])} to {usd(dearest['usd_per_month'])}"
        f" a month: {spread}, by the model alone"
    )


def hosts_title(study: Study, choice: WorkloadChoice) -> str:
    """What the hosts of the chosen model say."""
    hosts, model = hosts_of(study, choice), choice.alternative.model_id
    if hosts.empty:
        return f"{model}: no list has a price for it"
    if choice.host is None:
        return f"{model}: none of {len(hosts)} offers may be used"
    spread = usable(hosts)["usd_per_month"].max() / choice.host.usd_per_month
    asks = f"; another host asks {times(spread)} as much" if spread > 1.005 else ""
    still = f" (ask: {choice.host.reason})" if choice.host.status is Status.ASK else ""
    return (
        f"{model} costs {usd(choice.host.usd_per_month)} a month at"
        f" {choice.host.offer.provider}{still}{asks}"
    )


def tuning_title(steps: pd.DataFrame) -> str:
    """What tuning saves before anything moves, and which step saves most."""
    before, after = steps["usd_per_month"].iloc[[0, -1]]
    if after >= before * (1 - 1e-9):
        return f"Nothing to tune: {usd(before)} a month stays {usd(after)}"
    most = steps.loc[steps["change_usd_per_month"].idxmin()]
    share = f"{most['step']} alone saves {usd(-most['change_usd_per_month'])}"
    return f"Tuned, today's model costs {usd(after)} a month instead of {usd(before)}; {share}"


def hosts_reading(study: Study, choice: WorkloadChoice, refusals: pd.DataFrame) -> str:
    """Why the rest of the offers is out."""
    total = len(hosts_of(study, choice))
    if total == 0:
        return f"No list has a price for {choice.alternative.model_id}."
    if refusals.empty:
        return f"All {total} offers are eligible."
    words = {Status.ASK: "must be asked", Status.FAILED: "refused"}
    parts = [
        f"{row.offers_count} {words[row.status]}: {row.reason} (cheapest"
        f" {usd(row.cheapest_usd_per_month)})"
        for row in refusals.itertuples()
    ]
    return f"Of {total} offers, " + "; ".join(parts) + "."


def offers(hosts: pd.DataFrame) -> pd.DataFrame:
    """A row per host with its prices, its bill, whether it may be used, and all that it states
    about itself in one cell."""
    stated = [
        [
            (host.context_tokens, "{:,.0f} tokens of context"),
            (host.precision, "{}"),
            (host.requests_per_minute_count, "{:,.0f} requests a minute"),
            (host.regions.replace(";", ", "), "{}"),
            (host.zero_retention, "zero retention: {}"),
            (host.ends_date, "until {}"),
            (host.tiers.replace(";", ", "), "tiers: {}"),
        ]
        for host in hosts.itertuples()
    ]
    columns = [
        "provider",
        "input_usd_per_mtok",
        "output_usd_per_mtok",
        "usd_per_month",
        "status",
        "reason",
    ]
    words = [
        ", ".join(shown.format(value) for value, shown in facts if pd.notna(value) and value != "")
        for facts in stated
    ]
    return hosts[columns].assign(states=words, date=hosts["date"])


def ladder_title(study: Study, choice: WorkloadChoice) -> str:
    """From the full GPU to the whole bill."""
    own = always_on_option(study)
    if own is None:
        return f"GPUs of your own cannot be had: {no_own_reason(choice)}"
    steps = ladder(study, choice).set_index(["way", "step"])["usd_per_mtok"]
    full, load, people = (
        steps[own, step] for step in ("always full", "at your load", "with people")
    )
    return (
        f"{own.title()} GPUs: idle hours make a token {times(load / full)} as dear, people another"
        f" {times(people / load)}"
    )


def uses_title(cases: pd.DataFrame) -> str:
    """What the same price means for other uses."""
    name = cases.loc[cases["way"] == "today", "label"].iloc[0]
    wide = cases.pivot(index="use_case", columns="way", values="usd_per_thousand_requests")
    dear, cheap = wide["today"].idxmax(), wide["today"].idxmin()
    text = (
        f"1,000 requests on {name}: {usd(wide['today'][cheap])} ({cheap}) to"
        f" {usd(wide['today'][dear])} ({dear})"
    )
    if "open_api" not in wide:
        return text
    ratio = wide["today"] / wide["open_api"]
    return f"{text}; the open host is {number(ratio.min(), 2)} to {times(ratio.max())} cheaper"


def so_what(study: Study, choice: WorkloadChoice) -> str:
    """The levers, largest first."""
    found = levers(study, choice)
    lines = [
        f"- **{times(row.ratio)}**: {row.lever} ({usd(row.from_usd_per_mtok)} against"
        f" {usd(row.to_usd_per_mtok)} per million tokens)"
        for row in found.itertuples()
    ]
    if not lines:
        return "Only one way to get these tokens is open, so there is no price to compare."
    share = percent(choice.alternative.passing_fraction.typical)
    tail = (
        f"Only the {share} of the work that passes your evaluation can move."
        if choice.today
        else ""
    )
    return (
        "What moves the price of a token here, largest first:\n\n"
        + "\n".join(lines)
        + f"\n\n{tail}"
    )
