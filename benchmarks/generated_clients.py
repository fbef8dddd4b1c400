"""Clients by the hundred: variations of the examples, whole ones and ones broken in every way that
somebody has thought of."""

import copy
import gzip
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llmcost.inputs.load_shapes import shape_names
from llmcost.inputs.paths import data_path
from llmcost.inputs.yaml_file import plain, read_yaml


def example(name: str) -> dict[str, Any]:
    """The document of an example's client file."""
    return plain(read_yaml(data_path("clients", name, "client.yaml")))


def write_client(folder: Path, document: dict[str, Any]) -> None:
    """A client folder with this file: JSON is YAML too."""
    folder.mkdir(parents=True)
    (folder / "client.yaml").write_text(
        json.dumps(document, indent=1, default=str), encoding="utf-8"
    )


def varied(name: str, chance: random.Random) -> dict[str, Any]:
    """An example with other volumes, day, horizon, shape and shares of work that passes."""
    document = example(name)
    document["name"] = f"{document['name']}, case {chance.randrange(10**9)}"
    document["as_of_date"] = chance.choice(["2026-11-12", "2026-11-15", "2026-11-18"])
    document["horizon_months"] = chance.choice([12, 24, 36, 48])
    for workload in document["workloads"]:
        load, factor = workload["load"], chance.uniform(0.5, 3)
        for key in ("input_mtok_per_month", "output_mtok_per_month", "requests_per_month"):
            if key in load:
                load[key] = scaled(load[key], factor)
        if "shape" in load:
            load["shape"] = chance.choice(
                [load["shape"], "azure_conversation_week", *shape_names()]
            )
        for alternative in workload["alternatives"]:
            middle = chance.uniform(0.5, 0.9)
            alternative["passing_fraction"] = {
                "low": middle - 0.2,
                "typical": middle,
                "high": middle + 0.08,
            }
    return document


def scaled(value: Any, factor: float) -> Any:
    """A number, or a band of numbers, times a factor."""
    return (
        {key: part * factor for key, part in value.items()}
        if isinstance(value, dict)
        else value * factor
    )


def write_whole_client(folder: Path, number: int, chance: random.Random) -> None:
    """A client whose report can be made; its usage export comes along."""
    names = sorted(path.parent.name for path in data_path("clients").glob("*/client.yaml"))
    name = names[number % len(names)]
    write_client(folder, varied(name, chance))
    for path in data_path("clients", name).glob("*"):
        if path.name != "client.yaml":
            shutil.copy(path, folder)


def at(*path: str | int) -> Callable[[Any], Callable[[dict[str, Any]], None]]:
    """`at(place)(value)` is a change of a document: the value put there."""

    def to(value: Any) -> Callable[[dict[str, Any]], None]:
        def change(document: dict[str, Any]) -> None:
            inner: Any = document
            for step in path[:-1]:
                inner = inner[step]
            inner[path[-1]] = value

        return change

    return to


LOAD, WORK = ("workloads", 0, "load"), ("workloads", 0)
ALTERNATIVE = (*WORK, "alternatives", 0)
QUOTE = {
    "row": "hidden_costs/engineer_fte",
    "value": 1,
    "said_by": "sales",
    "quoted_date": "2030-01-01",
}


def without(*path: str | int) -> Callable[[dict[str, Any]], None]:
    """A change of a document: what stands there is gone."""

    def change(document: dict[str, Any]) -> None:
        inner: Any = document
        for step in path[:-1]:
            inner = inner[step]
        del inner[path[-1]]

    return change


