"""What an export's account says: places of bad rows, overlaps, coverage, counters, and nothing that
was not asked for."""

import io
import re
import zipfile

import pytest
from usage_defects import ROW_DEFECTS
from usage_exports import SAMPLES, Export, put

from llmcost.cli.usage_text import usage_text
from llmcost.inputs.errors import InputError
from llmcost.inputs.usage import packed, usage_table
from llmcost.inputs.usage.table import is_thin

HEAD = "time,model,requests,input_tokens,output_tokens\n"


def line(hour, tokens=1000, day=5, model="demo"):
    return f"2026-10-{day:02d}T{hour:02d}:00:00Z,{model},1,{tokens},100\n"


def table_of(folder, *texts):
    paths = [folder / f"{number}.csv" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    return usage_table(paths)


def places(table):
    """Outcome -> where its rows stand, of the rejected ones."""
    return {row.outcome: row.examples for row in table.outcomes.itertuples() if row.examples}


def test_bad_lines_are_named_as_an_editor_counts_them(tmp_path):
    text = (
        HEAD
        + line(0)
        + "2026-10-05T01:00:00Z,demo,1\n"
        + line(2, -5)
        + line(3)
        + "x,y,z,1,2,3,4,5\n"
        + line(4, 12.5)
        + line(5, -6)
    )
    assert places(table_of(tmp_path, text)) == {
        "a negative count": "line 4, line 8",
        "a count with decimals: thousands separators?": "line 7",
        "no row: cut off, or broken quotes or brackets": "line 3, line 6",
    }


def test_bad_lines_of_several_files_are_named_with_their_file(tmp_path):
    table = table_of(
        tmp_path,
        HEAD + line(0) + line(1, -1),
        HEAD + line(2) + line(3) + line(4, -1) + line(5, -1, day=6),
    )
    assert places(table) == {"a negative count": "0.csv line 3, 1.csv line 4, 1.csv line 5"}


def test_files_of_one_name_keep_their_lines_apart(tmp_path):
    paths = [tmp_path / "jan" / "usage.csv", tmp_path / "feb" / "usage.csv"]
    for path, text in zip(
        paths,
        (line(0) + "torn\n" + line(1, -1), line(2) + line(3) + line(4) + line(5, -1, day=6)),
        strict=True,
    ):
        path.parent.mkdir()
        path.write_text(HEAD + text)
    assert places(usage_table(paths)) == {
        "a negative count": "usage.csv line 4, usage.csv line 5",
        "no row: cut off, or broken quotes or brackets": "usage.csv line 3",
    }


def test_a_bad_line_of_json_lines_is_named(tmp_path):
    export = Export("mooncake")
    export.add(1, ROW_DEFECTS["a negative count"].plant)
    assert places(usage_table([export.write(tmp_path)])) == {"a negative count": "line 4"}


def test_two_projects_that_share_hours_are_added(tmp_path):
    table = table_of(tmp_path, HEAD + line(0) + line(1), HEAD + line(0, 700) + line(1, 900))
    assert table.hourly["input_uncached_tokens"].sum() == 3_600 and "added" in table.notes[0]


def test_of_two_files_the_fuller_one_of_each_hour_counts(tmp_path):
    day = [line(hour, 100 + hour) for hour in range(24)]
    cut_short = line(20, 3)  # the first export was taken while hour 20 ran
    table = table_of(tmp_path, HEAD + "".join(day[:20]) + cut_short, HEAD + "".join(day[10:]))
    assert table.hourly["input_uncached_tokens"].sum() == sum(100 + hour for hour in range(24))
    assert (
        table.rows_count() == 35
        and table.rows_count("repaired") == 11
        and "fuller" in table.notes[0]
    )


def test_two_halves_of_an_hour_are_no_overlap(tmp_path):
    """A day of Kolkata ends at 18:30 UTC: a steady log in one file a day shares that hour, with the
    same figures."""
    table = table_of(
        tmp_path,
        HEAD + "2026-10-05T18:00:00Z,demo,1,500,100\n",
        HEAD + "2026-10-05T18:30:00Z,demo,1,500,100\n",
    )
    assert table.hourly["input_uncached_tokens"].sum() == 1_000


def test_missing_hours_make_an_export_thin(tmp_path):
    whole = table_of(tmp_path, HEAD + "".join(line(hour) for hour in range(24)))
    holes = table_of(
        tmp_path, HEAD + "".join(line(hour) for hour in range(24) if hour not in (3, 4))
    )
    bad = table_of(tmp_path, HEAD + "".join(line(hour) for hour in range(24)) + line(5, -1))
    assert whole.covered_fraction == 1 and not is_thin(
        whole.covered_fraction, whole.rejected_fraction
    )
    assert holes.covered_fraction == pytest.approx(22 / 24) and is_thin(
        holes.covered_fraction, holes.rejected_fraction
    )
    assert bad.covered_fraction == 1 and is_thin(bad.covered_fraction, bad.rejected_fraction)


def test_more_reasoning_than_output_is_cut_to_the_output(tmp_path):
    (tmp_path / "a.csv").write_text(
        "time,requests,input_tokens,output_tokens,reasoning_tokens\n2026-10-05T00:00:00Z,1,10,100,150\n"
    )
    table = usage_table([tmp_path / "a.csv"])
    assert table.hourly[["output_tokens", "reasoning_tokens"]].to_numpy().tolist() == [[100, 100]]
    assert table.outcomes["outcome"].tolist() == [
        "more reasoning than output tokens: reasoning cut to the output"
    ]


TOTALS = {
    "input holds nothing": (100, 940),  # 100 + 600 + 200 + 40
    "input holds reads and writes": (900, 940),  # 900 + 40
    "input holds writes alone, as LiteLLM sends it": (300, 940),  # 300 + 600 + 40
}


@pytest.mark.parametrize(("told", "total"), TOTALS.values(), ids=TOTALS)
def test_langfuse_totals_tell_what_its_input_holds(tmp_path, told, total):
    export = Export("langfuse_observations")
    usage = {
        "input": told,
        "output": 40,
        "cache_read_input_tokens": 600,
        "cache_creation_input_tokens": 200,
        "total": total,
    }
    export.documents[:] = [export.documents[0] | {"usage_details": usage}]
    row = usage_table([export.write(tmp_path)]).hourly.iloc[0]
    assert (
        row["input_uncached_tokens"],
        row["cache_read_tokens"],
        row["cache_write_tokens"],
        row["output_tokens"],
    ) == (100, 600, 200, 40)


COUNTERS = {
    "a reset counts from zero": ([100, 150, 20, 30], 50 + 20 + 10),
    "a reading twice": ([100, 150, 150, 160], 60),
    "a gap belongs to the hour where it began": ([100, None, 150], 50),
    "NaN is no reading": ([100, "NaN", 150], 50),
    "a word is no reading": ([100, 120, 130, "stale", 150], 50),
    "one reading alone": ([100], 0),
}


@pytest.mark.parametrize(("readings", "rise"), COUNTERS.values(), ids=COUNTERS)
def test_counters(tmp_path, readings, rise):
    stamped = [(hour, value) for hour, value in enumerate(readings) if value is not None]
    text = "".join(
        f'vllm:{name}_tokens_total{{model_name="m",engine="0"}} {value}'
        f" {(1791158400 + hour * 3600) * 1000}\n"
        for name in ("prompt", "generation")
        for hour, value in stamped
    )
    (tmp_path / "a.prom").write_text(text)
    table = usage_table([tmp_path / "a.prom"])
    assert (
        table.hourly["output_tokens"].sum() == table.hourly["input_uncached_tokens"].sum() == rise
    )
    assert table.rows_count() == 2 * len(stamped)


@pytest.mark.parametrize("name", ["vllm_query_range", "cloudwatch_bedrock"])
def test_one_file_for_each_measure_is_the_same_export(name, tmp_path):
    whole, apart = usage_table([Export(name).write(tmp_path)]), []
    for number in range(4):
        export = Export(name)
        series = (
            export.documents if name == "cloudwatch_bedrock" else export.documents["data"]["result"]
        )
        series[:] = series[number : number + 1]
        apart.append(export.write(tmp_path, str(number)))
    assert usage_table(apart).hourly.equals(whole.hourly)


def test_a_zip_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "ALWAYS_ALLOWED_BYTES", 0)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.csv", "0" * 1_000_000)
    (tmp_path / "a.zip").write_bytes(out.getvalue())
    with pytest.raises(InputError, match="unpacks to more than"):
        usage_table([tmp_path / "a.zip"])


