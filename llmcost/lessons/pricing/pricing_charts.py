"""Charts of what a token costs: tiers, hosts, the ladder from a full GPU to the whole bill, other
uses."""

from typing import Any

import altair as alt

from llmcost.study.bill.waterfalls import waterfall_bars
from llmcost.study.wording import usd
from llmcost.views.chart_parts import OPTION_COLOURS, coloured, named_legend, slider, step_colour
from llmcost.views.theme import COLOURS, layered, log_ticks

KINDS = {"today": COLOURS["today"], "closed": COLOURS["tuned"], "open": COLOURS["api"]}
KIND_WORDS = {
    "today": "answers today",
    "closed": "closed model",
    "open": "open model at its cheapest host",
}
STATUSES = {"ok": COLOURS["api"], "ask": COLOURS["hybrid"], "failed": COLOURS["muted"]}
STATUS_WORDS = {"ok": "eligible", "ask": "must be asked", "failed": "refused"}
WAYS = OPTION_COLOURS | {"own": COLOURS["own"]}
MARKS = ["diamond", "circle", "square"]


def shaped(field, kinds, marks=MARKS, legend=None):
    """Shape by kind: never colour alone."""
    return alt.Shape(
        f"{field}:N", scale=alt.Scale(domain=list(kinds), range=marks[: len(kinds)]), legend=legend
    )


def money_axis(values, field, title, left=0.06, right=0.16):
    """A logarithmic x axis with room for labels: shares of the width left free beside the
    values."""
    low, high = float(values.min()), float(values.max()) * 1.0001
    span = (high / low) ** (1 / (1 - left - right))
    domain = [low / max(span**left, 1.15), high * max(span**right, 1.6)]
    scale = alt.Scale(type="log", nice=False, domain=domain)
    form = "$~s" if domain[0] >= 1 else "$~g"
    return alt.X(
        f"{field}:Q",
        title=f"{title}, log scale",
        scale=scale,
        axis=alt.Axis(format=form, values=log_ticks(*domain), grid=False),
    )


def tuning_chart(steps, title, subtitle):
    """Today's bill, what each kind of tuning takes off it, and the tuned bill.

    steps  step, usd_per_month (after it), change_usd_per_month; the first row is today
    """
    ends = [
        (steps["step"].iloc[0], steps["usd_per_month"].iloc[0], True),
        ("tuned", steps["usd_per_month"].iloc[-1], True),
    ]
    changes = [
        (step, change, False)
        for step, change in zip(steps["step"][1:], steps["change_usd_per_month"][1:], strict=True)
    ]
    bars = waterfall_bars([ends[0], *changes, ends[1]], "usd_per_month")
    bars = bars.assign(right=bars[["start_usd_per_month", "end_usd_per_month"]].max(axis=1))
    room = alt.Scale(domain=[0, bars["right"].max() * 1.2], nice=False)
    x = alt.X(
        "start_usd_per_month:Q",
        title="USD per month",
        scale=room,
        axis=alt.Axis(format="$~s", tickCount=5),
    )
    base = alt.Chart(bars).encode(y=alt.Y("step:N", sort=list(bars["step"]), title=None))
    drawn = base.mark_bar(height=16).encode(
        x=x, x2=alt.X2("end_usd_per_month:Q"), color=step_colour()
    )
    text = base.mark_text(align="left", dx=6, fontWeight="bold").encode(
        x=alt.X("right:Q", scale=room), text=alt.Text("amount:N")
    )
    return layered([drawn, text], title, subtitle, alt.Step(26))


def tiers_chart(tiers, title, subtitle):
    """One month's bill for the same tokens on each model, dearest on top.

    tiers  label, tier, kind (today | closed | open), allowed, usd_per_month
    """
    notes = ["" if allowed else " (not allowed)" for allowed in tiers["allowed"]]
    tiers = tiers.assign(
        amount=[
            usd(value) + note for value, note in zip(tiers["usd_per_month"], notes, strict=True)
        ]
    )
    x = money_axis(
        tiers["usd_per_month"],
        "usd_per_month",
        "USD per month",
        right=0.16 if all(tiers["allowed"]) else 0.34,
    )
    base = alt.Chart(tiers).encode(
        x=x, y=alt.Y("label:N", sort=list(tiers["label"]), title=None, axis=alt.Axis(grid=True))
    )
    colour = coloured("kind", KINDS, named_legend(KIND_WORDS))
    faint = alt.condition(alt.datum.allowed, alt.value(1.0), alt.value(0.4))
    points = base.mark_point(size=110, filled=True).encode(
        color=colour, shape=shaped("kind", KINDS), opacity=faint, tooltip=["label", "tier"]
    )
    text = base.mark_text(align="left", dx=9).encode(text=alt.Text("amount:N"))
    return layered([points, text], title, subtitle, alt.Step(25))


