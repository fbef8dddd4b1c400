"""Displays: a chart is its own specification, a table is escaped, prose is inert, results are
finite."""

import datetime
import json
import re
from dataclasses import replace

import altair as alt
import mistune
import numpy as np
import pandas as pd
import pytest
from altair.utils.data import to_values

import llmcost as lc
from llmcost.lessons.utilization import fleet_words
from llmcost.lessons.utilization.fleet_charts import fleet_playground, moved_fleet_chart
from llmcost.study.fleets import utilization
from llmcost.study.wording import number
from llmcost.views import inert, md, renderer, table, theme
from llmcost.views.notebook_results import RESULTS_MIME, plain, results
from llmcost.views.renderer import CHART_MIME
from llmcost.views.text import visible

FRAME = pd.DataFrame({"x": [1.0, 1 / 3], "y": ["a", "b"]})


def chart():
    brush = alt.selection_interval()
    bars = alt.Chart(FRAME, title="T").mark_bar().encode(x="x:Q", y="y:N").add_params(brush)
    return bars & alt.Chart(FRAME).mark_point().encode(x="x:Q").transform_filter(brush)


def shown(displayed):
    return displayed._repr_mimebundle_()


def test_a_chart_shows_as_its_specification_the_same_every_time():
    first, second = shown(chart()), shown(chart())
    assert first == second
    assert set(first) == {CHART_MIME, "text/plain"}
    assert not re.search(r"data-|(view|param|data)_\w\w", str(first))


def test_charts_keep_six_digits_so_that_the_last_bit_of_a_library_does_not_move_them():
    moved = FRAME.assign(x=FRAME.x * (1 + 1e-12))
    encoded = [
        next(
            iter(
                shown(alt.Chart(frame).mark_bar().encode(x="x:Q"))[CHART_MIME]["datasets"].values()
            )
        )
        for frame in (FRAME, moved)
    ]
    assert encoded[0] == encoded[1]
    assert encoded[0][1]["x"] == 0.333333


def test_a_chart_carries_the_rows_that_altair_would_carry():
    frame = pd.DataFrame(
        {
            "x": [1, 2, 3],
            "y": [0.5, np.nan, np.inf],
            "name": ["a", None, "c"],
            "own": [True, False, True],
        }
    )
    assert renderer.chart_rows(frame) == to_values(frame)
    assert renderer.chart_rows(frame)["values"][1] == {
        "x": 2,
        "y": None,
        "name": None,
        "own": False,
    }
    days = frame.assign(day=pd.date_range("2026-11-01", periods=3))
    assert (
        renderer.chart_rows(days) == to_values(days)
        and renderer.chart_rows(days)["values"][0]["day"] == "2026-11-01T00:00:00"
    )
    assert renderer.chart_rows({"values": [1]}) == {"values": [1]}


def test_a_chart_carries_no_column_that_nothing_in_it_reads():
    frame = pd.DataFrame(
        {"x": [1.0], "label": ["data_12"], "low": [1], "named": ["data_12"], "unread": ["secret"]}
    )
    points = (
        alt.Chart(frame)
        .mark_point()
        .encode(x="x:Q", tooltip=["label"])
        .transform_filter("datum.low > 0")
    )
    spec = shown(
        points.encode(color=alt.Color("kind:N")).transform_calculate(kind="datum['named'] + '!'")
    )[CHART_MIME]
    assert spec["datasets"] == {
        "shown_data_1": [{"x": 1.0, "label": "data_12", "low": 1, "named": "data_12"}]
    }
    assert spec["data"] == {"name": "shown_data_1"}


def test_columns_with_any_name_and_rows_that_are_plain_values_are_kept():
    assert renderer.columns_read(
        [{"K\u00f6ln": 1, "a.b": 2, "plain": 3}], json.dumps({"field": "K\u00f6ln"})
    ) == [{"K\u00f6ln": 1, "a.b": 2}]
    assert renderer.columns_read([1, 2, 3], "") == [1, 2, 3]


def test_the_batch_shows_a_chart_as_a_notebook_does_and_only_leaves_out_the_check():
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0]})
    chart = theme.layered(
        [alt.Chart(frame).mark_line().encode(x=alt.X("x:Q"), y=alt.Y("y:Q"))] * 2,
        "title",
        "subtitle",
        200,
    )
    assert renderer.unchecked(chart) == chart._repr_mimebundle_()
    assert [layer.data is frame for layer in chart.layer] == [True, True]


