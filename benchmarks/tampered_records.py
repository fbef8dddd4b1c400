"""A report's results.json, tampered with in every way that somebody has thought of."""

import copy
import gzip
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from generated_clients import at, without

FIRST, LINE = ("options", 0), ("options", 0, "lines", 0)
HALF_A_CHARACTER = "a\ud800b"


def advised(document: dict[str, Any]) -> dict[str, Any]:
    """The option that a document advises."""
    options = {option["id"]: option for option in document["options"]}
    return options[document["verdict"]["option"]]


def bill(**amounts: Any) -> Callable[[dict[str, Any]], None]:
    """A change of a document: these amounts in the bill of the advised option."""
    return lambda document: advised(document)["total_usd_per_month"].update(amounts)


def no_bill(document: dict[str, Any]) -> None:
    """The advised option has no bill."""
    advised(document)["total_usd_per_month"] = None


def no_middle(document: dict[str, Any]) -> None:
    """The bill of the advised option has a band alone."""
    del advised(document)["total_usd_per_month"]["typical"]


def one_id_twice(document: dict[str, Any]) -> None:
    """Two options with one id."""
    document["options"].append(copy.deepcopy(document["options"][0]))


IN_THE_DOCUMENT: dict[str, Callable[[dict[str, Any]], None]] = {
    "no version": without("schema_version"),
    "version of tomorrow": at("schema_version")(2),
    "version that is true": at("schema_version")(True),
    "no slug": without("slug"),
    "no name": without("name"),
    "name that is null": at("name")(None),
    "name of half a character": at("name")(HALF_A_CHARACTER),
    "name of a megabyte": at("name")("=" * 2**20),
    "no day": without("as_of_date"),
    "no such day": at("as_of_date")("2026-02-30"),
    "day that is a number": at("as_of_date")(20261115),
    "day with a clock": at("as_of_date")("2026-11-15T00:00:00"),
    "day by its week": at("as_of_date")("2026-W46-7"),
    "day before 1900": at("as_of_date")("1850-01-01"),
    "horizon of minus a year": at("horizon_months")(-12),
    "horizon in fractions": at("horizon_months")(36.5),
    "no files": without("files_read"),
    "files that are a word": at("files_read")("usage.csv"),
    "files that are numbers": at("files_read")([1, 2]),
    "files by the million": at("files_read")(["a"] * 10**6),
    "no fingerprint": without("fingerprint"),
    "fingerprint that is a list": at("fingerprint")(["0"]),
    "no verdict": without("verdict"),
    "verdict that is a word": at("verdict")("No"),
    "answer that is a mapping": at("verdict", "answer")({"No": 1}),
    "advice of nobody": at("verdict", "option")("moon"),
    "advice that is a list": at("verdict", "option")(["today"]),
    "advice without a bill": no_bill,
    "no sentence": without("verdict", "sentence"),
    "assumption that is a mapping": at("verdict", "weakest_assumption")({}),
    "confidence that is a word": at("verdict", "confidence")("low"),
    "confidence that is null": at("verdict", "confidence", "level")(None),
    "banners that are a number": at("verdict", "banners")(7),
    "banner of half a character": at("verdict", "banners")([HALF_A_CHARACTER]),
    "last time that is a list": at("verdict", "since_last_time")([]),
    "no options": without("options"),
    "options that are a mapping": at("options")({}),
    "empty list of options": at("options")([]),
    "options by the million": at("options")([0] * 10**6),
    "option that is null": at(*FIRST)(None),
    "option without an id": without(*FIRST, "id"),
    "option whose id is true": at(*FIRST, "id")(True),
    "two options with one id": one_id_twice,
    "label that is a list": at(*FIRST, "label")([]),
    "reason of half a character": at(*FIRST, "reason")(HALF_A_CHARACTER),
    "no lines": without(*FIRST, "lines"),
    "lines that are a number": at(*FIRST, "lines")(0),
    "lines by the million": at(*FIRST, "lines")([0] * 10**6),
    "line without an amount": at(*FIRST, "lines")([{"item": "rent"}]),
    "amount in words": bill(typical="12,500"),
    "amount that is true": bill(typical=True),
    "amount that is null": bill(typical=None),
    "amount that is a list": bill(typical=[1]),
    "amount that is not a number": bill(typical=float("nan")),
    "amount without end": bill(typical=float("inf")),
    "amount beyond all money": bill(typical=1e308),
    "amount of 400 digits": bill(typical=10**400),
    "band with one end": bill(p10=1.0, p90=None),
    "band upside down": bill(p10=2.0, p90=1.0),
    "band without its middle": no_middle,
    "chance of seven": at(*FIRST, "probability_cheapest_fraction")(7),
    "chance below nothing": at(*FIRST, "probability_cheapest_fraction")(-0.5),
    "chance that is true": at(*FIRST, "probability_cheapest_fraction")(True),
    "difference in words": at(*FIRST, "versus_today_usd_per_month")("-5"),
    "no rows of the catalog": without("catalog_rows_used"),
    "row of the catalog that is a word": at("catalog_rows_used", 0)("gpu_rental/lambda"),
    "row of the catalog of no day": at("catalog_rows_used", 0, "date")("soon"),
    "row of the catalog of no month": at("catalog_rows_used", 0, "date")("2026-13-01"),
}
DEEP_COUNT = 100_000


