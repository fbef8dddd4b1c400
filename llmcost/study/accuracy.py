"""The accuracy ledger: what the throughput model predicts beside what was measured, for every measured row of the catalog.

An error is the factor between prediction and measurement, less one, whichever of the two is larger: 0.25 is "within times or
divided by 1.25", and half as much counts like twice as much. The bias is predicted / measured: above 1 the model promises too much.
"""

import datetime as dt
import math
from typing import Any

import numpy as np
import pandas as pd

from llmcost.inputs.catalog import gpu, in_force, model_shape
from llmcost.model.throughput import DoesNotFit, output_tokens_per_second, roofline_replica
from llmcost.model.types import Replica
from llmcost.study import wording
from llmcost.study.capacity import BANDS, SAME_SHAPE_RATIO, MeasuredPoint, measured_points, measured_rows

FITTED_TABLES = {("trtllm", "0.17")}
"""(engine, version) of the public tables on which the roofline's constants were fitted: no prediction of these rows proves anything."""
FEWEST_POINTS_COUNT = 5
"""With fewer points a group can be found bad, never good."""
CARE_ERROR_FRACTION = BANDS["roofline"] - 1
"""Beyond the band that the study puts on a plan which nobody measured."""
STOP_ERROR_FRACTION = 1.0
STOP_BIAS_RATIO = 1.5
RULE = (
    f"do not use: the 90th percentile is off by more than a factor {1 + STOP_ERROR_FRACTION:g}, or the bias is beyond times or divided by "
    f"{STOP_BIAS_RATIO:g}; with care: the 90th percentile is off by more than a factor {1 + CARE_ERROR_FRACTION:g}, "
    f"or fewer than {FEWEST_POINTS_COUNT} points"
)
EVERY_DAY = dt.date.max
PLAN = ["engine", "gpu_id", "precision"]


def predictions(as_of: dt.date = EVERY_DAY) -> pd.DataFrame:
    """One line per measured row in force on a day (default: all): the measurement and three predictions.

    predicted_tokens_per_second    the roofline alone; 0 where the memory gate refuses what was measured
    calibrated_tokens_per_second   the roofline corrected by all other measured rows, as the study does, this row left out
    predicted_itl_seconds          the roofline's seconds between tokens, beside the measured ones (NaN where not measured)
    """
    return pd.DataFrame([_prediction(row, as_of) for row in in_force("throughput", as_of).itertuples()])


def _prediction(row: Any, as_of: dt.date) -> dict[str, Any]:
    """One line of `predictions`."""
    shape = model_shape(row.model_id, as_of)
    replica = _roofline(row, as_of)
    predicted = output_tokens_per_second(replica, row.input_tokens, row.output_tokens) if replica else 0.0
    return {
        "row": row.row,
        "model_id": row.model_id,
        "family": "dense" if shape.active_parameters_count == shape.parameters_count else "mixture of experts",
        "engine": row.engine,
        "gpu_id": row.gpu_id,
        "precision": row.precision,
        "points": "fitted" if (row.engine, row.engine_version) in FITTED_TABLES else "held out",
        "measured_tokens_per_second": row.output_tokens_per_second,
        "predicted_tokens_per_second": predicted,
        "calibrated_tokens_per_second": predicted * (_ratio_without(row, replica.concurrency_count, as_of) if replica else 1.0),
        "measured_itl_seconds": row.tpot_seconds,
        "predicted_itl_seconds": replica.itl_seconds if replica else math.nan,
    }


def _roofline(row: Any, as_of: dt.date) -> Replica | None:
    """The roofline's replica for a measured row's plan, shape and concurrency; None where it does not fit."""
    concurrency_count = None if math.isnan(row.concurrency_count) else int(row.concurrency_count)
    plan = (gpu(row.gpu_id, as_of), int(row.tensor_parallel_count), model_shape(row.model_id, as_of), row.precision)
    try:
        return roofline_replica(*plan, row.input_tokens, row.output_tokens, concurrency_count=concurrency_count)
    except DoesNotFit:
        return None


def _ratio_without(row: Any, concurrency_count: int, as_of: dt.date) -> float:
    """What the study would multiply the roofline by at a measured row, had that row not been measured."""
    plan = (row.model_id, row.gpu_id, int(row.tensor_parallel_count), row.precision)
    kept = [p for p in measured_points(*plan, as_of) if p.row != row.row]
    here = np.log([row.input_tokens, row.output_tokens, concurrency_count])
    ratio = _interpolated(kept, here) if kept else None
    if ratio is not None:
        return ratio
    alike = [p for p in measured_rows(as_of) if (p[1], p[3]) == (row.gpu_id, row.precision)]
    others = [p.ratio for plan in alike for p in measured_points(*plan, as_of) if p.row != row.row]
    return float(np.median(others)) if others else 1.0


