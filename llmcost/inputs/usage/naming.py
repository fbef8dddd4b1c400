"""The SQL that names model and tier, of the columns that an export holds them in."""

from llmcost.inputs.usage.formats import terms
from llmcost.inputs.usage.normalise import Read
from llmcost.inputs.usage.sql import literal

TIERS = {
    "": "standard",
    "default": "standard",
    "auto": "standard",
    "on_demand": "standard",
    "message": "standard",
}
"""Words that exports use for the tier that has no name."""


def model_sql(read: Read) -> str:
    """The model's name, of the columns that hold it; '' where there is none."""
    texts = [
        f"nullif(trim({read.value(f).sql}::VARCHAR), '')"
        for f in terms(read.kind.model)
        if read.has(f)
    ]
    name = f"coalesce({', '.join([*texts, chr(39) * 2])})"
    return (
        f"trim(split_part({name}, {literal(read.kind.model_until)}, 1))"
        if read.kind.model_until
        else name
    )


def tier_sql(read: Read) -> str:
    """standard | batch | ..., of the columns that hold it."""
    word = (
        f"lower(trim(coalesce({read.value(read.kind.tier).sql}::VARCHAR, '')))"
        if read.has(read.kind.tier)
        else "''"
    )
    named = (
        "CASE "
        + " ".join(f"WHEN {word} = {literal(k)} THEN {literal(v)}" for k, v in TIERS.items())
        + f" ELSE {word} END"
    )
    if not read.has(read.kind.batch):
        return named if read.has(read.kind.tier) else "'standard'"
    return (
        f"CASE WHEN lower({read.value(read.kind.batch).sql}::VARCHAR) IN ('true', 't', '1', 'yes')"
        f" THEN 'batch' ELSE {named} END"
    )
