"""Local times of seven zones, on the days when their clocks change: no token is lost, counted twice
or put into another hour."""

import tempfile
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings, strategies as st
from usage_exports import Export

from llmcost.inputs.errors import InputError
from llmcost.inputs.usage import usage_table

CHANGES = {
    "UTC": ("2026-03-29", "2026-10-25"),
    "Europe/Berlin": ("2026-03-29", "2026-10-25"),
    "America/New_York": ("2026-03-08", "2026-11-01"),
    "Asia/Kolkata": ("2026-03-29", "2026-10-25"),
    "Australia/Lord_Howe": ("2026-04-05", "2026-10-04"),  # its clock moves by 30 minutes
    "Pacific/Auckland": ("2026-04-05", "2026-09-27"),
    "America/St_Johns": ("2026-03-08", "2026-11-01"),  # 2.5 and 3.5 hours behind UTC
}
"""Zone -> the days of 2026 on which its clock changes; where it has none, two days on which it does
not."""
SKIPPED = "local time that the clock skipped: moved on to the next that exists"
TWICE = "local time that came twice: read as the later of the two"


def table_of(folder, rows, zone):
    """Rows (naive local time, tokens) as an export without any zone in it."""
    path = Path(folder, f"{len(list(Path(folder).iterdir()))}.csv")
    path.write_text(
        "time,input_tokens,output_tokens\n"
        + "".join(f"{at:%Y-%m-%d %H:%M:%S},{count},1\n" for at, count in rows)
    )
    return usage_table([path], zone=zone), path


def by_hour(*tables):
    """Hour -> tokens, over several tables."""
    found = {}
    for table in tables:
        for hour, count in zip(
            table.hourly["hour"], table.hourly["input_uncached_tokens"], strict=True
        ):
            found[hour] = found.get(hour, 0) + count
    return found


def in_utc(local, zone):
    """The hour in UTC of a local time: the later where it came twice."""
    return local.replace(tzinfo=ZoneInfo(zone), fold=1).astimezone(UTC).replace(minute=0, second=0)


def exists(local, zone):
    return (
        local.replace(tzinfo=ZoneInfo(zone), fold=1)
        .astimezone(UTC)
        .astimezone(ZoneInfo(zone))
        .replace(tzinfo=None)
        == local
    )


def comes_twice(local, zone):
    first, second = (local.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() for fold in (0, 1))
    return exists(local, zone) and first != second


def check(folder, rows, zone):
    """Read whole = read in single days and added = every row in the hour where zoneinfo puts it."""
    whole, _ = table_of(folder, rows, zone)
    days = sorted({at.date() for at, _ in rows})
    singles = [
        table_of(folder, [row for row in rows if row[0].date() == day], zone) for day in days
    ]
    assert by_hour(whole) == by_hour(*(table for table, _ in singles))
    assert by_hour(whole) == by_hour(usage_table([path for _, path in singles], zone=zone))
    expected = {}
    for at, count in rows:
        if exists(at, zone):
            expected[in_utc(at, zone)] = expected.get(in_utc(at, zone), 0) + count
    if all(exists(at, zone) for at, _ in rows):
        assert by_hour(whole) == expected
    outcomes = dict(zip(whole.outcomes["outcome"], whole.outcomes["rows_count"], strict=True))
    assert sum(by_hour(whole).values()) == sum(count for _, count in rows)
    assert outcomes.get(TWICE, 0) == sum(comes_twice(at, zone) for at, _ in rows)
    assert outcomes.get(SKIPPED, 0) == sum(not exists(at, zone) for at, _ in rows)


@pytest.mark.parametrize(
    ("zone", "day"), [(zone, day) for zone, days in CHANGES.items() for day in days]
)
def test_single_days_add_up_to_the_whole(zone, day, tmp_path):
    start = datetime.fromisoformat(day) - timedelta(days=1)
    check(
        tmp_path,
        [(start + timedelta(minutes=15 * step), 1000 + step) for step in range(3 * 96)],
        zone,
    )


@pytest.mark.parametrize(
    ("zone", "day"), [("Europe/Berlin", "2026-03-29"), ("America/New_York", "2026-03-08")]
)
def test_half_past_two_that_was_skipped_is_half_past_three(zone, day, tmp_path):
    local = datetime.fromisoformat(f"{day} 02:30:00")
    table, _ = table_of(tmp_path, [(local, 7)], zone)
    assert by_hour(table) == {in_utc(local + timedelta(hours=1), zone): 7}


@pytest.mark.parametrize("zone", CHANGES)
def test_a_time_that_says_its_zone_is_not_moved(zone, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "time,input_tokens,output_tokens\n2026-10-25T02:30:00+02:00,7,1\n2026-10-25T02:30:00Z,9,1\n1792895400,11,1\n"
    )
    night = datetime(2026, 10, 25, tzinfo=UTC)
    assert by_hour(usage_table([path], zone=zone)) == {night: 7, night + timedelta(hours=2): 9 + 11}


def test_typed_local_times_are_of_the_zone_too(tmp_path):
    rows = (
        "(TIMESTAMP '2026-10-25 01:30:00', 7, 1), (TIMESTAMP '2026-10-25 02:30:00', 9, 1),"
        " (TIMESTAMP '2026-10-25 03:30:00', 11, 1)"
    )
    path = tmp_path / "a.parquet"
    duckdb.sql(
        f"COPY (SELECT * FROM (VALUES {rows}) t(time, input_tokens, output_tokens)) TO '{path}'"
    )
    table = usage_table([path], zone="Europe/Berlin")
    first = datetime(2026, 10, 24, 23, tzinfo=UTC)
    assert by_hour(table) == {
        first: 7,
        first + timedelta(hours=2): 9,
        first + timedelta(hours=3): 11,
    }
    assert TWICE in table.outcomes["outcome"].tolist()


def test_local_days_stay_days_when_the_clock_changes(tmp_path):
    """A bucket of 23 or 25 hours is a day."""
    for day in CHANGES["Europe/Berlin"]:
        export, start = Export("focus"), datetime.fromisoformat(day) - timedelta(days=1)
        one = export.documents[0]
        days = [f"{start + timedelta(days=step):%Y-%m-%d %H:%M:%S}" for step in range(4)]
        export.documents[:] = [
            one | {"ChargePeriodStart": a, "ChargePeriodEnd": b} for a, b in pairwise(days)
        ]
        table = usage_table([export.write(tmp_path, day)], zone="Europe/Berlin")
        assert (
            table.resolution_hours == 24
            and table.covered_fraction > 0.95
            and len(table.hourly) == 3
        )


def test_a_zone_that_is_none_is_refused(tmp_path):
    with pytest.raises(InputError, match="no time zone"):
        table_of(tmp_path, [(datetime(2026, 10, 5), 1)], "Mars/Phobos")


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_random_logs_add_up_in_every_zone(data):
    zone = data.draw(st.sampled_from(sorted(CHANGES)))
    day = datetime.fromisoformat(data.draw(st.sampled_from(CHANGES[zone])))
    seconds, counts = st.integers(-86_400, 2 * 86_400 - 1), st.integers(0, 10**9)
    rows = [
        (day + timedelta(seconds=second), count)
        for second, count in data.draw(
            st.lists(st.tuples(seconds, counts), min_size=1, max_size=12)
        )
    ]
    with tempfile.TemporaryDirectory() as folder:
        check(folder, rows, zone)