def beside(value: bytes) -> Callable[[bytes], bytes]:
    """A change of a text: this value under a key of its own."""
    return lambda data: data.replace(b"{", b'{"a":%b,' % value, 1)


AS_TEXT: dict[str, Callable[[bytes], bytes]] = {
    "empty file": lambda data: b"",
    "nothing but blanks": lambda data: b" \n" * 100,
    "nothing but zeros": lambda data: bytes(len(data)),
    "cut in the middle": lambda data: data[: len(data) // 2],
    "cut at its last bracket": lambda data: data.rstrip()[:-1],
    "written twice": lambda data: data + data,
    "comma too many": lambda data: data.rstrip()[:-1] + b",}",
    "a list": lambda data: b"[" + data + b"]",
    "a word": lambda data: b'"results"',
    "a number": lambda data: b"7",
    "null": lambda data: b"null",
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "a letter of Latin-1": lambda data: data.replace(b'"name": "', b'"name": "\xe9', 1),
    "key twice": lambda data: data.replace(b"{", b'{"name": "first",', 1),
    "lists in lists": lambda data: b"[" * DEEP_COUNT,
    "mappings in mappings": lambda data: b'{"a":' * DEEP_COUNT,
    "lists in lists where nobody looks": beside(b"[" * DEEP_COUNT + b"]" * DEEP_COUNT),
    "number of 5,000 digits where nobody looks": beside(b"7" * 5_000),
    "larger than any report": lambda data: data + b" " * 65 * 2**20,
    "a page": lambda data: b"<!doctype html><title>results</title>",
    "packed": gzip.compress,
}


def bound_socket(path: Path) -> None:
    """A socket at this place, whose name may be longer than a socket's."""
    before = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(path.name)
    finally:
        os.chdir(before)


ON_THE_DISK: dict[str, Callable[[Path], None]] = {
    "a pipe": os.mkfifo,
    "a folder": os.mkdir,
    "a socket": bound_socket,
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to nowhere": lambda path: path.symlink_to("nowhere.json"),
    "a link to its folder": lambda path: path.symlink_to("."),
    "a link to a device without end": lambda path: path.symlink_to("/dev/zero"),
}
WAYS = [*IN_THE_DOCUMENT, *AS_TEXT, *ON_THE_DISK]


def tamper(path: Path, way: str) -> None:
    """Tamper with a results.json in one of `WAYS`."""
    data = path.read_bytes()
    path.unlink()
    if way in ON_THE_DISK:
        ON_THE_DISK[way](path)
    elif way in AS_TEXT:
        path.write_bytes(AS_TEXT[way](data))
    else:
        document = json.loads(data)
        IN_THE_DOCUMENT[way](document)
        path.write_text(json.dumps(document), encoding="utf-8")
