"""The promises of the batch at full size: hundreds of clients, kills at random instants, fuzzed
client files, catalog rows that must not matter, a book of which every report but two was tampered
with.

    python benchmarks/battery.py [batch] [walls] [kills] [fuzz] [interrupts] [rows] [names] [sizes]
    [settings] [records]
                                 [--clients 500] [--broken 70] [--kills 50] [--fuzzed 10000]
                                 [--small]

Runs the parts named, or all of them, and prints a line of figures for each; exits 1 when a promise
does not hold. Everything is made from one seed.

Printed last: 80 reports and 20 errors of one line from 100 clients, 20 of them hostile (`walls`);
1,000 of 1,000 hostile names read as plain ones (`names`); 28 of 28 oversized files ended in one
line (`sizes`); 97 of 97 tampered records cost one line (`records`); 50 of 50 interrupted runs were
left cleanly (`interrupts`); 10,000 fuzzed client files read or refused in one line (`fuzz`).
"""

import argparse
import csv
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from battery_intake import LARGE, names, pip_settings, sizes
from generated_clients import (
    WALLS,
    WAYS,
    example,
    write_broken_client,
    write_client,
    write_whole_client,
)
from tampered_records import WAYS as TAMPERED_WAYS, tamper

from llmcost.inputs.client_file import read_client
from llmcost.inputs.errors import InputError
from llmcost.inputs.paths import PACKAGE, data_path, notebooks_path

SECONDS_A_FILE, MEMORY_MB_A_FILE = 2, 256
MARK = "LLMCOST_BATTERY"
"""In the environment of all that this process starts: who still carries it after a kill is an
orphan."""
ORPHAN_SECONDS = 30


