"""A client whose every free text is hostile, and the strings that make it so."""

import csv
import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path

STRINGS = [
    "</script><script>window.PWN=1;document.title='PWN'</script>",
    "<img src=x onerror=window.PWN=2><iframe src=//evil.test></iframe>",
    '"><svg onload=window.PWN=3><style>*{display:none}</style>',
    "' onmouseover='window.PWN=4' style='position:fixed'",
    (
        "[x](javascript:window.PWN=5) ![x](http://evil.test/p.png) <http://evil.test/a>"
        " https://evil.test/b"
    ),
    (
        "**b** _i_ ~~s~~ `c` # h | t | t | --- <!-- n --> ]]> $x^2$ $$\\href{javascript:PWN}{y}$$"
        " \\(z\\)"
    ),
    "{{ 7*7 }}{% raw %}${7*7}#{7*7}<%= 7*7 %>{{ config.items() }}",
    "%s %n %(a)s {0.__class__} {name!r} {} %%bash",
    "$(touch PWN) `touch PWN` ; touch PWN | touch PWN && touch PWN",
    "!touch PWN",
    "%%bash touch PWN",
    "%run PWN.py",
    '"""+__import__(\'os\').system(\'touch PWN\')+"""',
    "'); __import__('os').system('touch PWN') #",
    "'; DROP TABLE usage; COPY (SELECT 1) TO 'PWN'; --",
    '=HYPERLINK("http://evil.test","x")',
    "+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd",
    "-2+3;=1+1",
    "../../../etc/passwd",
    "C:\\Windows\\PWN \\\\evil.test\\share file:///etc/passwd",
    "CON",
    "\x1b[31mred\x1b]0;PWN\x07\x08\x7f\x85 next\r\nline\ttab\u2028sep",
    "\u202egpj.exe\u202c \u2066x\u2069 pay\u200bload\ufeff\u00ad",
    "NO",
    "0123",
    "12:30",
    "!!python/object/apply:os.system [touch PWN]",
    "*anchor &anchor {a: b} [c, d] - e: f #g",
    "&lt;b&gt; &#x3c;script&#x3e; &amp;amp; \\u003cscript\\u003e",
    "NaN undefined null __proto__ constructor datum.PWN",
    "W" * 200,
]
"""Each would do something where it is not treated as text. The files named PWN, window.PWN and the
host evil.test tell."""


HOURS_COUNT = 14 * 24
RUNS = """\
model_id,concurrency_count,input_tokens,output_tokens,output_tokens_per_second,ttft_seconds,tpot_seconds
llama-3.3-70b,16,1000,100,760,0.2,0.020
llama-3.3-70b,64,1000,100,1520,0.5,0.040
"""
NO_FILE = "/\0\r\n\\*?[]:\x85\u2028"
"""What no name of a file holds, on one system or another, or what makes a pattern of it."""
SPLITS_A_HEAD = ";|\t\r\n\x1b\x07\x08\x7f\x85\u2028\ufeff"
"""What no column name may hold: a file whose head line falls apart is refused, which is tested with
the usage files."""


class Words:
    """The strings in turn, beginning with a given one; `told` are those that were handed out."""

    def __init__(self, turn: int, strings: Sequence[str]):
        self.turn, self.strings, self.told = turn, strings, {}

    def next(self, field: str, start: str = "", without: str = "", most_count: int = 200) -> str:
        """The next string, after a beginning of its field's own, cut to what a field may hold."""
        text = self.strings[self.turn % len(self.strings)]
        self.turn += 1
        self.told[field] = (
            start + "".join(character for character in text if character not in without)
        )[:most_count]
        return self.told[field]


def write_export(path: Path, columns: list[str], models: list[str], words: Words) -> None:
    """Two weeks of hours, a column that nobody reads beside those that are, and one row that is no
    row at the end."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*columns, words.next("a column that nobody reads")])
        for hour in range(HOURS_COUNT):
            for model in models:
                time = dt.datetime(2026, 10, 26, tzinfo=dt.UTC) + dt.timedelta(hours=hour)
                rows.writerow(
                    [
                        time.isoformat(),
                        model,
                        900,
                        900_000 + hour,
                        90_000,
                        3,
                        words.next("a cell that nobody reads"),
                    ]
                )
        rows.writerow([words.next("a time"), *models[:1], words.next("a count"), 1, 1, 1, ""])


def write_client(folder: Path, turn: int, strings: Sequence[str] = STRINGS) -> dict[str, str]:
    """A whole client with a usage export, quotes and a benchmark; returns field -> the hostile text
    in it."""
    words = Words(turn, strings)
    folder.mkdir(parents=True)
    export = words.next("file", without=NO_FILE, most_count=80) + ".usage.csv"
    mapping = {
        name: words.next(name, f"{name} ", without=SPLITS_A_HEAD)
        for name in ("time", "model", "requests", "input_tokens", "output_tokens", "cost_usd")
    }
    models = ["gpt-4o", words.next("model of the export"), words.next("second model of the export")]
    write_export(folder / export, list(mapping.values()), models, words)
    benchmark = words.next("benchmark", without=NO_FILE, most_count=80) + ".runs.csv"
    (folder / benchmark).write_text(RUNS, encoding="utf-8")
    engine = "".join(filter(str.isprintable, words.next("engine")))[:60]  # anything else is refused
    gpu_host = f"{words.next('GPU host', without='/', most_count=100)}/{words.next('region', without='/', most_count=40)}"
    client = {
        "schema_version": 1,
        "name": words.next("name"),
        "as_of_date": "2026-11-15",
        "workloads": [
            {
                "id": "chat",
                "load": {"usage": {"file": export, "mapping": mapping, "only": {"model": models}}},
                "today": {"provider": "openai", "model_id": "gpt-4o"},
                "alternatives": [
                    {"model_id": "llama-3.3-70b", "passing_fraction": 0.8, "evidence": "guess"}
                ],
                "latency": {"metric": "itl", "percentile": 50, "limit_seconds": 0.05},
                "gates": {"evidence": words.next("evidence")},
            }
        ],
        "own_capacity": {
            "measured": {
                "files": benchmark,
                "gpu_id": "h100-80gb-sxm",
                "gpus_count": 2,
                "precision": "fp8",
                "engine": engine,
            }
        },
        "unit_of_work": {"name": words.next("unit"), "requests_count": 2},
        "quotes": [
            {
                "row": (
                    f"api_prices/{words.next('host', without='/', most_count=120)}/llama-3.3-70b"
                ),
                "input_usd_per_mtok": 0.05,
                "output_usd_per_mtok": 0.1,
                "said_by": words.next("said_by"),
                "quoted_date": "2026-11-01",
            },
            {
                "row": f"gpu_rental/{gpu_host}/H100 SXM/on_demand",
                "gpu_usd_per_hour": 0.5,
                "said_by": words.next("said_by too"),
                "quoted_date": "2026-11-01",
            },
        ],
        "report": {
            "prepared_by": words.next("prepared_by"),
            "brand_name": words.next("brand_name"),
        },
    }
    (folder / "client.yaml").write_text(
        json.dumps(client, indent=1), encoding="utf-8"
    )  # YAML 1.2 holds JSON
    return words.told