def _interpolated(points: list[MeasuredPoint], here: np.ndarray) -> float | None:
    places = np.array([p.position for p in points])
    away = np.abs(places - here)
    near = away[:, :2].max(axis=1) <= math.log(SAME_SHAPE_RATIO)
    slack = math.log(2)
    inside = bool(np.all((here[:2] >= places[:, :2].min(axis=0) - slack) & (here[:2] <= places[:, :2].max(axis=0) + slack)))
    if not near.any() and not inside:
        return None
    weights = np.where(near | (not near.any()), 1.0, 0.0) / (0.05 + (away**2).sum(axis=1))
    return math.exp(float(np.average(np.log([p.ratio for p in points]), weights=weights)))


def error_fraction(predicted: pd.Series, measured: pd.Series) -> pd.Series:
    """The factor between prediction and measurement, less one: never negative, the same for twice and for half.

    >>> error_fraction(pd.Series([50.0, 100.0, 125.0]), pd.Series([100.0, 100.0, 100.0])).tolist()
    [1.0, 0.0, 0.25]
    """
    return pd.Series(np.maximum(predicted / measured, measured / predicted)) - 1


def ledger(points: pd.DataFrame, by: list[str] | None = None) -> pd.DataFrame:
    """Errors of `predictions` by group (default: engine, GPU and precision), held-out and fitted points apart.

    points_count, median_error_fraction, p90_error_fraction, bias_ratio   the roofline alone
    calibrated_median_error_fraction, calibrated_p90_error_fraction       each row predicted from the other measured rows
    itl_points_count, itl_median_error_fraction, itl_bias_ratio           time between tokens, where it was measured
    use                                                                   ok | with care | do not use, by RULE
    """
    keys = ["points", *(PLAN if by is None else by)]
    lines = [dict(zip(keys, group, strict=True)) | _errors(rows) for group, rows in points.groupby(keys)]
    return pd.DataFrame(lines).sort_values(keys, ascending=[False] + [True] * (len(keys) - 1), ignore_index=True)


def _errors(rows: pd.DataFrame) -> dict[str, Any]:
    """The figures of one group of points."""
    measured, predicted = rows["measured_tokens_per_second"], rows["predicted_tokens_per_second"]
    errors, calibrated = error_fraction(predicted, measured), error_fraction(rows["calibrated_tokens_per_second"], measured)
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


def use(points_count: int, p90_error_fraction: float, bias_ratio: float) -> str:
    """ok | with care | do not use, by RULE.

    >>> use(20, 0.3, 1.1), use(4, 0.1, 1.0), use(20, 0.6, 1.0), use(20, 0.6, 0.5), use(3, 2.0, 1.0)
    ('ok', 'with care', 'with care', 'do not use', 'do not use')
    """
    if p90_error_fraction > STOP_ERROR_FRACTION or not 1 / STOP_BIAS_RATIO <= bias_ratio <= STOP_BIAS_RATIO:
        return "do not use"
    if p90_error_fraction > CARE_ERROR_FRACTION or points_count < FEWEST_POINTS_COUNT:
        return "with care"
    return "ok"


def cautions(points: pd.DataFrame, as_of: dt.date = EVERY_DAY) -> list[str]:
    """Where the roofline must not be used, where it may be with care, and where nobody can tell: a sentence each."""
    lines = ledger(points)
    many = lines["points_count"] >= FEWEST_POINTS_COUNT
    never = sorted(set(in_force("gpu_hardware", as_of)["gpu_id"]) - set(points["gpu_id"]))
    found = [
        ("Do not use the roofline (in brackets: predicted over measured, points) for", _listed(lines[lines["use"] == "do not use"])),
        ("Use it with care, its errors are wide, for", _listed(lines[(lines["use"] == "with care") & many])),
        (f"Fewer than {FEWEST_POINTS_COUNT} points say too little of", _listed(lines[(lines["use"] == "with care") & ~many])),
        ("No public row at all says anything of", ", ".join(never)),
    ]
    return [f"{said}: {listed}." for said, listed in found if listed]


def _listed(lines: pd.DataFrame) -> str:
    """Groups of points by name, each with its bias and its number of points."""
    return "; ".join(
        f"{line.engine} on {line.gpu_id} in {line.precision} ({wording.number(line.bias_ratio, 2)}, {line.points_count})"
        for line in lines.itertuples()
    )