def command(clients: Path, out: Path, *words: str, root: Path = PACKAGE.parent) -> subprocess.Popen:
    """`llmcost report`, started."""
    call = [sys.executable, "-m", "llmcost", "report", "--clients", clients, "--out", out, *words]
    environment = os.environ | {"PYTHONPATH": str(root), MARK: str(os.getpid())}
    return subprocess.Popen(
        [*map(str, call)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def reports(out: Path) -> dict[str, bytes]:
    """Every file of the reports by name, without those that tell of the run."""
    found = {
        path.relative_to(out).as_posix(): path for path in sorted(out.rglob("*")) if path.is_file()
    }
    return {name: path.read_bytes() for name, path in found.items() if "/" in name}


def batch(place: Path, whole_count: int, broken_count: int, ways: list[str] = WAYS) -> bool:
    """Whole clients and such as are broken in these ways, in one run."""
    chance = random.Random(1)
    for number in range(whole_count):
        write_whole_client(place / "clients" / f"whole-{number:03}", number, chance)
    for number in range(broken_count):
        write_broken_client(
            place / "clients" / f"broken-{number:03}", way(number, broken_count, ways)
        )
    started = time.monotonic()
    run = command(place / "clients", place / "out")
    _, errors = run.communicate()
    seconds = time.monotonic() - started
    made = sorted(path.parent.name for path in (place / "out").glob("*/report.html"))
    lines = [line for line in errors.splitlines() if line.startswith("broken-")]
    canaries = canary_leaks(place / "out", place / "clients")
    print(
        f"batch: {len(made)} reports of {whole_count} whole clients, {len(lines)} one-line errors"
        f" of {broken_count} broken in {min(broken_count, len(ways))} ways, exit {run.returncode},"
        f" {len(canaries)} names in another's report, {seconds:.0f} s,"
        f" {seconds / max(1, whole_count):.2f} s per report"
    )
    for line in errors.splitlines():
        if not line.startswith("broken-") or "Traceback" in line:
            print("  unexpected:", line)
    silent = {f"broken-{n:03}" for n in range(broken_count)} - {
        line.split(":")[0][:10] for line in lines
    }
    for name in sorted(silent):
        print(f"  {name} ({way(int(name[-3:]), broken_count, ways)}) says nothing")
    wanted = [f"whole-{number:03}" for number in range(whole_count)]
    expected_code = 1 if broken_count else 0
    return (
        made == wanted
        and len(lines) == len(errors.splitlines()) == broken_count
        and run.returncode == expected_code
        and not canaries
    )


def way(number: int, broken_count: int, ways: list[str]) -> str:
    """How the client of this number is broken: all ways in turn, or as many as there is room for,
    spread over them."""
    return ways[
        number % len(ways) if broken_count >= len(ways) else number * len(ways) // broken_count
    ]


def canary_leaks(out: Path, clients: Path) -> list[str]:
    """Clients whose name, which nobody shares, stands in the report of another one."""
    names = {
        path.parent.name: json.loads(path.read_text())["name"]
        for path in clients.glob("whole-*/client.yaml")
    }
    texts = {
        slug: (out / slug / "results.json").read_text() for slug in names if (out / slug).is_dir()
    }
    return [
        slug
        for slug, name in names.items()
        for other, text in texts.items()
        if other != slug and name in text
    ]


def kills(place: Path, kills_count: int, clients_count: int) -> bool:
    """A run killed at a random instant and resumed, again and again, against one that nobody
    disturbed."""
    chance = random.Random(2)
    for number in range(clients_count):
        write_whole_client(place / "clients" / f"whole-{number:03}", number, chance)
    started = time.monotonic()
    command(place / "clients", place / "calm").communicate()
    seconds, calm = time.monotonic() - started, reports(place / "calm")
    same_count = redone_count = orphans_count = finished_count = 0
    for _ in range(kills_count):
        shutil.rmtree(place / "out", ignore_errors=True)
        run = command(place / "clients", place / "out")
        time.sleep(chance.uniform(0, seconds))
        run.send_signal(signal.SIGKILL)
        run.communicate()
        made = {path: path.stat().st_mtime_ns for path in (place / "out").glob("*/*.*")}
        finished_count += len(made) // 2
        command(place / "clients", place / "out").communicate()
        same_count += reports(place / "out") == calm
        redone_count += sum(path.stat().st_mtime_ns != then for path, then in made.items())
        orphans_count += wait_for_orphans()
    print(
        f"kills: {same_count} of {kills_count} resumed to the same bytes, {finished_count} reports"
        f" were finished before a kill, {redone_count} files of them made again, {orphans_count}"
        f" orphans after {ORPHAN_SECONDS} s"
    )
    return same_count == kills_count and bool(calm) and not redone_count and not orphans_count


def wait_for_orphans(seconds: float = ORPHAN_SECONDS) -> int:
    """How many processes of a killed run are still there after a while."""
    until = time.monotonic() + seconds
    while orphans := [path for path in Path("/proc").glob("[0-9]*") if is_marked(path)]:
        if time.monotonic() > until:
            break
        time.sleep(0.2)
    return len(orphans)


def is_marked(process: Path) -> bool:
    """Whether a process was started by this battery and still runs."""
    try:
        return f"{MARK}={os.getpid()}".encode() in (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def fuzzed_text(chance: random.Random, text: str) -> bytes:
    """A client file with a handful of accidents."""
    letters = list(text)
    junk = [
        "[" * 1000,
        "{a: " * 200,
        "- " * 300,
        "a: &a [x, x]\nb: &b [*a, *a]\n",
        "*b, " * 50,
        "9" * 5000,
        "0x" + "f" * 9000,
        "1e" + "9" * 400,
        '"\\ud83d"',
        '"\\ude00\\ud83d"',
        "? [a, b]\n: c\n",
        "<<: *a\n",
        "\0",
        "\t",
        "  ",
        "{",
        "}",
        "[",
        "&a ",
        "*a",
        "!!python/object:os.system ",
        "\u202e",
        "😀",
        ": ",
        "- ",
        "'",
        '"',
        "#",
        "1e999",
        ".nan",
    ]
    for _ in range(chance.randint(1, 8)):
        where = chance.randrange(len(letters))
        kind = chance.randrange(5)
        if kind == 0:
            letters[where] = chance.choice(junk)
        elif kind == 1:
            del letters[where : where + chance.randint(1, 40)]
        elif kind == 2:
            letters[where:where] = letters[where : where + chance.randint(1, 200)]
        elif kind == 3:
            letters[where] = chr(chance.randrange(0x3000))
        else:
            letters.insert(where, chance.choice(junk) * chance.choice([1, 1, 5, 300]))
        letters = letters or [" "]
    return "".join(letters).encode("utf-8", "surrogatepass")[
        : chance.choice([10**6, 64 * 1024, 2000])
    ]


def fuzz(place: Path, files_count: int) -> bool:
    """Fuzzed client files, each read in this process: an InputError or a client, quickly, in little
    memory."""
    chance, names = (
        random.Random(3),
        sorted(path.parent.name for path in data_path("clients").glob("*/client.yaml")),
    )
    texts = [
        data_path("clients", name, "client.yaml").read_text(encoding="utf-8") for name in names
    ]
    read_client(data_path("clients", names[0]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused_count, accepted_count, slowest_seconds, broken = 0, 0, 0.0, []
    for _ in range(files_count):
        (place / "client.yaml").write_bytes(content := fuzzed_text(chance, chance.choice(texts)))
        started = time.process_time()
        try:
            read_client(place)
            accepted_count += 1
        except InputError as error:
            refused_count += 1
            if "\n" in str(error) or len(str(error)) > 2000:
                broken.append((content, error))
        except Exception as error:
            broken.append((content, error))
        slowest_seconds = max(slowest_seconds, time.process_time() - started)
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(
        f"fuzz: {files_count} client files, {refused_count} refused in one line, {accepted_count}"
        f" read, {len(broken)} badly; slowest {slowest_seconds:.2f} s of the processor, memory grew"
        f" by {grown_mb:.0f} MB"
    )
    for content, error in broken[:5]:
        print("  ", type(error).__name__, str(error)[:200], content[:80])
    return not broken and slowest_seconds <= SECONDS_A_FILE and grown_mb <= MEMORY_MB_A_FILE


def rows(place: Path, names: list[str]) -> bool:
    """Rows of the catalog that are said not to matter, changed: everything stays fresh, and made
    again it is the same."""
    root = place / "kit"
    shutil.copytree(PACKAGE, root / "llmcost", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(data_path(), root / "data")
    shutil.copytree(notebooks_path(), root / "notebooks")
    for name in names:
        write_client(place / "clients" / name, example(name))
    command(place / "clients", place / "out", root=root).communicate()
    before = reports(place / "out")
    changed_count = sum(spoil(path) for path in sorted((root / "data" / "catalog").glob("*.csv")))
    printed, _ = command(place / "clients", place / "out", "--json", root=root).communicate()
    counts = json.loads(printed)["counts"]
    command(place / "clients", place / "out", "--force", root=root).communicate()
    same = reports(place / "out") == before
    print(
        f"rows: {changed_count} rows without a say changed or added, {counts['fresh']} of"
        f" {len(names)} fresh, made again the same: {same}"
    )
    return counts["fresh"] == len(names) and same and changed_count > 0


SIGNALS = [["SIGINT"], ["SIGTERM"], ["SIGHUP"], ["SIGINT"] * 6]
LINE = "Interrupted. Nothing half-written is left.\n"


def interrupts(place: Path, runs_count: int, until_seconds: float = 5) -> bool:
    """A run that is told to end at many instants, in turn by each signal and by six Ctrl-C in a
    row."""
    write_client(place / "clients" / REAL[1], example(REAL[1]))
    survived_count = 0
    for number in range(runs_count):
        instant_seconds = until_seconds * number / runs_count
        names = SIGNALS[number % len(SIGNALS)]
        fault = fault_after(place, instant_seconds, [getattr(signal, name) for name in names])
        survived_count += not fault
        if fault:
            print(f"  {' '.join(names)} after {instant_seconds:.2f} s: {fault}")
    print(f"interrupts: {survived_count} survived of {runs_count}")
    return survived_count == runs_count


def fault_after(place: Path, instant_seconds: float, numbers: list[int]) -> str:
    """What is wrong with how a run ends that is sent these signals then; "" for nothing."""
    shutil.rmtree(place / "out", ignore_errors=True)
    (temporary := place / "temporary").mkdir(exist_ok=True)
    before = os.environ.get("TMPDIR"), signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    os.environ["TMPDIR"] = str(temporary)  # signals wait until it can hear them, as with run.py
    try:
        run = command(place / "clients", place / "out")
    finally:
        os.environ.pop("TMPDIR") if before[0] is None else os.environ.update(TMPDIR=before[0])
        signal.pthread_sigmask(signal.SIG_SETMASK, before[1])
    time.sleep(instant_seconds)
    for number in numbers:
        run.send_signal(number)
        time.sleep(0.02)
    try:
        _, errors = run.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        run.kill()
        return "goes on"
    left = [path.name for path in (*temporary.iterdir(), *(place / "out").glob(".llmcost*"))]
    if (run.returncode, errors) not in ((130, LINE), (0, "")):  # 0: it was done
        return f"exit code {run.returncode}, {errors[-500:]!r}"
    return f"leaves {left}" if left else "leaves a process" if wait_for_orphans(0) else ""


UNNAMED = {"deepseek-v3", "llama-3.1-405b", "minimax-m2.5", "mixtral-8x22b", "qwen3-32b"}
"""Models that neither the examples used here nor the code name."""


def spoil(path: Path) -> int:
    """Change each row of an unnamed model in the tables of single models; add to each dated table a
    row of next year."""
    with path.open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    changed_count = 0
    if path.stem in ("api_prices", "api_hosts"):
        for row in found:
            if row["model_id"] in UNNAMED:
                row["note"], changed_count = "spoilt", changed_count + 1
                row |= {
                    column: "0.001"
                    for column in row
                    if column.endswith("usd_per_mtok") and row[column]
                }
    if "effective_from" in found[0] and path.stem != "aliases":
        found.append({**found[-1], "effective_from": "2027-06-01", "note": "of next year"})
        changed_count += 1
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(found)
    return changed_count


def records(place: Path, ways: list[str]) -> bool:
    """A book of reports of which all but two are tampered with, each in a way of its own.

    The book of the next run, which makes none of them, still tells of the two; the run after it
    makes every other report again, to the same bytes.
    """
    chance, whole = random.Random(4), ["whole-000", "whole-001"]
    names = {f"tampered-{number:03}": way for number, way in enumerate(ways)}
    for number, name in enumerate([*whole, *names]):
        write_whole_client(place / "clients" / name, number, chance)
    out = place / "out"
    command(place / "clients", out).communicate()
    before, rows_before = reports(out), book_rows(out)
    for name, way in names.items():
        tamper(out / name / "results.json", way)
    command(place / "clients", out, *whole).communicate()
    told = book_rows(out)
    printed, errors = command(place / "clients", out, "--json").communicate()
    states = {entry["client"]: entry["state"] for entry in json.loads(printed)["clients"]}
    lost = changed_folders(before, reports(out))
    lost |= {name for name in names if not told[name]["problem"]}
    lost |= {name for name in names if states[name] != "built"}
    kept = [name for name in whole if told[name] == rows_before[name] and states[name] == "fresh"]
    survived_count = len(names.keys() - lost)
    print(f"records: {survived_count} survived of {len(names)}, {len(kept)} of 2 others untouched")
    for name in sorted(lost):
        print(f"  {name} ({names.get(name, 'nobody touched it')}) did not")
    return not lost and kept == whole and not errors and book_rows(out) == rows_before


def changed_folders(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    """The reports that have another file, or one with other bytes."""
    names = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    return {name.split("/")[0] for name in names}


def book_rows(out: Path) -> dict[str, dict[str, str]]:
    """Folder -> its row of the book."""
    lines = (out / "book.csv").read_text(encoding="utf-8").splitlines()
    return {row["client"]: row for row in csv.DictReader(lines)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--clients",
        type=int,
        default=500,
        help="clients of the batch, the broken ones among them (default: %(default)s)",
    )
    parser.add_argument(
        "--broken", type=int, default=70, help="how many of them are broken (default: %(default)s)"
    )
    parser.add_argument(
        "--kills",
        type=int,
        default=50,
        help="runs that are killed and resumed (default: %(default)s)",
    )
    parser.add_argument(
        "--fuzzed", type=int, default=10_000, help="fuzzed client files (default: %(default)s)"
    )
    parser.add_argument(
        "--small",
        action="store_true",
        help="the least of everything: seconds a part instead of most of an hour",
    )
    parser.add_argument("parts", nargs="*", help=f"which of {', '.join(PARTS)} (default: all)")
    said = parser.parse_args()
    if said.small:
        said.clients, said.broken, said.kills, said.fuzzed = 9, 8, 1, 100
    held = []
    with tempfile.TemporaryDirectory() as name:
        for part in said.parts or PARTS:
            (place := Path(name) / part).mkdir()
            held.append(PARTS[part](place, said))
    print("every promise held" if all(held) else "A PROMISE DID NOT HOLD")
    return 0 if all(held) else 1


REAL = ["small-bursty-product", "support-assistant", "claims-triage"]
PARTS = {
    "batch": lambda place, said: batch(place, said.clients - said.broken, said.broken),
    "walls": lambda place, said: batch(place, 2 if said.small else 80, len(WALLS), WALLS),
    "kills": lambda place, said: kills(place, said.kills, 1 if said.small else 8),
    "fuzz": lambda place, said: fuzz(place, said.fuzzed),
    "interrupts": lambda place, said: interrupts(place, 4 if said.small else 50),
    "rows": lambda place, said: rows(place, REAL[:1] if said.small else REAL),
    "names": lambda place, said: names(place, 20 if said.small else 1000),
    "sizes": lambda place, said: sizes(place, list(LARGE)[:2] if said.small else list(LARGE)),
    "settings": lambda place, said: pip_settings(place),
    "records": lambda place, said: records(place, TAMPERED_WAYS[:: 40 if said.small else 1]),
}

if __name__ == "__main__":
    sys.exit(main())