ZIPS = {
    "without a file": ({}, "without a file that holds anything"),
    "of hidden files alone": (
        {".DS_Store": b"x", "__MACOSX/a": b"x"},
        "without a file that holds anything",
    ),
    "inside a zip": ({"a.zip": b"PK\x05\x06" + b"\0" * 18}, "a zip inside a zip"),
}


@pytest.mark.parametrize(("members", "said"), ZIPS.values(), ids=ZIPS)
def test_a_zip_that_holds_no_export_is_refused(tmp_path, members, said):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match=said):
        usage_table([tmp_path / "a.zip"])


HEADERS = {
    "a name twice": (
        "time,input_tokens,Input_Tokens,output_tokens,a_,a,a\n2026-10-05,1,2,3,4,5,6\n",
        1,
    ),
    "a name of nothing": (",time,input_tokens,output_tokens,\n,2026-10-05,1,3,\n", 1),
}


@pytest.mark.parametrize(("text", "tokens"), HEADERS.values(), ids=HEADERS)
def test_strange_headers(tmp_path, text, tokens):
    assert table_of(tmp_path, text).hourly["input_uncached_tokens"].sum() == tokens


def test_a_first_line_that_is_no_header_is_refused(tmp_path):
    with pytest.raises(InputError, match="no header"):
        table_of(tmp_path, "x" * 200_000 + ",b\n1,2\n")