IN_THE_DOCUMENT: dict[str, Callable[[dict[str, Any]], None]] = {
    "no workloads": without("workloads"),
    "empty list of workloads": at("workloads")([]),
    "unknown key": at("favourite_colour")("blue"),
    "misspelt key": at("horizon_month")(24),
    "version of tomorrow": at("schema_version")(2),
    "version that is true": at("schema_version")(True),
    "export named as a pattern over all folders": at(*LOAD)({"usage": {"file": "**/*.csv"}}),
    "export with a null byte in its name": at(*LOAD)({"usage": {"file": "a\0.csv"}}),
    "no date": at("as_of_date")("yesterday"),
    "no such day": at("as_of_date")("2026-02-30"),
    "horizon of no months": at("horizon_months")(0),
    "horizon in words": at("horizon_months")("three years"),
    "negative volume": at(*LOAD, "input_mtok_per_month")(-5),
    "no volume": at(*LOAD, "output_mtok_per_month")(0),
    "volume off by a million": at(*LOAD, "input_mtok_per_month")(3.6e12),
    "volume that is no number": at(*LOAD, "requests_per_month")("many"),
    "unknown load shape": at(*LOAD, "shape")("flat_as_a_pancake"),
    "unknown open model": at(*ALTERNATIVE, "model_id")("lama-3.3-7b"),
    "unknown provider": at(*WORK, "today", "provider")("openia"),
    "unpriced model of today": at(*WORK, "today", "model_id")("gpt-99"),
    "more than all of it passes": at(*ALTERNATIVE, "passing_fraction")(1.5),
    "nobody says what passes": without(*ALTERNATIVE, "passing_fraction"),
    "no evidence": without(*ALTERNATIVE, "evidence"),
    "band upside down": at(*ALTERNATIVE, "passing_fraction")(
        {"low": 0.9, "typical": 0.5, "high": 0.6}
    ),
    "usage and totals": at(*LOAD, "usage")({"file": "usage.csv"}),
    "usage file not there": at(*LOAD)({"usage": {"file": "usage.csv"}}),
    "usage file outside": at(*LOAD)({"usage": {"file": "../usage.csv"}}),
    "usage file from the root": at(*LOAD)({"usage": {"file": "/etc/passwd"}}),
    "usage file is a device": at(*LOAD)({"usage": {"file": "/dev/zero"}}),
    "question left open": at("name")("ASK"),
    "quote from the future": at("quotes")([QUOTE]),
    "region of nowhere": at(*WORK, "gates")({"regions": ["mars"]}),
    "no time to answer": at(*WORK, "latency")(
        {"metric": "itl", "percentile": 50, "limit_seconds": 0}
    ),
    "colour that is a script": at("report")({"brand_colour": "red;}</style><script>"}),
    "GPU of nobody": at("own_capacity")({"gpus": ["h1000-80gb"]}),
    "benchmarks not there": at("own_capacity")({"measured": "bench/*.json"}),
}


def twice(document: dict[str, Any]) -> None:
    """The same workload two times."""
    document["workloads"].append(copy.deepcopy(document["workloads"][0]))


IN_THE_DOCUMENT["same workload twice"] = twice


def doubling_aliases() -> bytes:
    """A client file of a kilobyte that would be of a terabyte, were its aliases followed."""
    doubled = [
        f"b{level}: &b{level} [{', '.join([f'*b{level - 1}'] * 9)}]" for level in range(1, 12)
    ]
    return "\n".join(["b0: &b0 [x, x]", *doubled, "workloads: *b11"]).encode()


AS_TEXT: dict[str, Callable[[str], bytes]] = {
    "empty file": lambda text: b"",
    "no mapping": lambda text: b"- a\n- b\n",
    "key twice": lambda text: text.replace("{", '{"name": "first",', 1).encode(),
    "bracket never closed": lambda text: text.rstrip()[:-1].encode(),
    "not UTF-8": lambda text: text.encode("utf-16"),
    "tab as indentation": lambda text: b"schema_version: 1\nworkloads:\n\t- id: a\n",
    "larger than anybody types": lambda text: text.encode() + b" " * 70_000,
    "aliases that double": lambda text: doubling_aliases(),
    "brackets a thousand deep": lambda text: b"name: " + b"[" * 1_000,
    "ten thousand values": lambda text: b"quotes: [" + b"1, " * 10_000 + b"1]",
    "a number of a page": lambda text: b"horizon_months: " + b"9" * 9_000,
    "a number in hexadecimal of a page": lambda text: b"horizon_months: 0x" + b"f" * 9_000,
    "half a letter": lambda text: text.replace('"name": "', '"name": "\\ud83d', 1).encode(),
    "an anchor that feeds on itself": lambda text: b"a: &a [*a, *a]\nworkloads: *a\n",
}


