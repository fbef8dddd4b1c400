"""Every format with every defect that it can have gives the outcome of `usage_defects`, and loses
no row."""

import os
from functools import cache

import pytest
from usage_defects import FILE_DEFECTS, ROW_DEFECTS
from usage_exports import SAMPLES, Export

from llmcost.inputs.errors import InputError
from llmcost.inputs.usage import usage_formats, usage_table
from llmcost.inputs.usage.outcomes import COUNTING, OUTCOMES

FIRST_DAY = 10
SUMS = [
    "requests",
    "input_uncached_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_reported_usd",
]
NO_COUNTERS = [name for name in sorted(SAMPLES) if usage_formats()[name].grain != "counter"]


def by_outcome(table):
    """Outcome's text -> rows."""
    return dict(zip(table.outcomes["outcome"], table.outcomes["rows_count"], strict=True))


@pytest.mark.parametrize("name", NO_COUNTERS)
def test_each_bad_row_gets_its_outcome_and_no_other_row_does(name, tmp_path):
    """One bad row of each kind, each on a day of its own, in one file: nothing but their own days
    is touched."""
    clean = usage_table([Export(name).enlarge(2).write(tmp_path, "clean")])
    export = Export(name).enlarge(2)
    good = export.add(FIRST_DAY)
    planted = {what: defect for what, defect in ROW_DEFECTS.items() if defect.where(export)}
    days = {
        what: export.add(FIRST_DAY + 1 + number, defect.plant)
        for number, (what, defect) in enumerate(planted.items())
    }
    table = usage_table([export.write(tmp_path)])
    hours = table.hourly.set_index("hour")[SUMS].groupby(level=0).sum(min_count=1).astype(float)

    expected = by_outcome(clean)
    for code in [0, *(defect.outcome for defect in planted.values())]:
        expected[OUTCOMES[code].text] = expected.get(OUTCOMES[code].text, 0) + 1
    assert by_outcome(table) == expected
    assert table.rows_count() == clean.rows_count() + 1 + len(planted)

    worth = hours.loc[good.replace(minute=0, second=0, microsecond=0)]
    for what, defect in planted.items():
        hour = days[what].replace(minute=0, second=0, microsecond=0)
        assert (hour in hours.index) == (defect.outcome in COUNTING), what
        if defect.outcome in COUNTING:
            assert (
                hours.loc[hour]
                .drop("cost_reported_usd" if defect.outcome == 6 else [])
                .equals(worth.drop("cost_reported_usd" if defect.outcome == 6 else []))
            ), what
    others = hours[hours.index < good.replace(minute=0, second=0, microsecond=0)].sum()
    assert others.to_dict() == pytest.approx(clean.hourly[SUMS].astype(float).sum().to_dict())


@cache
def clean_table(name, folder):
    """The format's sample, three times as long, without any defect."""
    return usage_table([Export(name).enlarge(3).write(folder, name)])


def file_cases():
    """(defect, format): every defect on two of its formats, each time on the next two; with
    USAGE_DEFECTS=all on every one."""
    turn = 0
    for what, defect in FILE_DEFECTS.items():
        fitting = [
            name
            for name in sorted(SAMPLES)
            if SAMPLES[name].suffix in defect.endings and defect.where(Export(name))
        ]
        count = len(fitting) if os.environ.get("USAGE_DEFECTS") == "all" else min(2, len(fitting))
        yield from ((what, fitting[(turn + step) % len(fitting)]) for step in range(count))
        turn += count


@pytest.mark.parametrize(("what", "name"), list(file_cases()))
def test_a_bad_file_gives_the_same_sums_or_says_why_not(what, name, tmp_path, tmp_path_factory):
    defect = FILE_DEFECTS[what]
    export = Export(name).enlarge(3)
    paths = defect.write(export, tmp_path)
    if defect.error:
        with pytest.raises(InputError, match=defect.error):
            usage_table(paths)
        return
    table, clean = usage_table(paths), clean_table(name, tmp_path_factory.getbasetemp())
    assert table.kind.name == name
    more = defect.more(Export(name)) if callable(defect.more) else defect.more
    assert table.hourly[SUMS].astype(float).sum().to_dict() == pytest.approx(
        clean.hourly[SUMS].astype(float).sum().to_dict()
    )
    assert table.rows_count() == sum(
        table.rows_count(kind) for kind in ("used", "repaired", "rejected")
    )
    if more is not None:
        expected = by_outcome(clean)
        for code, count in more.items():
            expected[OUTCOMES[code].text] = expected.get(OUTCOMES[code].text, 0) + count
        assert by_outcome(table) == expected
