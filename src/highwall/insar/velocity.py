"""How a pixel moves: velocity, seasons and sudden steps fitted to its series, and how sure the velocity is."""

from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.checks import check_dims
from highwall.core.constants import DAYS_PER_YEAR
from highwall.core.errors import InputError
from highwall.core.products import LAYERS
from highwall.insar.motion_model import MotionModel, motion_model
from highwall.insar.options import VelocityOptions
from highwall.insar.regression import Group, Matrix, combine, full_rank, groups_of, sum_of_squares
from highwall.insar.series_noise import SeriesNoise, SlopeVariance, slope_variance


def fit_motion(
    displacement: xr.DataArray,
    *,
    options: VelocityOptions | None = None,
    formal_std: xr.DataArray | None = None,
    noise: SeriesNoise | None = None,
) -> xr.Dataset:
    """Least-squares velocity of each pixel, its standard error and, if asked for, its season and steps.

    Parameters
    ----------
    displacement : (epoch, y, x) [m]
        NaN is missing; epochs need not be evenly spaced. In memory or Dask; Dask gives Dask, with equal numbers.
    options
        Which terms a series is made of; a line alone by default.
    formal_std : (y, x) [m year⁻¹]
        ``velocity_std`` of :func:`~highwall.insar.inversion.invert`: what the pairs' noise makes of a line's slope.
    noise
        How errors of the scene's series hang together in time (:func:`~highwall.insar.series_noise.fit_noise`); goes
        with ``formal_std``. Without the two, dates are taken as independent: right for a series of any other origin,
        too sure of one from a network.

    Returns
    -------
    velocity : (y, x) float32 [m year⁻¹]
        NaN where a pixel's epochs cannot tell the terms apart.
    velocity_std : (y, x) float32 [m year⁻¹]
        NaN where nothing is left over to tell the scatter by, unless ``formal_std`` is known there.
    network_share : (y, x) float32 [1], with ``noise``
        Share of that error's variance that the pairs' noise makes; 0 where there is no error at all.
    annual_amplitude, annual_peak : (y, x) float32 [m], [day], with a season
        1 January is day 1.
    step : (event, y, x) float32 [m], with steps
        Their dates are the coordinate ``event``.

    Raises
    ------
    InputError
        The dims are others, these epochs cannot tell the terms apart, or only one of ``formal_std`` and ``noise`` is
        given.
    """
    if (formal_std is None) != (noise is None):
        raise InputError("formal_std and noise describe one error together; give both, or neither.")
    check_dims(displacement, LAYERS["displacement"].dims, name="displacement")
    model = motion_model(displacement["epoch"].values, options or VelocityOptions())
    n_layers = model.n_layers + (noise is not None)
    series = displacement if displacement.chunks is None else displacement.chunk(epoch=-1)
    arrays = [series] if formal_std is None else [series, formal_std]
    layers = xr.apply_ufunc(
        partial(_fit_block, model=model, noise=noise),
        *arrays,
        input_core_dims=[["epoch"], []][: len(arrays)],
        output_core_dims=[["layer"]],
        dask="parallelized",
        output_dtypes=[np.float32],
        dask_gufunc_kwargs={"output_sizes": {"layer": n_layers}},
        keep_attrs=False,
    )
    return _as_dataset(layers.transpose("layer", "y", "x"), model)


def _fit_block(
    displacement: NDArray[Any],
    formal: NDArray[Any] | None = None,
    *,
    model: MotionModel,
    noise: SeriesNoise | None,
) -> NDArray[np.float32]:
    """Fit a block (y, x, epoch): (y, x, layer): velocity, its error, season and steps, the network's share of it."""
    series = np.moveaxis(displacement, -1, 0).reshape(displacement.shape[-1], -1)
    known = np.full(series.shape[1], np.nan) if formal is None else formal.astype(np.float64).ravel()
    out = np.full((model.n_layers + (noise is not None), series.shape[1]), np.nan, np.float32)
    for group in groups_of(series):
        if full_rank(model.design[group.present]):
            out[:, group.pixels] = _fit_group(group, known[group.pixels], model, noise)
    return np.moveaxis(out.reshape(-1, *displacement.shape[:-1]), 0, -1)


def _fit_group(group: Group, formal: Matrix, model: MotionModel, noise: SeriesNoise | None) -> Matrix:
    """Layers (layer, pixel) of pixels that have the same epochs."""
    design = model.design[group.present]
    inverse = np.linalg.pinv(design)
    coefficients = combine(inverse, group.series)
    scatter = sum_of_squares(group.series, design, coefficients)
    variance = slope_variance(scatter, formal**2, design=design, slope=inverse[1], noise=noise, present=group.present)
    layers = [coefficients[1], np.sqrt(variance.total)]
    if model.is_seasonal:
        cosine, sine = coefficients[2:4]
        layers += [np.hypot(cosine, sine), 1.0 + np.arctan2(sine, cosine) / (2.0 * np.pi) % 1.0 * DAYS_PER_YEAR]
    layers += [*coefficients[len(model.terms) - model.steps.size :]]
    return np.stack(layers if noise is None else [*layers, _share(variance)])


def _share(variance: SlopeVariance) -> Matrix:
    """Network's part of each pixel's variance (pixel,); 0 where there is none."""
    there = variance.total > 0.0
    return np.where(there, variance.of_network / np.where(there, variance.total, 1.0), 0.0)


def _as_dataset(layers: xr.DataArray, model: MotionModel) -> xr.Dataset:
    """Name the layers as rows of the table of products."""
    names = ["velocity", "velocity_std", *(["annual_amplitude", "annual_peak"] if model.is_seasonal else [])]
    maps = {name: _named(layers.isel(layer=number), name) for number, name in enumerate(names)}
    if layers.sizes["layer"] > model.n_layers:
        maps["network_share"] = _named(layers.isel(layer=-1), "network_share")
    if model.steps.size:
        steps = layers.isel(layer=slice(len(names), len(names) + model.steps.size)).rename(layer="event")
        maps["step"] = _named(steps.assign_coords(event=model.steps.astype("datetime64[ns]")), "step")
    return xr.Dataset(maps)


def _named(array: xr.DataArray, name: str) -> xr.DataArray:
    return array.rename(name).assign_attrs(LAYERS[name].attrs())
