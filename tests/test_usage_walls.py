"""Nothing that a client sends is executed: names of columns, models, sellers, files and folders are
words and stay words."""

import ast
import gzip
import io
import itertools
import os
import sys
import zipfile
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
from hostile_exports import (
    ATTACKS,
    FIELDS,
    FOLDER_NAMES,
    HOURS_COUNT,
    LETTERS,
    mapping_of,
    packed_as,
    rows_of,
    told_apart,
    written,
)

from llmcost.inputs.errors import InputError
from llmcost.inputs.usage import intake, sql, usage_format, usage_table
from llmcost.inputs.usage.warehouse import warehouse_sql

WORDS = st.text(st.sampled_from(LETTERS), min_size=1, max_size=30)


def plain_table(folder, ending):
    return usage_table([written(folder / f"plain{ending}", rows_of(FIELDS))], mapping_of(FIELDS))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("names")


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(words=st.lists(WORDS, min_size=len(FIELDS), max_size=len(FIELDS)))
def test_any_names_of_columns_give_the_table_of_plain_names(place, ending, words):
    names = told_apart(words)
    table = usage_table([written(place / f"odd{ending}", rows_of(names))], mapping_of(names))
    plain = plain_table(place, ending)
    pd.testing.assert_frame_equal(table.hourly, plain.hourly)
    pd.testing.assert_frame_equal(table.outcomes, plain.outcomes)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(model=WORDS, seller=WORDS)
def test_any_names_of_models_and_sellers_are_kept_as_words(place, model, seller):
    rows = [row | {"provider": seller} for row in rows_of(FIELDS, model)]
    table = usage_table([written(place / "models.jsonl", rows)])
    assert set(table.hourly["model"]) == {model.strip(" ")}
    plain = plain_table(place, ".jsonl").hourly
    pd.testing.assert_frame_equal(table.hourly.drop(columns="model"), plain.drop(columns="model"))


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet", ".csv.gz", ".zip"])
@pytest.mark.parametrize("name", FOLDER_NAMES)
def test_any_names_of_files_and_folders_give_the_table_of_plain_names(tmp_path, name, ending):
    """Beside each lie a folder and a file that its name would match as a pattern, with other
    figures."""
    folder = tmp_path / name
    folder.mkdir()
    for decoy in (tmp_path / "acme1", tmp_path / "acme12"):
        decoy.mkdir(exist_ok=True)
        written(decoy / "usage1.csv", rows_of(FIELDS) * 7)
    written(folder / "usage1.csv", rows_of(FIELDS) * 7)
    written(folder / "runs.csv", rows_of(FIELDS) * 7)
    path = folder / f"{name}{ending}"
    plain = packed_as(tmp_path / f"plain{ending}", rows_of(FIELDS))
    path.write_bytes(plain.read_bytes())
    pd.testing.assert_frame_equal(usage_table([path]).hourly, usage_table([plain]).hourly)


@contextmanager
def no_second_wall(scratch, exports, zone="UTC"):
    """A database that may do anything, several statements a call."""

    class Open(sql.Database):
        def query(self, text):
            return self._connection.execute(text)

    with duckdb.connect() as connection:
        connection.execute(f"SET TimeZone = '{zone}'")
        yield Open(connection)


@pytest.fixture(scope="module")
def trap(tmp_path_factory):
    """A file that is not the client's, a place where nothing is, and attacks that name them."""
    folder = tmp_path_factory.mktemp("trap")
    (folder / "secret.txt").write_text("hunter2,words\nof,somebody\n")
    names = {"secret": folder / "secret.txt", "written": folder / "written.pth", "folder": folder}
    return folder, [
        f"{closer} {payload.format(**names)}{tail}" for closer, payload, tail in ATTACKS
    ]


def is_untouched(folder):
    return [path.name for path in folder.iterdir()] == ["secret.txt"]


def test_the_first_wall_holds_alone(tmp_path, trap, monkeypatch):
    """Attacks as names of columns, models and files, with a database that would do all they say."""
    folder, attacks = trap
    monkeypatch.setattr(intake, "database", no_second_wall)
    plain = plain_table(tmp_path, ".csv").hourly.drop(columns="model")
    for number, attack in enumerate(attacks[::2]):
        names = told_apart([attack] * len(FIELDS))
        ending = (".csv", ".jsonl", ".parquet")[number % 3]
        path = written(tmp_path / f"attack{ending}", rows_of(names, attack))
        table = usage_table([path], mapping_of(names))
        assert set(table.hourly["model"]) == {attack.strip()}
        pd.testing.assert_frame_equal(table.hourly.drop(columns="model"), plain)
        assert "hunter2" not in table.hourly.to_csv() + str(table.notes) + table.outcomes.to_csv()
        assert is_untouched(folder), attack


