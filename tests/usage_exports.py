"""An export of any format, made from the format's sample: enlarged, given one more row, and written
as the format writes it."""

import copy
import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from llmcost.inputs.usage import usage_formats
from llmcost.inputs.usage.formats import fields_read, terms

SAMPLES = {
    path.name.partition(".")[0]: path
    for path in Path(__file__).parent.parent.joinpath("data/usage_formats").glob("*.sample.*")
}
PROMETHEUS = re.compile(r"(?P<metric>[\w:]+)\{(?P<labels>.*)\} (?P<value>\S+) (?P<time>\d+)")


def at(row, field):
    """What stands in a field, a column or a path into JSON; None where there is none."""
    for step in [field] if field in row else field.split("/"):
        if isinstance(row, list):
            row = (
                row[int(step)]
                if step.isdigit()
                else next(
                    (v for pair in row if pair["key"] == step for v in pair["value"].values()), None
                )
            )
        else:
            row = row.get(step) if isinstance(row, dict) else None
    return row


def put(row, field, value):
    """Put a value into a field."""
    *way, last = [field] if field in row else field.split("/")
    for step in way:
        row = row.setdefault(step, {})
    if isinstance(row, list) and not last.isdigit():
        row[:] = [pair for pair in row if pair["key"] != last] + [
            {"key": last, "value": {"stringValue": value}}
        ]
    else:
        row[int(last) if isinstance(row, list) else last] = value