def packed_bomb(path: Path) -> None:
    """A gzip of a hundred thousandth of what it unpacks to."""
    path.write_bytes(gzip.compress(b"2026-10-01T00:00:00Z,gpt-4o,1,1000,100\n" * 3_000_000))


def link_to_nowhere(path: Path) -> None:
    """Put in the place of a file a link that leads nowhere."""
    path.unlink()
    os.symlink("nowhere.yaml", path)


ON_THE_DISK: dict[str, Callable[[Path], None]] = {
    "usage file is a link to elsewhere": lambda folder: os.symlink(
        "/etc/passwd", folder / "usage.csv"
    ),
    "usage file is empty": lambda folder: (folder / "usage.csv").touch(),
    "usage file is a picture": lambda folder: (folder / "usage.csv").write_bytes(
        b"\x89PNG\r\n" + bytes(range(256)) * 9
    ),
    "usage file is a folder": lambda folder: (folder / "usage.csv").mkdir(),
    "usage file is a link to itself": lambda folder: os.symlink("usage.csv", folder / "usage.csv"),
    "usage file is a bomb": lambda folder: packed_bomb(folder / "usage.csv"),
    "usage file has 16,000 named columns": lambda folder: (folder / "usage.csv").write_text(
        "c," * 16_000 + "d\n1\n"
    ),
    "usage file is nested too deep": lambda folder: (folder / "usage.csv").write_text(
        "[" * 100_000
    ),
    "client file is a link to nowhere": lambda folder: link_to_nowhere(folder / "client.yaml"),
    "usage file is a pipe": lambda folder: os.mkfifo(folder / "usage.csv"),
}
IN_ITS_PLACE: dict[str, Callable[[Path], None]] = {
    "a link to nowhere": lambda folder: os.symlink("nowhere", folder),
    "a link to itself": lambda folder: os.symlink(folder.name, folder),
    "a name that is not UTF-8": lambda folder: write_client(
        Path(f"{folder}-\udce9"), example("support-assistant")
    ),
}
"""What stands where a client's folder should be."""
WALLS = [
    *IN_ITS_PLACE,
    "version that is true",
    "export named as a pattern over all folders",
    "export with a null byte in its name",
    "aliases that double",
    "brackets a thousand deep",
    "ten thousand values",
    "a number of a page",
    "a number in hexadecimal of a page",
    "half a letter",
    "an anchor that feeds on itself",
    "usage file is a link to itself",
    "usage file is a bomb",
    "usage file has 16,000 named columns",
    "usage file is nested too deep",
    "client file is a link to nowhere",
    "usage file is a pipe",
    "usage file outside",
]
"""The ways that once ran code, took the machine, or passed unheard."""
WAYS = [*IN_THE_DOCUMENT, *AS_TEXT, *ON_THE_DISK, *IN_ITS_PLACE]


def write_broken_client(folder: Path, way: str) -> None:
    """A client broken in one of `WAYS`."""
    if way in IN_ITS_PLACE:
        folder.parent.mkdir(parents=True, exist_ok=True)
        IN_ITS_PLACE[way](folder)
        return
    document = example("support-assistant")
    if way in ON_THE_DISK:
        document["workloads"][0]["load"] = {"usage": {"file": "usage.csv"}}
    IN_THE_DOCUMENT.get(way, lambda _: None)(document)
    write_client(folder, document)
    path = folder / "client.yaml"
    if way in AS_TEXT:
        path.write_bytes(AS_TEXT[way](path.read_text(encoding="utf-8")))
    ON_THE_DISK.get(way, lambda _: None)(folder)
