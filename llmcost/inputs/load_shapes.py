"""Load shapes measured on public traces: how a month's volume spreads over the hours."""

import difflib
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd

from llmcost.inputs.data_cache import data_cached
from llmcost.inputs.errors import InputError
from llmcost.inputs.paths import data_path
from llmcost.inputs.yaml_file import plain, read_yaml


def shape_names() -> list[str]:
    """Names of the shapes that the kit carries."""
    return sorted(path.stem for path in data_path("load_shapes").glob("*.csv"))


def load_shape(name: str, field: str = "shape") -> pd.DataFrame:
    """Hour by hour, each divided by its mean: hour, requests_ratio, input_ratio, output_ratio.
    Raises InputError."""
    if name not in shape_names():
        near = difflib.get_close_matches(name, shape_names(), n=1, cutoff=0.3)
        cure = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(shape_names())}"
        raise InputError("client.yaml", field, f"there is no load shape {name!r}", cure)
    return pd.read_csv(data_path("load_shapes", f"{name}.csv"))


@data_cached
def shape_facts(name: str) -> Mapping[str, Any]:
    """Title, licence, attribution and first weekday of a shape."""
    return MappingProxyType(plain(read_yaml(data_path("load_shapes", f"{name}.csv.yml"))))


TENANT = "servegen_tenant_"
"""How the names of shapes of single clients begin; the others are whole services."""


def tenant_shape(peak_to_mean_ratio: float) -> str:
    """The single client's shape whose busiest hour over its mean hour, in requests, is nearest to
    this ratio."""
    peaks = {
        name: load_shape(name)["requests_ratio"].max()
        for name in shape_names()
        if name.startswith(TENANT)
    }
    return min(peaks, key=lambda name: abs(math.log(peaks[name] / peak_to_mean_ratio)))
