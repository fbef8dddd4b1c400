"""How a defect comes into an export: what the tables of `usage_defects` are written with."""

import copy
import csv
import io
import json
import zipfile

import duckdb
from usage_exports import at, filtered, put


def count(value, name="input"):
    """Plant a value, or what a function makes of the good one, into a count."""

    def plant(export, unit, row):
        of = export.field(name)
        put(row, of, value(int(float(at(row, of)))) if callable(value) else value)

    return plant


def requests(value):
    """Plant a value as the number of requests."""
    return lambda export, unit, row: put(row, export.kind.requests, value)


def time(write):
    """Plant what a function writes of the row's moment as its time."""
    return lambda export, unit, row: put(unit, export.time_field, write(export.moment(unit)))


def epoch(digits_more):
    return time(lambda moment: str(int(moment.timestamp()) * 10**digits_more))


def blank(export, unit, row):
    for name in export.fields:
        if (
            name not in (export.time_field, export.kind.time.end, export.kind.request_id)
            and at(row, name) is not None
        ):
            put(row, name, None if export.ending != ".csv" else "")


def same_id(export, unit, row):
    put(unit, export.kind.request_id, at(export.good, export.kind.request_id))


def failed(export, unit, row):
    name, (value, *_) = next(iter(export.kind.failed.items()))
    put(row, name, "ThrottlingException" if value == "%" else str(value))


def more_cached(export, unit, row):
    put(row, export.field("cache_read"), int(float(at(row, export.field("input")))) + 1)


def other_service(export, unit, row):
    put(row, next(iter(export.kind.keep)), "SOMETHING ELSE")


def beside(value):
    """A cell that is never read."""
    return lambda export, unit, row: put(row, "prompt", value)


def encoded(encoding, start=b""):
    """The same text in another encoding."""
    return lambda export, folder: saved(
        folder, export, start + export.text().encode(encoding, "replace")
    )


def saved(folder, export, content, ending="", name="export"):
    """One file."""
    path = folder / f"{name}{ending or export.ending}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return [path]


def respelt(change):
    """The text, changed."""
    return lambda export, folder: saved(folder, export, change(export.text()))


def separated(by):
    """A CSV with another separator."""

    def write(export, folder):
        out = io.StringIO()
        csv.writer(out, delimiter=by).writerows(csv.reader(io.StringIO(export.text())))
        return saved(folder, export, out.getvalue())

    return write


def header(change):
    def write(export, folder):
        first, _, rest = export.text().partition("\n")
        return saved(folder, export, change(first) + "\n" + rest)

    return write


def all_quoted(export, folder):
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(csv.reader(io.StringIO(export.text())))
    return saved(folder, export, out.getvalue())


def western(export, folder):
    """As Windows writes it, with a letter that is no UTF-8 in a cell that is never read."""
    for row in export.rows:
        put(row, "prompt", "café")
    text = (
        export.text()
        if export.ending == ".csv"
        else "".join(json.dumps(d, ensure_ascii=False) + "\n" for d in export.documents)
    )
    return saved(folder, export, text.encode("cp1252", "replace"))


def cut_last(export, folder):
    """The last line ends in its middle."""
    export.add(30)
    lines = export.text().splitlines()
    return saved(folder, export, "\n".join([*lines[:-1], lines[-1][: len(lines[-1]) // 3]]))


def in_the_middle(line):
    def write(export, folder):
        lines = export.text().splitlines()
        middle = len(lines) // 2
        return saved(
            folder, export, "\n".join([*lines[:middle], line(lines), *lines[middle:]]) + "\n"
        )

    return write


def packed(pack, ending):
    return lambda export, folder: saved(
        folder, export, pack(export.text().encode()), export.ending + ending
    )


def zstd(export, folder):
    plain, path = saved(folder, export, export.text())[0], folder / f"export{export.ending}.zst"
    one = "delim '\x01', quote '', escape '', header false"
    lines = (
        f"read_csv('{plain}', delim = '\x01', quote = '', escape = '', header = false, auto_detect"
        " = false, columns = {'l': 'VARCHAR'})"
    )
    duckdb.sql(f"COPY (FROM {lines}) TO '{path}' (FORMAT csv, {one}, compression zstd)")
    return [path]


def zipped(members):
    """A zip of what members(export) says: name -> bytes."""

    def write(export, folder):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members(export).items():
                archive.writestr(name, content)
        return saved(folder, export, out.getvalue(), ".zip")

    return write


def halves(export):
    """The export's days in two files."""
    early, late = copy.deepcopy(export), copy.deepcopy(export)
    middle = sorted(map(export.moment, export.units))[len(export.units) // 2]
    for units in early.lists:
        units[:] = [unit for unit in units if early.moment(unit) < middle]
    for units in late.lists:
        units[:] = [unit for unit in units if late.moment(unit) >= middle]
    return early, late


def two_files(export, folder):
    return [
        saved(folder, part, part.text(), name=name)[0]
        for name, part in zip("ab", halves(export), strict=True)
    ]


def twice(export, folder):
    return [saved(folder, export, export.text(), name=name)[0] for name in "ab"]


def overlapping(export, folder):
    early, _ = halves(export)
    return [
        saved(folder, part, part.text(), name=name)[0]
        for name, part in zip("ab", (early, export), strict=True)
    ]


def parquet(types=""):
    """Parquet with typed columns, as a warehouse writes it."""

    def write(export, folder):
        plain, path = saved(folder, export, export.text())[0], folder / "export.parquet"
        reader = f"read_csv('{plain}')" if export.ending == ".csv" else f"read_json('{plain}')"
        duckdb.sql(
            f"COPY (SELECT {types.format(time=export.time_field) or '*'} FROM {reader}) TO '{path}'"
        )
        return [path]

    return write


def pages(joined):
    """A JSON document as several pages: half of its units in each."""
    return lambda export, folder: saved(
        folder, export, joined([part.documents for part in halves(export)])
    )


def amount(change):
    """Plant what a function makes of the good amount of a cost export."""
    return lambda export, unit, row: put(
        row, export.kind.cost.field, change(at(row, export.kind.cost.field))
    )


def foreign(export, unit, row):
    put(row, export.kind.cost.currency, "EUR")


def as_array(export, folder):
    documents = export.documents if isinstance(export.documents, list) else [export.documents]
    return saved(folder, export, json.dumps(documents))


def pretty(export, folder):
    return saved(folder, export, json.dumps(export.documents, indent=4))


def in_folders(export):
    early, late = halves(export)
    return {"a/b/1.csv": early.text(), "a/c/1.csv": late.text(), "__MACOSX/a/._1.csv": b"\0"}


def told_by_its_time(export):
    """A row without any value: of kinds that keep some rows only it is none of these; else its
    missing time tells it."""
    return {12 if filtered(export) else 20: 1}


def one_after_another(documents):
    return "\n".join(json.dumps(document, indent=2) for document in documents)


def broken_zip(export, folder):
    return saved(folder, export, b"PK\x03\x04 and no more", ".zip")


def month_first(export):
    return export.kind.time.day_first is False
