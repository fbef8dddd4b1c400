"""Playgrounds in which Python answers each move of a slider with the package's own functions. They
never enter a report."""

import math
from dataclasses import replace

import altair as alt
import ipywidgets
import pandas as pd
from IPython.display import display

from llmcost.model.fleet import delivered_utilization, gpu_usd_per_mtok
from llmcost.study.fleets.utilization import OwnFleet, cost_by_utilization
from llmcost.study.wording import number, percent, usd
from llmcost.views.charts.load import price_chart


def fleet_playground(fleet: OwnFleet, rivals: pd.DataFrame) -> ipywidgets.VBox:
    """Replicas, utilization and price of a token at any volume, peak, headroom and number of
    spares.

    rivals  usd_per_mtok, text, thing: what the same work costs elsewhere; may be empty
    """
    highest, above = (
        math.log10(max(50.0, 2 * fleet.peak_to_mean_ratio)),
        max(3.0, 2 * fleet.headroom_fraction),
    )
    sliders = {
        "volume_ratio": ipywidgets.FloatLogSlider(
            1.0, min=-1, max=2, step=0.05, description="volume, times today's"
        ),
        "peak_to_mean_ratio": ipywidgets.FloatLogSlider(
            fleet.peak_to_mean_ratio, min=0, max=highest, step=0.02, description="peak to mean"
        ),
        "headroom_fraction": ipywidgets.FloatSlider(
            fleet.headroom_fraction, min=0, max=above, step=0.01, description="headroom"
        ),
        "spare_count": ipywidgets.IntSlider(
            fleet.spare_count, min=0, max=max(4, fleet.spare_count), description="spares"
        ),
    }
    for each in sliders.values():
        each.style.description_width, each.layout.width = "150px", "520px"
        each.continuous_update = False

    def show(**moved):
        display(moved_fleet_chart(fleet, rivals, **moved))

    return ipywidgets.VBox([*sliders.values(), ipywidgets.interactive_output(show, sliders)])


def moved_fleet_chart(
    fleet: OwnFleet,
    rivals: pd.DataFrame,
    volume_ratio: float,
    peak_to_mean_ratio: float,
    headroom_fraction: float,
    spare_count: int,
) -> alt.LayerChart:
    """The price of a token on the fleet as the sliders have it; its title says replicas,
    utilization and price."""
    mean = fleet.supply.curve.mean * volume_ratio
    count = float(
        replace(fleet, headroom_fraction=headroom_fraction, spare_count=spare_count).replicas_for(
            mean * peak_to_mean_ratio
        )
    )
    busy = float(delivered_utilization(mean, count))
    cost = float(gpu_usd_per_mtok(fleet.replica_usd_per_hour, fleet.tokens_per_second, busy))
    point = pd.DataFrame(
        {
            "utilization_fraction": [busy],
            "usd_per_mtok": [cost],
            "text": [f"{percent(busy)} busy: {usd(cost)}"],
        }
    )
    title = (
        f"{number(count)} replicas for a mean load of {number(mean)}: {percent(busy)} busy,"
        f" {usd(cost)} a million tokens"
    )
    return price_chart(
        cost_by_utilization(fleet), point, rivals, title, "GPUs alone, whole replicas and machines"
    )
