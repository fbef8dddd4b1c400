"""How busy, how bursty, and which part of a load belongs where."""

import numpy as np

from llmcost.claims import facts
from llmcost.claims.claim_table import Claim, said
from llmcost.claims.findings import Check, Finding, allowed, same, shown
from llmcost.inputs.load_shapes import load_shape, shape_names
from llmcost.model import autoscale, fleet, split
from llmcost.model.fleet import LoadDurationCurve
from llmcost.study.wording import number, percent

POOLED, SERVICE, SINGLE = "servegen_m_large_total", "azure_conversation_week", "servegen_tenant_118"
LOAD_REPLICAS = 20.0
"""Mean load of the fleets looked at: large enough that whole replicas round nothing away."""
BURST_HOURS = np.array([8, 4, 3])
LINEAR = LoadDurationCurve(np.linspace(0, 100, 1001))
"""A load that is as often low as high, on a hundred replicas."""


def peak_fill(name: str) -> float:
    """Delivered utilization of a fleet for the busiest hour of a shape."""
    load = facts.curve(name, LOAD_REPLICAS)
    return float(
        fleet.delivered_utilization(
            load.mean_served(load.peak), fleet.replicas_for_peak(load.peak, 0.0)
        )
    )


def pooled(claim: Claim) -> Finding:
    """Utilization of a provider's total over that of its single clients."""
    single = [peak_fill(name) for name in shape_names() if name.startswith("servegen_tenant")]
    total = peak_fill(POOLED)
    ends = f"{percent(min(single))} to {percent(max(single))}"
    return shown(
        total > float(np.median(single)),
        total,
        "fill",
        f"a fleet for the peak of a whole service; of single clients {ends}",
    )


def waste_or_wait(claim: Claim) -> Finding:
    """Idle share of a fleet for the peak, and unserved share of one for the mean."""
    load = facts.curve(SINGLE, LOAD_REPLICAS)
    idle = 1 - peak_fill(SINGLE)
    unserved = 1 - float(load.mean_served(np.ceil(load.mean))) / load.mean
    reason = (
        f"a bursty client's fleet for the peak is {percent(idle)} idle; one for the mean leaves"
        f" {percent(unserved)} unserved"
    )
    return same(claim, (idle > 0) + (unserved > 0), "options", reason)


def most_teams(claim: Claim) -> Finding:
    """Public clients of sizes whose median could not fill a GPU of a 14B model, the easiest to
    fill, to break even."""
    need = facts.lowest_fill(facts.QWEN)
    clients = facts.presets()
    share = clients[clients["fill"] < need]["clients_count"].sum() / clients["clients_count"].sum()
    reason = (
        f"share of public clients in sizes whose median fill stays under the {number(need)} that a"
        " 14B model needs; one provider's clients"
    )
    return shown(share > 0.5, share, "share", reason)


def peak_misleads(claim: Claim) -> Finding:
    """Peak over mean of the measured shapes."""
    found = [float(facts.curve(name).peak) for name in shape_names()]
    return shown(
        min(found) > 1,
        found,
        "x",
        "busiest hour over mean hour of eight measured loads: so much too cheap is a token at the"
        " peak",
    )


def bursty(claim: Claim) -> Finding:
    """Public clients of sizes in which nine of ten have a peak of over twice their mean."""
    clients = facts.presets()
    share = (
        clients[clients["p10_ratio"] > 2]["clients_count"].sum() / clients["clients_count"].sum()
    )
    return shown(
        share > 0.5,
        share,
        "share",
        "of public clients, in sizes where nine of ten have a busiest hour over twice the mean",
    )


def ten_to_twenty(claim: Claim) -> Finding:
    """Median fill of public clients by size."""
    found = 100 * facts.presets()["fill"].to_numpy()
    return allowed(
        claim,
        found,
        "%",
        "median public client by size, from under 1,000 to over 1 M requests a day:"
        f" {', '.join(number(f) for f in found)} %",
    )


def scaled(claim: Claim) -> Finding:
    """Billed replicas of an autoscaled fleet over its load, and over a fleet for the peak."""
    load = facts.curve(SERVICE, LOAD_REPLICAS)
    hours = load_shape(SERVICE)["output_ratio"].to_numpy() * LOAD_REPLICAS
    billed, _ = autoscale.autoscaled(hours, np.ceil(hours), 0.25)
    fixed = float(fleet.replicas_for_peak(load.peak, 0.0))
    if claim.claim_id == "A1-020":
        return shown(
            bool(billed > load.mean),
            [billed / load.mean, fixed / load.mean],
            "x the load",
            "billed over served: with autoscaling, and without",
        )
    return shown(
        billed < fixed,
        billed / fixed,
        "x",
        "billed hours with autoscaling over a fleet for the peak, on a conversation service",
    )


def headroom(claim: Claim) -> Finding:
    """GPU hours paid over GPU hours used, by a fleet for the peak."""
    found = [1 / peak_fill(name) for name in (SERVICE, SINGLE)]
    return shown(
        min(found) > 1,
        found,
        "x",
        "hours paid over hours used: a conversation service, and a bursty client",
    )


