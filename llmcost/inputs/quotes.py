"""What was really offered to the client: quotes, read into the table, the key and the price that
they stand for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from llmcost.inputs.client import Quote
from llmcost.inputs.errors import InputError
from llmcost.inputs.own_capacity import Term

TABLES = {
    "gpu_rental": ("provider/region/gpu_id/term", 4, ("gpu_usd_per_hour",)),
    "api_prices": ("provider/model_id", 2, ("input_usd_per_mtok", "output_usd_per_mtok")),
    "serverless_gpu": ("provider/region/gpu_id", 3, ("gpu_usd_per_hour",)),
    "gpu_purchase": ("gpu_id/condition", 2, ("value",)),
    "hidden_costs": ("item", 1, ("value",)),
}
"""Table -> what follows its name in `row`, how many parts that has, and the prices that the quote
must give."""


@dataclass(frozen=True)
class ReadQuote:
    """A quote with its row taken apart. `key` holds the parts after the table's name; an empty
    region is an empty part."""

    table: str
    key: tuple[str, ...]
    quote: Quote


def read_quotes(quotes: Sequence[Quote]) -> list[ReadQuote]:
    """Every quote, checked. Raises InputError for a row of no table, with too few parts, or without
    its price."""
    return [_read(quote) for quote in quotes]


def _read(quote: Quote) -> ReadQuote:
    table, *key = quote.row.split("/")
    field = f"quotes.{quote.row}"
    if table not in TABLES:
        raise InputError(
            "client.yaml",
            field,
            "is not a row that can be quoted",
            f"Start with one of: {', '.join(TABLES)}",
        )
    pattern, parts, prices = TABLES[table]
    if len(key) < parts:
        raise InputError(
            "client.yaml",
            field,
            f"has {len(key)} parts after {table}",
            f"Write {table}/{pattern}; an unknown region stays empty",
        )
    if len(key) > parts:
        key = [*key[: parts - 1], "/".join(key[parts - 1 :])]
    missing = [price for price in prices if getattr(quote, price) is None]
    if missing:
        raise InputError(
            "client.yaml",
            field,
            f"gives no {' and no '.join(missing)}",
            "A quote names its price in these units",
        )
    if table == "gpu_rental" and key[3] not in get_args(Term):
        raise InputError(
            "client.yaml",
            field,
            f"{key[3]!r} is not a term",
            f"One of: {', '.join(get_args(Term))}",
        )
    return ReadQuote(table, tuple(key), quote)