def test_a_table_escapes_rounds_and_shows_what_is_unknown():
    frame = pd.DataFrame(
        {
            "<b>": ["<img src=x>", None],
            "usd": [18_012.345, np.nan],
            "share": [0.9999, 0.1],
            "day": [pd.Timestamp("2026-11-01"), pd.NaT],
            "count": [1_234_567, 2],
        }
    )
    shown_table = table(frame, {"usd": "usd", "share": "percent"}, caption="<i>")
    html = shown_table._repr_html_()
    assert "<img" not in html and "<b>" not in html and "<i>" not in html
    for text in ("18,012<", ">–<", "&gt;99 %", "2026-11-01", "1,234,570", 'class="num"'):
        assert text in html
    assert "nan" not in repr(shown_table).lower() and "18,012" in repr(shown_table)


def test_a_table_refuses_a_format_for_no_column():
    with pytest.raises(ValueError, match="no column 'z'"):
        table(FRAME, {"z": "usd"})


@pytest.mark.parametrize(
    "words",
    [
        "<script>alert(1)</script>",
        "[x](javascript:y)",
        "![x](http://y)",
        "**b** _i_ `c`",
        "# h",
        "1. a",
        "- a",
        "> q",
        "a | b\n--|--",
        "$x$",
        "&amp;",
        "https://x.example",
        "\\*a*",
        "    code",
        "<a@b.example>",
        "~~s~~",
    ],
)
def test_inert_words_show_as_they_are(words):
    for html in (
        mistune.html(inert(words)),
        mistune.create_markdown(plugins=["table", "url", "strikethrough"])(inert(words)),
    ):
        text = html.strip().removeprefix("<p>").removesuffix("</p>")
        assert "<" not in text
        assert text == visible(words).replace("&", "&amp;").replace("<", "&lt;").replace(
            ">", "&gt;"
        ).replace('"', "&quot;")


def test_prose_escapes_money_once():
    assert md("\\$3 and $4")._repr_markdown_() == "<span>\\$</span>3 and <span>\\$</span>4"


class Study:
    slug, fingerprint = "a", "f"

    def record(self):
        return {
            "name": "A",
            "as_of_date": datetime.date(2026, 11, 1),
            "fingerprint": "f",
            "versions": {"llmcost": "1"},
        }


def test_results_keep_what_moves_with_the_code_beside_the_numbers():
    data, metadata = shown(
        results(Study(), "05_verdict", {"a_usd": np.float64(1 / 3), "b": (np.int64(2), None)})
    )
    assert data[RESULTS_MIME]["results"] == {"a_usd": 0.333333333, "b": [2, None]}
    assert data[RESULTS_MIME]["record"] == {"name": "A", "as_of_date": "2026-11-01"}
    assert metadata == {RESULTS_MIME: {"fingerprint": "f", "versions": {"llmcost": "1"}}}


@pytest.mark.parametrize(
    "value, error", [(float("nan"), ValueError), (np.inf, ValueError), (object(), TypeError)]
)
def test_results_refuse_what_json_cannot_hold(value, error):
    with pytest.raises(error, match=r"results\.a\[1\]"):
        plain({"a": [1, value]})


def test_the_playground_of_the_fleet_asks_the_package():
    study = lc.open_study("large-single-tenant")
    fleet = utilization.own_fleet(study, study.choices[0])
    rivals, peak = fleet_words.rivals(fleet), fleet.peak_to_mean_ratio
    at_rest = moved_fleet_chart(
        fleet, rivals, 1.0, peak, fleet.headroom_fraction, fleet.spare_count
    ).to_dict()
    assert at_rest["title"]["text"].startswith(f"{fleet.replicas_count} replicas")
    moved = moved_fleet_chart(fleet, rivals, 10.0, peak, 0.0, 0).to_dict()
    grown = replace(fleet, headroom_fraction=0.0, spare_count=0).replicas_for(
        10 * fleet.supply.curve.peak
    )
    assert moved["title"]["text"].startswith(
        f"{grown:g} replicas for a mean load of {number(10 * fleet.supply.curve.mean)}"
    )
    values = [slider.value for slider in fleet_playground(fleet, rivals).children[:4]]
    assert values == pytest.approx(
        [1.0, peak, fleet.headroom_fraction, fleet.spare_count], rel=0.01
    )
