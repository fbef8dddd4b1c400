"""A notebook's headline numbers as a display of their own type, for the report to merge."""

import datetime
import math
import numbers

from llmcost.study.wording import rounded

RESULTS_MIME = "application/vnd.llmcost.results+json"
STORED_DIGITS_COUNT = 9
ABOUT_THE_CODE = ("fingerprint", "versions")
"""Moves with every line of code, so it travels beside the numbers that nbval compares."""


def plain(value, where="results"):
    """The value as JSON holds it: nine significant digits, dates as text; a NaN is refused by its
    name."""
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        value = value.tolist()
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, dict):
        return {str(key): plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, f"{where}[{position}]") for position, item in enumerate(value)]
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        if not math.isfinite(value):
            raise ValueError(
                f"{where} is {value}: a result is a finite number, or None with a reason beside it"
            )
        return rounded(value, STORED_DIGITS_COUNT)
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(
        f"{where} is a {type(value).__name__}: results hold numbers, text, dates, lists and dicts"
    )


class Results:
    """What a `results` cell displays."""

    def __init__(self, payload, about):
        self.payload = payload
        self.about = about

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {RESULTS_MIME: self.payload, "text/plain": repr(self)}, {RESULTS_MIME: self.about}

    def __repr__(self):
        return f"Results of {self.payload['notebook']}: {', '.join(self.payload['results'])}"


def results(study, notebook_id, values):
    """The display of one notebook's headline results; the verdict's carries the whole study."""
    payload = {"slug": study.slug, "notebook": notebook_id, "results": plain(values)}
    about = {"fingerprint": study.fingerprint}
    if notebook_id.startswith("05"):
        record = plain(study.record(), "record")
        about |= {key: record.pop(key) for key in ABOUT_THE_CODE if key in record}
        payload["record"] = record
    return Results(payload, about)
