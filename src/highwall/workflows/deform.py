"""Interferograms → motion: ``displacement.zarr`` and maps of velocity, its error and its quality."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from highwall.core.epochs import as_dates
from highwall.core.grid import grid_of
from highwall.core.site import Site
from highwall.insar.geometry import ALL_VERTICAL, vertical_motion
from highwall.insar.inversion import invert
from highwall.insar.network import Network
from highwall.insar.options import InversionOptions
from highwall.insar.quality import decorrelated
from highwall.insar.velocity import stated_error
from highwall.io.interferograms import StackReading, open_stack
from highwall.io.rasters import read_zarr, write_cog, write_zarr
from highwall.workflows.run import Outcome, Run, Stage
from highwall.workflows.sites import site_of_grid

MAPS = ("velocity", "velocity_std", "temporal_coherence")
VERTICAL_MAPS = ("velocity_vertical", "velocity_vertical_std")
OUTPUTS = ("displacement.zarr", *(f"{name}.tif" for name in (*MAPS, *VERTICAL_MAPS)))


def deform(
    run: Run, folder: Path, *, wavelength_m: float | None, incidence_deg: float | None, options: InversionOptions
) -> dict[str, Any]:
    """Invert a folder of interferograms.

    Parameters
    ----------
    folder
        GeoTIFF pairs, or the GAMMA-derived layout with headers and baselines.
    wavelength_m, incidence_deg
        Against what the files say, or where they say nothing.

    Raises
    ------
    StackError
        Nothing can be read, or the wavelength is unknown.
    NetworkError
        No pair is usable.
    """
    parameters = {"deform": options, "wavelength_m": wavelength_m, "incidence_deg": incidence_deg}

    def work() -> Outcome:
        reading = open_stack(folder, wavelength_m=wavelength_m, incidence_deg=incidence_deg)
        _invert(run, reading.stack, options)
        return _outcome(read_zarr(run.path("displacement.zarr")), reading)

    return run.stage(Stage("deform", {"stack": folder}, parameters, OUTPUTS), work)


def site_of_stack(folder: Path, *, wavelength_m: float | None, incidence_deg: float | None) -> Site:
    """Make a site that spans a stack and bears its folder's name."""
    stack = open_stack(folder, wavelength_m=wavelength_m, incidence_deg=incidence_deg).stack
    return site_of_grid(grid_of(stack["unw"], name=str(folder)), name=folder.resolve().name)


def _invert(run: Run, stack: xr.Dataset, options: InversionOptions) -> None:
    """Write every layer in one pass over the stack, then the maps from what was written."""
    inverted = invert(stack, options=options)
    result = inverted.assign(velocity_std=stated_error(inverted))
    layers = result.assign(decorrelated=decorrelated(result, stack))
    if "incidence_deg" in stack.attrs:
        layers = layers.assign(vertical_motion(result, incidence_deg=float(stack.attrs["incidence_deg"])))
    write_zarr(layers, run.path("displacement.zarr"))
    written = read_zarr(run.path("displacement.zarr"))
    for name in (*MAPS, *VERTICAL_MAPS):
        if name in written:
            write_cog(written[name], run.path(f"{name}.tif"))


def _outcome(result: xr.Dataset, reading: StackReading) -> Outcome:
    network, epochs = Network.from_stack(reading.stack), as_dates(result["epoch"].values)
    components = result["n_components"].values
    velocity = result["velocity"].values[components == 1]
    measured = np.isfinite(velocity).any()
    bperp = network.epoch_bperp()
    facts = {
        "n_epochs": len(epochs), "n_pairs": network.n_pairs, "first": epochs[0], "last": epochs[-1],
        "n_components": int(network.components().max()) + 1,
        "share_split": float((components > 1).mean()),
        "epochs": epochs, "pairs": network.pairs.tolist(), "bperp_m": None if bperp is None else bperp.tolist(),
        "velocity_min": float(np.nanmin(velocity)) if measured else None,
        "velocity_max": float(np.nanmax(velocity)) if measured else None,
        "share_decorrelated": float(result["decorrelated"].values.mean()),
        "reference": result.attrs["reference"], "network": result.attrs["network"],
        "weighting": result.attrs["weighting"], "pairs_set_aside": result.attrs["pairs_set_aside"],
        "assumption": ALL_VERTICAL if "velocity_vertical" in result else None,
    }  # fmt: skip
    return Outcome(facts, epochs, reading.set_aside)