def hosts_chart(hosts, title, subtitle):
    """Each host's bill for the moved work, cheapest on top, with the reason where it is not
    eligible.

    hosts  provider, usd_per_month, status (ok | ask | failed), reason; one row per provider
    """
    notes = [f" – {reason}" if reason else "" for reason in hosts["reason"]]
    hosts = hosts.assign(
        amount=[
            usd(value) + note for value, note in zip(hosts["usd_per_month"], notes, strict=True)
        ]
    )
    right = 0.08 + 0.011 * min(hosts["amount"].str.len().max(), 46)
    x = money_axis(
        hosts["usd_per_month"],
        "usd_per_month",
        "USD per month for the work that moves",
        right=right,
    )
    base = alt.Chart(hosts).encode(
        x=x,
        y=alt.Y("provider:N", sort=list(hosts["provider"]), title=None, axis=alt.Axis(grid=True)),
    )
    colour = coloured("status", STATUSES, named_legend(STATUS_WORDS))
    shape = shaped("status", STATUSES, ["circle", "triangle-up", "cross"])
    points = base.mark_point(size=90, filled=True, opacity=1).encode(color=colour, shape=shape)
    text = base.mark_text(align="left", dx=9, fontSize=11, limit=330).encode(
        text=alt.Text("amount:N")
    )
    return layered([points, text], title, subtitle, alt.Step(22))


def ladder_chart(ladder, title, subtitle):
    """Price of a token by way, from the full GPU over the idle hours to the people.

    ladder  way, label, step (always full | at your load | with people), usd_per_mtok
    """
    ladder = ladder.assign(amount=ladder["usd_per_mtok"].map(usd))
    x = money_axis(ladder["usd_per_mtok"], "usd_per_mtok", "USD per million tokens", left=0.18)
    base = alt.Chart(ladder).encode(
        x=x, y=alt.Y("label:N", sort=list(dict.fromkeys(ladder["label"])), title=None)
    )
    places: dict[str, dict[str, Any]] = {
        "always full": {"align": "right", "dx": -9},
        "at your load": {"align": "center", "dy": -14},
        "with people": {"align": "left", "dx": 9},
    }
    colour = coloured("way", WAYS)
    line = base.mark_line(strokeWidth=2, opacity=0.5).encode(
        color=colour, detail=alt.Detail("way:N")
    )
    points = base.mark_point(size=110, filled=True, opacity=1)
    points = points.encode(
        color=colour, shape=shaped("step", places, ["circle", "diamond", "square"], alt.Legend())
    )
    texts = [
        base.transform_filter(alt.datum.step == step)
        .mark_text(**place)
        .encode(text=alt.Text("amount:N"))
        for step, place in places.items()
    ]
    return layered([line, points, *texts], title, subtitle, alt.Step(38))


def uses_chart(cases, title, subtitle):
    """1,000 requests of each common use on each side.

    cases  use_case, way (today | open_api | own), label, usd_per_thousand_requests
    """
    field = "usd_per_thousand_requests"
    cases = cases.assign(amount=cases[field].map(usd))
    order = alt.EncodingSortField(field, op="max", order="descending")
    x = money_axis(cases[field], field, "USD per 1,000 requests", left=0.18, right=0.12)
    base = alt.Chart(cases).encode(x=x, y=alt.Y("use_case:N", sort=order, title=None))
    ways = {way: WAYS[way] for way in dict.fromkeys(cases["way"])}
    names = dict(zip(cases["way"], cases["label"], strict=True))
    colour = coloured("way", ways, named_legend(names))
    line = base.mark_line(color=COLOURS["muted"], strokeWidth=1.5).encode(
        detail=alt.Detail("use_case:N")
    )
    points = base.mark_point(size=110, filled=True, opacity=1).encode(
        color=colour, shape=shaped("way", ways)
    )
    ends = base.transform_joinaggregate(
        low=f"min({field})", high=f"max({field})", groupby=["use_case"]
    )
    low = (
        ends.transform_filter(f"datum.{field} == datum.low")
        .mark_text(align="right", dx=-9)
        .encode(text=alt.Text("amount:N"))
    )
    high = (
        ends.transform_filter(f"datum.{field} == datum.high")
        .mark_text(align="left", dx=9)
        .encode(text=alt.Text("amount:N"))
    )
    return layered([line, points, low, high], title, subtitle, alt.Step(32))


def request_playground(tiers, input_tokens, output_tokens, cached_input_fraction):
    """1,000 requests on each model while the sliders move the request: no Python runs."""
    into = slider("input tokens per request", 100, 20_000, round(input_tokens), 100)
    out = slider("output tokens per request", 10, 4_000, round(output_tokens), 10)
    cached = slider("share of input from the cache", 0, 1, cached_input_fraction, 0.05)
    price = (
        f"((1 - {cached.name}) * datum.input_usd_per_mtok + {cached.name} *"
        " datum.cached_input_usd_per_mtok)"
    )
    bill = f"1000 * ({into.name} * {price} + {out.name} * datum.output_usd_per_mtok) / 1e6"
    scale = alt.Scale(type="log", domain=[0.001, 1000])
    x = alt.X(
        "usd:Q",
        title="USD per 1,000 requests, log scale",
        scale=scale,
        axis=alt.Axis(format="$~g", grid=False, tickCount=6),
    )
    base = alt.Chart(tiers).transform_calculate(usd=bill)
    base = base.encode(
        x=x, y=alt.Y("label:N", sort=list(tiers["label"]), title=None, axis=alt.Axis(grid=True))
    )
    points = base.mark_point(size=110, filled=True, opacity=1).encode(
        color=coloured("kind", KINDS), shape=shaped("kind", KINDS)
    )
    text = base.mark_text(align="left", dx=9).encode(text=alt.Text("usd:Q", format="$,.3~r"))
    title, subtitle = (
        "1,000 requests on each model",
        "Move the sliders: the shape of the request decides which price counts",
    )
    return layered([points, text], title, subtitle, alt.Step(25)).add_params(into, out, cached)