def at_time(text):
    """A time of a sample: (moment, how that format writes another moment)."""
    if not isinstance(text, str) or text.isdigit():
        factor = 10 ** max(len(str(text)) - 10, 0)
        moment = datetime.fromtimestamp(int(text) // factor, UTC)
        return moment, lambda other: type(text)(int(other.timestamp()) * factor)
    moment = datetime.fromisoformat(text[:26])
    return (
        moment.replace(tzinfo=UTC),
        lambda other: (
            other.strftime("%Y-%m-%d %H:%M:%S.%f"[: {10: 8, 16: 14}.get(len(text), 20)]).replace(
                " ", "T" if "T" in text else " "
            )
            + ("Z" if text.endswith("Z") else "")
        ),
    )


class Export:
    """The sample of a format as rows that can be changed. A unit is what has a time: a row, or a
    bucket of rows."""

    def __init__(self, name):
        self.kind, path = usage_formats()[name], SAMPLES[name]
        self.ending, text = path.suffix, path.read_text(encoding="utf-8")
        if self.ending == ".csv":
            self.documents = list(csv.DictReader(io.StringIO(text)))
        elif self.ending == ".prom":
            self.documents = [
                match.groupdict() for match in map(PROMETHEUS.match, text.splitlines()) if match
            ]
        else:
            self.documents = (
                [json.loads(line) for line in text.splitlines()]
                if self.ending == ".jsonl"
                else json.loads(text)
            )
        self.time_field = next(
            field for field in terms(self.kind.time.field) if self._at_depth(field) is not None
        )
        self.lists, self.inside = self._at_depth(self.time_field)
        self.good = copy.deepcopy(self.lists[0][0])
        if self.kind.rows:
            put(self.good, self.kind.rows, "1")
        if self.inside:
            put(self.good, self.inside, at(self.good, self.inside)[:1])

    def _at_depth(self, field):
        """(lists of the units that have this field, the array inside them that holds the rows);
        None where nothing has it."""
        lists = [self.documents if isinstance(self.documents, list) else [self.documents]]
        for array in [*self.kind.rows_in, ""]:
            if at(lists[0][0], field) is not None:
                return lists, array
            if array:
                lists = [at(item, array) for items in lists for item in items]
        return None

    @property
    def fields(self):
        """The allow-list of its kind."""
        return fields_read(self.kind)

    @property
    def units(self):
        return [unit for units in self.lists for unit in units]

    @property
    def rows(self):
        """All rows, the smallest things that hold counts."""
        return [
            row for unit in self.units for row in (at(unit, self.inside) if self.inside else [unit])
        ]

    def row(self, unit):
        """The one row of a unit made from `good`."""
        return at(unit, self.inside)[0] if self.inside else unit

    def field(self, count):
        """The field of a count in the good row: input, output, cache_read, cache_write,
        reasoning."""
        if self.kind.measures:
            return self.kind.measures.of
        found = terms(getattr(self.kind.tokens, count))
        return next(
            (field for field in found if at(self.row(self.good), field) not in (None, "")), ""
        )

    def moment(self, unit):
        """When a unit began; of records without a calendar, since a made-up start."""
        value = at(unit, self.time_field)
        if self.kind.time.relative:
            return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(
                seconds=float(value) / (1 if self.kind.time.relative == "s" else 1000)
            )
        return at_time(value)[0]

    def shift(self, unit, days):
        """Move a unit by days, and give it another request id."""
        if self.kind.time.relative:
            value = at(unit, self.time_field)
            put(
                unit,
                self.time_field,
                type(value)(
                    int(value) + days * 86400 * (1 if self.kind.time.relative == "s" else 1000)
                ),
            )
        else:
            for field in filter(None, (self.time_field, self.kind.time.end)):
                moment, written = at_time(at(unit, field))
                put(unit, field, written(moment + timedelta(days=days)))
        if self.kind.request_id and at(unit, self.kind.request_id):
            put(unit, self.kind.request_id, f"{at(unit, self.kind.request_id)}-{days}")
        return unit

    def enlarge(self, days):
        """The same day, or days, so many times; counters go on rising."""
        span = (
            1
            + (
                max(map(self.moment, self.units)).date() - min(map(self.moment, self.units)).date()
            ).days
        )
        for units in self.lists:
            first = copy.deepcopy(units)
            for day in range(1, days):
                units += [self.shift(copy.deepcopy(unit), day * span) for unit in first]
        return self

    def add(self, days, change=None):
        """One more good row `days` later, changed by change(export, unit, row); the time that it
        has when it is good."""
        unit = self.shift(copy.deepcopy(self.good), days)
        moment = self.moment(unit)
        self.lists[0].append(unit)
        if change:
            change(self, unit, self.row(unit))
        return moment

    def text(self, documents=None):
        """The export, as its format writes it."""
        documents = self.documents if documents is None else documents
        if self.ending == ".csv":
            out = io.StringIO()
            writer = csv.DictWriter(
                out,
                list(dict.fromkeys(key for row in documents for key in row)),
                lineterminator="\n",
            )
            writer.writeheader()
            writer.writerows(documents)
            return out.getvalue()
        if self.ending == ".prom":
            return "".join(
                "{metric}{{{labels}}} {value} {time}\n".format(**row) for row in documents
            )
        if self.ending == ".jsonl":
            return "".join(json.dumps(document) + "\n" for document in documents)
        return json.dumps(documents)

    def write(self, folder, name="export"):
        """The file, written."""
        path = folder / f"{name}{self.ending}"
        path.write_text(self.text(), encoding="utf-8")
        return path


# --- which exports can have a defect


def counts(export):
    """One row has all its counts."""
    return export.kind.measures is None and bool(export.field("input"))


def counts_requests(export):
    return counts(export) and bool(export.kind.requests)


def measured(export):
    """One row per measure."""
    return export.kind.measures is not None


def tokens(export):
    return counts(export) or measured(export)


def calendar(export):
    return not export.kind.time.relative


def cached(export):
    return (
        counts(export)
        and bool(export.field("cache_read"))
        and export.kind.tokens.input_holds_cache is True
    )


def identified(export):
    return bool(export.kind.request_id) and at(export.good, export.kind.request_id) is not None


def fails(export):
    return bool(export.kind.failed)


def filtered(export):
    return bool(export.kind.keep)


def priced(export):
    return bool(export.kind.cost and export.kind.cost.currency)


def paged(export):
    return isinstance(export.documents, dict) and len(export.lists) == 1


def buckets(export):
    """Rows that sum up a span, all counts in one row."""
    return export.kind.grain in ("bucket", "cost") and not measured(export) and calendar(export)


def unfiltered_requests(export):
    return export.kind.grain == "request" and not filtered(export) and calendar(export)


def dated(export):
    return calendar(export) and "-" in str(at(export.good, export.time_field))


def no_counter(export):
    return export.kind.grain != "counter"


def relative(export):
    return not calendar(export)


def costs(export):
    return export.kind.grain == "cost"


def unpriced_measures(export):
    return measured(export) and export.kind.cost is None


def order_unknown(export):
    return calendar(export) and export.kind.time.day_first is None


def large_amounts(export):
    return costs(export) and float(at(export.row(export.good), export.kind.cost.field)) >= 1000


def flat(export):
    return not export.kind.rows_in
