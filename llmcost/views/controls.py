"""Controls of the playgrounds. They live inside the chart: no Python runs when one moves, and none
has to run for it to show."""

import altair as alt


def slider(label, low, high, start, step):
    """A parameter bound to a slider under the chart: `chart.add_params(it)`, and use it in a
    `transform_calculate`.

    label  what the reader sees, with the unit
    """
    return alt.param(
        value=start, bind=alt.binding_range(min=low, max=high, step=step, name=f"{label} ")
    )


def menu(label, options, start):
    """A parameter bound to a drop-down list under the chart."""
    return alt.param(value=start, bind=alt.binding_select(options=list(options), name=f"{label} "))