def hybrid(saving: np.ndarray) -> np.ndarray:
    """(u*, share of the work left to the API) of the best split on a linear load curve that saves
    this much."""
    prices = np.linspace(0.005, 0.995, 199)
    owned = split.owned_slices(LINEAR, prices, 1.0)
    own, api = map(np.asarray, split.split_usd_per_month(LINEAR, owned, prices, 1.0))
    whole = float(split.split_usd_per_month(LINEAR, 0, 1.0, 1.0)[1])
    saved = 1 - (own + api) / whole
    return np.array([np.interp(saving, saved[::-1], each[::-1]) for each in (prices, api / whole)])


def savings(claim: Claim) -> Finding:
    """The most that a stack saves that leaves the bulk to the API, GPUs for nothing."""
    counts = np.arange(0, 101)
    api = np.asarray(split.split_usd_per_month(LINEAR, counts, 1e-9, 1.0)[1])
    left = api / api[0]
    most = float((1 - left[left > 0.5]).max())
    fill = hybrid(said(claim.claim_id) / 100)[0]
    reason = f"free GPUs save {number(100 * most)} % at most if the bulk stays on APIs; "
    reason += (
        f"else it takes a u* of {number(fill.min(), 2)} to {number(fill.max(), 2)} and no engineer"
    )
    return same(claim, np.minimum(said(claim.claim_id), 100 * most), "%", reason)


def bulk_to_api(claim: Claim) -> Finding:
    """Share of the work that the exact split leaves to the API where it saves what the article
    says."""
    found = 100 * hybrid(said("A1-026") / 100)[1]
    return shown(
        found.min() > said(claim.claim_id)[0],
        found,
        "% of traffic",
        "left to the API by the exact split that saves 40 to 70 %, linear load curve",
    )


def base_load(claim: Claim) -> Finding:
    """Fill of the lowest and of the highest slice of a conversation service."""
    load = facts.curve(SERVICE, LOAD_REPLICAS)
    found = load.fill(np.array([0, int(load.peak)]))
    return shown(
        found[0] > found[1],
        found,
        "fill",
        "of the lowest slice and of the highest: fill falls with height, so the base is what"
        " to own",
    )


def spikes_to_api(claim: Claim) -> Finding:
    """Slices worth owning where a full hour of the API costs twice the GPU, over the peak."""
    load = facts.curve(SERVICE, LOAD_REPLICAS)
    owned = float(split.owned_slices(load, 1.0, 2.0))
    _, api = split.split_usd_per_month(load, owned, 1.0, 2.0)
    share = float(api) / float(split.split_usd_per_month(load, 0, 1.0, 2.0)[1])
    return shown(
        0 < owned < float(load.peak),
        share,
        "share",
        "of the work that the exact split sends to the API where a full hour of it costs twice"
        " the GPU",
    )


def steady(claim: Claim) -> Finding:
    """Slices of a steady load worth owning where the GPU costs half of what the API bills for a
    full hour."""
    owned = float(split.owned_slices(LoadDurationCurve(np.ones(24)), 1.0, 2.0))
    return shown(
        owned == 1, owned, "GPU", "worth owning from a u* of one half, and from any below one"
    )


def in_bursts(claim: Claim) -> Finding:
    """Slices worth owning of the same volume in short daily bursts."""
    counts = [float(split.owned_slices(_burst(hours), 1.0, 2.0)) for hours in BURST_HOURS]
    return shown(
        max(counts) == 0,
        counts,
        "GPU",
        "of the same volume in three to eight hours a day none is worth owning at a u* of one half",
    )


def several_fold(claim: Claim) -> Finding:
    """Cost of a token in bursts over the same volume around the clock."""
    peaks = np.array([fleet.replicas_for_peak(_burst(hours).peak, 0.0) for hours in BURST_HOURS])
    return shown(peaks.min() > 2, peaks, "x", "bursts of eight to three hours a day")


def _burst(hours: int) -> LoadDurationCurve:
    """One replica's mean load in so many hours of the day."""
    return LoadDurationCurve(np.r_[np.full(hours, 24 / hours), np.zeros(24 - hours)])


CHECKS: dict[tuple[str, ...], Check] = {
    ("A0-006",): pooled,
    ("A0-008",): waste_or_wait,
    ("A0-012",): most_teams,
    ("A0-018",): peak_misleads,
    ("A1-011",): bursty,
    ("A1-020", "A4-033"): scaled,
    ("A1-025",): bulk_to_api,
    ("A1-026",): savings,
    ("A3-010", "A3-022"): headroom,
    ("A3-013", "A3-031"): in_bursts,
    ("A3-015", "A3-030"): steady,
    ("A3-026",): base_load,
    ("A3-027",): spikes_to_api,
    ("A3-032",): several_fold,
    ("A4-029",): ten_to_twenty,
}