def test_a_row_that_is_too_long_is_refused(tmp_path):
    with pytest.raises(InputError, match="more than 16 MB"):
        table_of(
            tmp_path,
            HEAD.replace("\n", ",prompt\n")
            + line(0).replace("\n", ",a\n")
            + line(1).replace("\n", f",{'x' * 17_000_000}\n"),
        )


def test_a_file_without_rows_is_an_empty_table(tmp_path):
    table = table_of(tmp_path, HEAD)
    assert (
        table.hourly.empty
        and table.rows_count() == 0
        and table.period is None
        and table.covered_fraction == 0
    )


CANARY = "sk-canary-alice@example.com-203.0.113.7"
PRIVATE = ("prompt", "messages", "response", "api_key", "user_email", "ip_address")


def everything_said(table):
    """All that a table could ever show."""
    frames = "".join(frame.to_csv() for frame in (table.hourly, table.outcomes))
    return (
        usage_text(table)
        + frames
        + repr(
            (
                table.files,
                table.notes,
                table.provider,
                table.minute_burst_ratio,
                table.covered_hours,
            )
        )
    )


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_nothing_that_is_not_on_the_allow_list_is_ever_shown(name, tmp_path):
    export = Export(name)
    read = {field.partition("/")[0].lower() for field in export.fields}
    for row in export.rows if export.ending != ".prom" else ():
        for column in [*row, *PRIVATE] if isinstance(row, dict) else ():
            if column.lower() not in read and column != export.inside:
                row[column] = f"{CANARY}\n{CANARY}"
            elif isinstance(row.get(column), dict) or column == export.kind.pairs:
                put(row, f"{column}/prompt", CANARY)
    if export.ending == ".prom":
        export.documents[0]["labels"] += f',user="{CANARY}"'
    elif export.kind.tokens.input:
        export.add(9, ROW_DEFECTS["a negative count"].plant)
    table = usage_table([export.write(tmp_path)])
    assert table.kind.name == name
    assert CANARY not in everything_said(table) and "example.com" not in everything_said(table)


BROKEN = {
    "a table without a header": f"2026-10-05T00:00:00Z,{CANARY},hello there,12,3\n",
    "another table": f"a,b\n{CANARY},1\n",
    "broken JSON": f'{{"prompt": "{CANARY}',
    "JSON of another kind": f'{{"prompt": "{CANARY}"}}\n',
    "a key as a name": f'{{"{CANARY}": 1}}\n',
    "a time that cannot be read": HEAD + f"{CANARY},demo,1,1,1\n",
    "a title": f"Usage of {CANARY}\n\n{HEAD}",
    "binary": f"\x00\x01{CANARY}\x00",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_no_message_repeats_what_stands_in_a_file(tmp_path, text):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    try:
        said = everything_said(usage_table([tmp_path / "a.csv"]))
    except InputError as error:
        said = str(error)
        assert error.__suppress_context__ or error.__context__ is None
    assert "canary" not in said and "example.com" not in said and "hello" not in said


@pytest.mark.parametrize(
    "name", ["openai_usage_api", "anthropic_usage_api", "openai_costs_api", "anthropic_cost_api"]
)
def test_pages_that_stop_before_the_last_are_named(tmp_path, name):
    page = SAMPLES[name].read_text(encoding="utf-8")
    assert not any(
        "pages of the API are missing" in note
        for note in usage_table([saved_as(tmp_path, "whole.json", page)]).notes
    )
    first = re.sub(r'"has_more": ?false', '"has_more": true', page)
    assert first != page
    assert any(
        "pages of the API are missing" in note
        for note in usage_table([saved_as(tmp_path, "first.json", first)]).notes
    )
    both = usage_table([tmp_path / "first.json", tmp_path / "whole.json"])
    assert not any("pages of the API are missing" in note for note in both.notes)


def saved_as(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name