def test_the_second_wall_holds_alone(tmp_path, trap):
    """The attacks as whole queries: none reads or writes beside the export, whatever else it
    does."""
    folder, attacks = trap
    export = written(tmp_path / "export.csv", rows_of(FIELDS))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    before = export.read_bytes()
    payloads = {
        attack.split(" ", 1)[1].removesuffix(" --").removesuffix(" /*") for attack in attacks
    }
    payloads |= {f"SELECT 1; {payload}" for payload in payloads}
    payloads |= {
        f"COPY (SELECT 1) TO '{export}' (USE_TMP_FILE false)",
        f"DELETE FROM read_csv('{export}')",
    }
    with sql.database(scratch, [export]) as database:
        assert database.rows(f"SELECT count(*) FROM read_csv({sql.literal(export)})") == [
            (HOURS_COUNT,)
        ]
        for payload in sorted(payloads):
            try:
                said = str(database.rows(payload))
            except duckdb.Error:
                said = ""
            assert "hunter2" not in said and "secret.txt" not in said, payload
    assert is_untouched(folder) and export.read_bytes() == before and len(attacks) >= 400


@pytest.mark.parametrize(
    "query",
    [
        "SET threads = 1",
        "SELECT 1; SELECT 2",
        "",
        "COPY (SELECT 1) TO 'x'",
        "PRAGMA version",
        "LOAD json",
    ],
)
def test_a_query_is_one_statement_that_reads(tmp_path, query):
    with sql.database(tmp_path, []) as database, pytest.raises(duckdb.Error):
        database.rows(query)


def test_a_made_up_time_zone_is_a_word_too(tmp_path):
    path = written(tmp_path / "a.csv", rows_of(FIELDS))
    with pytest.raises(InputError, match="no time zone"):
        usage_table([path], zone="UTC'; COPY (SELECT 1) TO '/dev/null")


@settings(max_examples=40, deadline=None)
@given(words=st.lists(WORDS, min_size=len(FIELDS), max_size=len(FIELDS)))
def test_any_names_of_columns_stay_words_in_the_query_for_a_warehouse(words):
    """A slash parts the steps of a path there: which columns the log has, nobody knows."""
    names = told_apart([word.replace("/", "") for word in words])
    query = warehouse_sql(mapping_of(names), "duckdb", "log")
    with duckdb.connect() as connection:
        types = dict.fromkeys(FIELDS, "BIGINT") | {
            "time": "TIMESTAMP",
            "model": "VARCHAR",
            "cost_usd": "DOUBLE",
        }
        columns = [
            f'"{name.replace(chr(34), chr(34) * 2)}" {types[field]}'
            for field, name in zip(FIELDS, names, strict=True)
        ]
        connection.execute(f"CREATE TABLE log ({', '.join(columns)})")
        connection.execute("INSERT INTO log VALUES ('2026-10-01 00:10', 'm', 2, 1000, 100, 0.5)")
        assert len(connection.extract_statements(query)) == 1
        [row] = connection.execute(
            f"SELECT requests, input_uncached_tokens, output_tokens FROM ({query})"
        ).fetchall()
    assert row == (2, 1000, 100)


def quoted_by_hand(text):
    """Strings of a module in which something is put between SQL's quotes."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.JoinedStr):
            pairs = itertools.pairwise(node.values)
            found += [
                one.value
                for one, other in pairs
                if isinstance(one, ast.Constant) and one.value.endswith("'") and other
            ]
    return found


def test_no_module_but_the_wall_puts_a_text_between_quotes():
    package = Path(intake.__file__).parent
    for path in sorted(package.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if path.name != "sql.py":
            assert not quoted_by_hand(text), path.name
            assert "duckdb.connect" not in text, path.name


def test_links_and_what_they_lead_to(tmp_path):
    """An export behind a link is read as the file that it is."""
    path = written(tmp_path / "a.csv", rows_of(FIELDS))
    os.symlink(path, tmp_path / "link[1].csv")
    pd.testing.assert_frame_equal(
        usage_table([tmp_path / "link[1].csv"]).hourly, usage_table([path]).hourly
    )
    assert usage_format("plain").name == usage_table([path]).kind.name


def spreadsheet() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return packed.getvalue()


NO_TEXT = {
    "packed twice": (
        gzip.compress(gzip.compress(b"a,b\n1,2\n")),
        "is packed twice. Unpack it yourself",
    ),
    "a zip in a gz": (gzip.compress(spreadsheet()), "is packed twice"),
    "a spreadsheet": (spreadsheet(), "is a spreadsheet or a document. Save its table as CSV"),
    "UTF-16 without a mark": (
        "a,b\n1,2\n".encode("utf-16-le"),
        "is no text.*UTF-16.*Save it as CSV in UTF-8",
    ),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is no text"),
}


@pytest.mark.parametrize("what", NO_TEXT)
def test_what_is_no_text_is_called_so_and_not_a_table_without_columns(tmp_path, what):
    content, expected = NO_TEXT[what]
    (tmp_path / "usage.csv").write_bytes(content)
    with pytest.raises(InputError, match=expected):
        usage_table([tmp_path / "usage.csv"])
