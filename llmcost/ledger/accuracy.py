"""The accuracy ledger: what the throughput model predicts beside what was measured, for every
measured row of the catalog.

An error is the factor between prediction and measurement, less one, whichever of the two is larger:
0.25 is "within times or divided by 1.25", and half as much counts like twice as much. The bias is
predicted / measured: above 1 the model promises too much.
"""

import datetime as dt
import math
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from llmcost.inputs.catalog import gpu, in_force, model_shape
from llmcost.model.throughput import DoesNotFit, roofline_replica
from llmcost.model.types import Replica, Request
from llmcost.study import wording
from llmcost.study.capacity.measurements import Origin, evidence
from llmcost.study.capacity.runs import Key, catalog_runs
from llmcost.study.capacity.serving_plans import BANDS

FITTED_TABLES = {("trtllm", "0.17")}
"""(engine, version) of the public tables on which the roofline's constants were fitted: no
prediction of these rows proves anything."""
FEWEST_POINTS_COUNT = 5
"""With fewer points a group can be found bad, never good."""
CARE_ERROR_FRACTION = BANDS[Origin.ROOFLINE] - 1
"""Beyond the band that the study puts on a plan which nobody measured."""
STOP_ERROR_FRACTION = 1.0
STOP_BIAS_RATIO = 1.5
RULE = (
    f"do not use: the 90th percentile is off by more than a factor {1 + STOP_ERROR_FRACTION:g}, or"
    f" the bias is beyond times or divided by {STOP_BIAS_RATIO:g}; with care: the 90th percentile"
    f" is off by more than a factor {1 + CARE_ERROR_FRACTION:g}, or fewer than"
    f" {FEWEST_POINTS_COUNT} points"
)
EVERY_DAY = dt.date.max
PLAN = ["engine", "gpu_id", "precision"]


class Use(StrEnum):
    """Whether the roofline may be used, by RULE."""

    OK = "ok"
    WITH_CARE = "with care"
    DO_NOT_USE = "do not use"


def predictions(as_of: dt.date = EVERY_DAY) -> pd.DataFrame:
    """One line per measured row in force on a day (default: all): the measurement and three
    predictions.

    predicted_tokens_per_second    the roofline alone; 0 where the memory gate refuses what was
                                   measured
    calibrated_tokens_per_second   as a study has it from all other rows: through those of the same
                                   plan and engine, else the roofline times what the other rows on
                                   that GPU say
    predicted_itl_seconds          the roofline's seconds between tokens, beside the measured ones
                                   (NaN where not measured)
    """
    points = pd.DataFrame(
        [_prediction(row, as_of) for row in in_force("throughput", as_of).itertuples()]
    )
    roofline = [
        tokens * ratio_of_others(points, at)
        for at, tokens in points["predicted_tokens_per_second"].items()
    ]
    return points.assign(
        calibrated_tokens_per_second=points["calibrated_tokens_per_second"].fillna(
            pd.Series(roofline)
        )
    )


def _prediction(row: Any, as_of: dt.date) -> dict[str, Any]:
    """One line of `predictions`; calibrated only where other rows of the plan speak for this
    one."""
    shape = model_shape(row.model_id, as_of)
    key = Key(shape, gpu(row.gpu_id, as_of), int(row.tensor_parallel_count), row.precision)
    replica = _roofline(key, row)
    return {
        "row": row.row,
        "family": (
            "dense"
            if shape.active_parameters_count == shape.parameters_count
            else "mixture of experts"
        ),
        "engine": row.engine,
        "gpu_id": row.gpu_id,
        "precision": row.precision,
        "points": "fitted" if (row.engine, row.engine_version) in FITTED_TABLES else "held out",
        "measured_tokens_per_second": row.output_tokens_per_second,
        "predicted_tokens_per_second": (
            replica.concurrency_count / replica.itl_seconds if replica else 0.0
        ),
        "calibrated_tokens_per_second": (
            _by_this_plan(key, row, replica.concurrency_count, as_of) if replica else 0.0
        ),
        "measured_itl_seconds": row.tpot_seconds,
        "predicted_itl_seconds": replica.itl_seconds if replica else math.nan,
    }


def _roofline(key: Key, row: Any) -> Replica | None:
    """The roofline's replica for a measured row's plan, request and concurrency; None where it does
    not fit."""
    concurrency_count = None if math.isnan(row.concurrency_count) else int(row.concurrency_count)
    plan = (key.on, key.gpus_count, key.model, key.precision)
    try:
        return roofline_replica(
            *plan, row.input_tokens, row.output_tokens, concurrency_count=concurrency_count
        )
    except DoesNotFit:
        return None


def _by_this_plan(key: Key, row: Any, concurrency_count: int, as_of: dt.date) -> float:
    """Output tokens/s that the other rows of the same plan and engine give for a measured row; NaN
    where none is near enough."""
    runs = catalog_runs(as_of)[row.model_id, row.gpu_id, key.gpus_count, key.precision]
    others = [run for run in runs if run.engine == row.engine and run.source != row.row]
    found = evidence(
        key, others, Request(row.input_tokens, row.output_tokens), np.array([concurrency_count])
    )
    return float(found[0].curve.output_tokens_per_second[0]) if found else math.nan


