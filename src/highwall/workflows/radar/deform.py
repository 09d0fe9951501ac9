"""Interferograms → motion: ``displacement.zarr``, maps and pictures of velocity, its error and its quality."""

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from highwall.core.epochs import as_dates
from highwall.core.errors import SetAside
from highwall.insar.geometry import ALL_VERTICAL
from highwall.insar.network import Network
from highwall.insar.stack import wavelength_of
from highwall.insar.summary import NUMBERED, summarize
from highwall.io.radar.mintpy_export import write_mintpy
from highwall.io.radar.radar_item import RadarItem, radar_item
from highwall.io.rasters import read_zarr, write_cog
from highwall.workflows.blocks import Crew
from highwall.workflows.config import DeformSection
from highwall.workflows.radar.measure import Measured, Measurement
from highwall.workflows.radar.pictures import PICTURES, draw
from highwall.workflows.radar.stack import Given, RadarScene, open_radar, unwrapped
from highwall.workflows.run import Outcome, Run, Stage

MAPS = (
    "velocity", "velocity_std", "temporal_coherence", "mean_coherence", "share_open", "insar_quality",
    "velocity_vertical", "velocity_vertical_std", "velocity_uncorrected", "dem_error", "annual_amplitude",
    "annual_peak",
)  # fmt: skip
"""Layers that also leave as a map, where they are made."""
MINTPY_FILES = ("timeseries.h5", "velocity.h5")
OUTPUTS = ("displacement.zarr", *(f"{name}.tif" for name in MAPS), *PICTURES, *MINTPY_FILES)


def deform(run: Run, given: Given, crew: Crew, *, options: DeformSection) -> dict[str, Any]:
    """Turn a stack of interferograms into motion.

    Raises
    ------
    StackError
        Nothing can be read, the wavelength is unknown, or nobody knows where the pixels lie.
    NetworkError
        No pair is usable.
    InputError
        What is asked for misses something; the message names it.
    """
    given, network, left_out = unwrapped(given, run.folder, options=options, say=run.say)
    parameters = {"deform": options, "wavelength_m": given.wavelength_m, "incidence_deg": given.incidence_deg}
    stage = Stage("deform", given.files, parameters, OUTPUTS)

    def work() -> Outcome:
        scene = open_radar(given, network)
        run.say(f"deform: {Network.from_stack(scene.stack).describe()}")
        measured = Measurement(scene, options, crew, run.bench(stage)).carried_out()
        measured.store.release(run.path("displacement.zarr"))
        outcome = _leave(run, scene, measured, options)
        return replace(outcome, set_aside=[*left_out, *scene.set_aside, *outcome.set_aside])

    return run.stage(stage, work)


def _leave(run: Run, scene: RadarScene, measured: Measured, options: DeformSection) -> Outcome:
    """Write maps, pictures and what others read, and say what was found."""
    result = read_zarr(run.path("displacement.zarr"))
    for name in MAPS:
        if name in result:
            write_cog(result[name], run.path(f"{name}.tif"))
    if options.mintpy:
        bperp = Network.from_stack(scene.stack).epoch_bperp()
        told = result if bperp is None else result.assign_coords(bperp=("epoch", bperp))
        write_mintpy(told, run.folder, wavelength_m=wavelength_of(scene.stack))
    not_drawn = draw(run.folder, scene, result, measured, options=options)
    epochs = as_dates(result["epoch"].values)
    unreferenced = [SetAside(*entry.split(": ", maxsplit=1)) for entry in result.attrs["pairs_set_aside"]]
    facts = _network_facts(scene) | summarize(result[list(NUMBERED)].load()) | _account(result, measured)
    about = _stac(scene)
    return Outcome(
        {"epochs": epochs, "first": epochs[0], "last": epochs[-1]} | facts, epochs, about=about.properties,
        extensions=about.extensions, set_aside=[*unreferenced, *not_drawn],
    )  # fmt: skip


def _stac(scene: RadarScene) -> RadarItem:
    """Fields of the STAC extensions for InSAR."""
    network = Network.from_stack(scene.stack)
    bperp = network.epoch_bperp()
    last = None if bperp is None or np.isnan(bperp[-1]) else float(bperp[-1])
    return radar_item(scene.stack.attrs, epochs=as_dates(network.epochs), bperp_m=last)


def _network_facts(scene: RadarScene) -> dict[str, Any]:
    network, selection = Network.from_stack(scene.stack), scene.selection
    bperp = network.epoch_bperp()
    discarded = selection.set_aside()
    return {
        "n_epochs": network.n_epochs, "n_pairs": network.n_pairs, "n_pairs_discarded": len(discarded),
        "n_components": int(network.components().max()) + 1,
        "pairs": network.pairs.tolist(), "bperp_m": None if bperp is None else bperp.tolist(),
        "super_master": as_dates(selection.network.epochs)[selection.super_master],
        "statistics": selection.statistics()._asdict(),
        "pairs_discarded": [f"{name}: {reason}" for name, reason in discarded],
    }  # fmt: skip


def _account(result: xr.Dataset, measured: Measured) -> dict[str, Any]:
    """Which choices were made, in words."""
    return {
        "reference": measured.reference.why, "network": result.attrs["network"],
        "weighting": result.attrs["weighting"], "pairs_set_aside": result.attrs["pairs_set_aside"],
        "noise": measured.noise.describe(),
        "effects": [effect._asdict() for effect in measured.effects],
        "corrections": [name for name in map(str, result) if name.startswith("correction_")],
        "assumption": ALL_VERTICAL if "velocity_vertical" in result else None,
    }  # fmt: skip