def ratio_of_others(points: pd.DataFrame, at: Any) -> float:
    """Median measured / roofline of the rows on the same GPU and precision, of the engine with most
    of them, line `at` left out.

    1 where there are none. As `measurements.gpu_ratio`, which leaves nothing out.
    """
    here = points.loc[at]
    alike = points[
        (points["gpu_id"] == here["gpu_id"]) & (points["precision"] == here["precision"])
    ].drop(index=at)
    ratios = (alike["measured_tokens_per_second"] / alike["predicted_tokens_per_second"]).groupby(
        alike["engine"]
    )
    return float(ratios.median()[ratios.size().idxmax()]) if len(alike) else 1.0


def error_fraction(predicted: pd.Series, measured: pd.Series) -> pd.Series:
    """The factor between prediction and measurement, less one: never negative, the same for twice
    and for half.

    >>> error_fraction(pd.Series([50.0, 100.0, 125.0]), pd.Series([100.0, 100.0, 100.0])).tolist()
    [1.0, 0.0, 0.25]
    """
    return pd.Series(np.maximum(predicted / measured, measured / predicted)) - 1


def ledger(points: pd.DataFrame, by: list[str] | None = None) -> pd.DataFrame:
    """Errors of `predictions` by group (default: engine, GPU and precision), held-out and fitted
    points apart.

    points_count, median_error_fraction, p90_error_fraction, bias_ratio   the roofline alone
    calibrated_median_error_fraction, calibrated_p90_error_fraction       each row predicted from
    the other measured rows
    itl_points_count, itl_median_error_fraction, itl_bias_ratio           time between tokens, where
    it was measured
    use                                                                   a `Use`, by RULE
    """
    keys = ["points", *(PLAN if by is None else by)]
    lines = [
        dict(zip(keys, group, strict=True)) | _errors(rows) for group, rows in points.groupby(keys)
    ]
    return pd.DataFrame(lines).sort_values(
        keys, ascending=[False] + [True] * (len(keys) - 1), ignore_index=True
    )


def _errors(rows: pd.DataFrame) -> dict[str, Any]:
    """The figures of one group of points."""
    measured, predicted = rows["measured_tokens_per_second"], rows["predicted_tokens_per_second"]
    errors, calibrated = (
        error_fraction(predicted, measured),
        error_fraction(rows["calibrated_tokens_per_second"], measured),
    )
    timed = rows.dropna(subset=["measured_itl_seconds", "predicted_itl_seconds"])
    itl_errors = error_fraction(timed["predicted_itl_seconds"], timed["measured_itl_seconds"])
    found = {
        "points_count": len(rows),
        "median_error_fraction": errors.median(),
        "p90_error_fraction": errors.quantile(0.9, interpolation="higher"),
        "bias_ratio": (predicted / measured).median(),
        "calibrated_median_error_fraction": calibrated.median(),
        "calibrated_p90_error_fraction": calibrated.quantile(0.9, interpolation="higher"),
        "itl_points_count": len(timed),
        "itl_median_error_fraction": itl_errors.median(),
        "itl_bias_ratio": (timed["predicted_itl_seconds"] / timed["measured_itl_seconds"]).median(),
    }
    return found | {"use": use(len(rows), found["p90_error_fraction"], found["bias_ratio"])}


def use(points_count: int, p90_error_fraction: float, bias_ratio: float) -> Use:
    """Whether the roofline may be used for points of one kind.

    >>> print(use(20, 0.3, 1.1), use(4, 0.1, 1.0), use(20, 0.6, 1.0), use(20, 0.6, 0.5), sep=", ")
    ok, with care, with care, do not use
    """
    if (
        p90_error_fraction > STOP_ERROR_FRACTION
        or not 1 / STOP_BIAS_RATIO <= bias_ratio <= STOP_BIAS_RATIO
    ):
        return Use.DO_NOT_USE
    if p90_error_fraction > CARE_ERROR_FRACTION or points_count < FEWEST_POINTS_COUNT:
        return Use.WITH_CARE
    return Use.OK


def cautions(points: pd.DataFrame, as_of: dt.date = EVERY_DAY) -> list[str]:
    """Where the roofline must not be used, where it may be with care, and where nobody can tell: a
    sentence each."""
    lines = ledger(points)
    many = lines["points_count"] >= FEWEST_POINTS_COUNT
    never = sorted(set(in_force("gpu_hardware", as_of)["gpu_id"]) - set(points["gpu_id"]))
    found = [
        (
            "Do not use the roofline (in brackets: predicted over measured, points) for",
            _listed(lines[lines["use"] == Use.DO_NOT_USE]),
        ),
        (
            "Use it with care, its errors are wide, for",
            _listed(lines[(lines["use"] == Use.WITH_CARE) & many]),
        ),
        (
            f"Fewer than {FEWEST_POINTS_COUNT} points say too little of",
            _listed(lines[(lines["use"] == Use.WITH_CARE) & ~many]),
        ),
        ("No public row at all says anything of", ", ".join(never)),
    ]
    return [f"{said}: {listed}." for said, listed in found if listed]


def _listed(lines: pd.DataFrame) -> str:
    """Groups of points by name, each with its bias and its number of points."""
    return "; ".join(
        f"{line.engine} on {line.gpu_id} in {line.precision} ({wording.number(line.bias_ratio, 2)},"
        f" {line.points_count})"
        for line in lines.itertuples()
    )
