"""Where the ground is taken to be still: the phase of that place is taken from every pair.

Every interferogram carries an arbitrary constant, so that a displacement is always relative to a place. A pair without
a value there cannot be referenced; it is left out and named.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geom import box, point

from highwall.core.errors import InputError, NetworkError, SetAside, StackError
from highwall.core.grid import GeoBox, grid_of
from highwall.insar.options import (
    AlreadyReferenced,
    AreaReference,
    AutomaticReference,
    PixelReference,
    PointReference,
    Reference,
)
from highwall.insar.radar_places import nearest_pixel, pixels_within
from highwall.insar.still import ReferencePlace, choose_place, still_history, survey

_GEOGRAPHIC = "EPSG:4326"


@dataclass(frozen=True)
class ReferencePhase:
    """What is taken from each pair."""

    phase: NDArray[np.float32]
    """(pair,) [rad]; NaN where the place has no value."""
    why: str
    """Which place, and why."""

    def set_aside(self, stack: xr.Dataset) -> list[SetAside]:
        """Pairs that cannot be referenced."""
        missing = stack.isel(pair=np.flatnonzero(np.isnan(self.phase)))
        dates = zip(missing["first"].values, missing["second"].values, strict=True)
        return [SetAside(f"{_day(a)}/{_day(b)}", "no phase at the reference; choose another place") for a, b in dates]


def reference_phase(
    stack: xr.Dataset, *, reference: Reference, avoid: NDArray[np.bool_] | None = None
) -> ReferencePhase:
    """Mean phase of each pair at the reference.

    Parameters
    ----------
    avoid : (y, x) bool
        Where an automatic reference must not lie: the patches of the AOI, the mine.

    Raises
    ------
    StackError
        The place lies outside the stack.
    NetworkError
        No pair has a value there.
    """
    if isinstance(reference, AlreadyReferenced):
        return ReferencePhase(np.zeros(stack.sizes["pair"], np.float32), "phases taken as referenced already")
    place = locate(stack, reference=reference, avoid=avoid)
    return phase_at(place.window(stack), place=place)


def phase_at(window: xr.Dataset, *, place: ReferencePlace) -> ReferencePhase:
    """Mean phase of each pair in the window of a place, which may have been repaired since the place was chosen.

    Raises
    ------
    NetworkError
        No pair has a value there.
    """
    phases = window["unw"].values.astype(np.float64).reshape(window.sizes["pair"], -1)
    if place.counts is not None:
        phases = phases[:, place.counts.ravel()]
    known = np.isfinite(phases)
    if not known.any():
        raise NetworkError(f"no pair has a phase at the reference ({place.why}); choose another place.")
    is_whole = known[known.any(axis=1)].all(axis=0)
    if is_whole.any():  # the same pixels in every pair, or what sets them apart would look like motion of the scene
        why = "" if is_whole.all() else f"; of its pixels, the {int(is_whole.sum())} that have every pair"
        phases, known = phases[:, is_whole], known[:, is_whole]
    else:
        why = "; no pixel of it has every pair, so that the mean is over other pixels in each"
    count = known.sum(axis=1)
    total = np.where(known, phases, 0.0).sum(axis=1)
    phase = np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
    return ReferencePhase(phase, place.why + why)


def subtract_reference(
    stack: xr.Dataset, *, reference: Reference, avoid: NDArray[np.bool_] | None = None
) -> xr.Dataset:
    """Stack whose phases are relative to the reference; pairs without a value there become NaN.

    Raises
    ------
    StackError, NetworkError
        As :func:`reference_phase`.
    """
    phase = reference_phase(stack, reference=reference, avoid=avoid).phase
    return stack.assign(unw=stack["unw"] - xr.DataArray(phase, dims="pair"))


def locate(stack: xr.Dataset, *, reference: Reference, avoid: NDArray[np.bool_] | None = None) -> ReferencePlace:
    """Find the pixels of the reference; an automatic one is surveyed at once, over the stack in memory.

    Raises
    ------
    StackError
        They lie outside the stack.
    NetworkError
        No pixel could be the automatic reference.
    """
    if isinstance(reference, AutomaticReference):
        loaded = stack.compute()
        history = still_history(loaded, avoid=avoid)
        return choose_place(survey(loaded, history=history), history=history, options=reference, avoid=avoid)
    if isinstance(reference, PixelReference):
        return _square(stack, reference.row, reference.col, half_width=reference.half_width_px, why="given pixel")
    if isinstance(reference, PointReference):
        row, col = _pixel_of(stack, reference)
        why = f"given point {reference.x:g}, {reference.y:g} ({reference.crs})"
        return _square(stack, row, col, half_width=reference.half_width_px, why=why)
    if isinstance(reference, AreaReference):
        return _in_radar(stack, reference) if stack.odc.crs is None else _rectangle(stack, reference)
    raise InputError(f"a stack that is referenced already has no place to locate ({reference.kind!r}).")


def _square(stack: xr.Dataset, row: int, col: int, *, half_width: int, why: str) -> ReferencePlace:
    height, width = stack.sizes["y"], stack.sizes["x"]
    if not (0 <= row < height and 0 <= col < width):
        raise StackError(f"the reference at row {row}, column {col} lies outside the stack of {height}×{width} pixels.")
    rows = slice(max(row - half_width, 0), row + half_width + 1)
    cols = slice(max(col - half_width, 0), col + half_width + 1)
    return ReferencePlace(rows, cols, f"row {row}, column {col}: {why}")


def _pixel_of(stack: xr.Dataset, reference: PointReference) -> tuple[int, int]:
    if stack.odc.crs is None:
        longitude, latitude = point(reference.x, reference.y, crs=reference.crs).to_crs(_GEOGRAPHIC).coords[0]
        return nearest_pixel(stack, longitude=longitude, latitude=latitude)
    grid = grid_of(stack["unw"], name="unw")
    row, col = _row_col_of(grid, reference.x, reference.y, crs=reference.crs)
    if not _is_on(grid, row, col):
        raise StackError(_beyond(grid, reference))
    return int(np.floor(row)), int(np.floor(col))


def _row_col_of(grid: GeoBox, x: float, y: float, *, crs: str) -> tuple[float, float]:
    """Fractional row and column of a place in any CRS; infinite where it is none, such as a latitude beyond 90°."""
    col, row = _col_row(grid, *point(x, y, crs=crs).to_crs(str(grid.crs)).coords[0])
    return row, col


def _is_on(grid: GeoBox, row: float, col: float) -> bool:
    return bool(0 <= row < grid.shape.y and 0 <= col < grid.shape.x)


def _beyond(grid: GeoBox, reference: PointReference) -> str:
    """Say that a place lies outside, in the coordinates in which it was given, and whether its axes were swapped."""
    x, y, crs = reference.x, reference.y, reference.crs
    first, second = ("longitude", "latitude") if crs == _GEOGRAPHIC else ("x", "y")
    bounds = grid.extent.to_crs(crs).boundingbox
    swapped = _row_col_of(grid, y, x, crs=crs)
    cure = (
        f"{first} comes first, and {y:.10g}, {x:.10g} lies in it" if _is_on(grid, *swapped) else "choose a place in it"
    )
    return (
        f"the reference at {first} {x:.10g}, {second} {y:.10g} lies outside the stack, which covers {first} "
        f"{bounds.left:.8g} to {bounds.right:.8g}, {second} {bounds.bottom:.8g} to {bounds.top:.8g} ({crs}); {cure}."
    )


def _col_row(grid: GeoBox, x: float, y: float) -> tuple[float, float]:
    """Fractional column and row of a place in the grid's CRS; whole numbers are edges of pixels."""
    col, row = grid.wld2pix(x, y)  # type: ignore[no-untyped-call]
    return float(col), float(row)


def _rectangle(stack: xr.Dataset, reference: AreaReference) -> ReferencePlace:
    """Pixels whose centre lies in the bounds of the area."""
    grid = grid_of(stack["unw"], name="unw")
    area = box(reference.left, reference.bottom, reference.right, reference.top, crs=reference.crs)
    bounds = area.to_crs(str(grid.crs)).boundingbox
    one, other = _col_row(grid, bounds.left, bounds.top), _col_row(grid, bounds.right, bounds.bottom)
    cols, rows = (_between(*edges) for edges in zip(one, other, strict=True))
    if stack["unw"].isel(y=rows, x=cols).size == 0:
        raise StackError(
            f"no pixel centre of the stack lies in the reference area {tuple(round(v, 6) for v in bounds)}; "
            f"the stack covers {tuple(round(v, 6) for v in grid.boundingbox)} in {grid.crs}."
        )
    why = f"given area, rows {rows.start}-{rows.stop - 1}, columns {cols.start}-{cols.stop - 1}"
    return ReferencePlace(rows, cols, why)


def _in_radar(stack: xr.Dataset, reference: AreaReference) -> ReferencePlace:
    """Pixels of a stack in radar coordinates whose place lies in the bounds of the area."""
    area = box(reference.left, reference.bottom, reference.right, reference.top, crs=reference.crs)
    west, south, east, north = area.to_crs(_GEOGRAPHIC).boundingbox.bbox
    inside = pixels_within(stack, west=west, south=south, east=east, north=north)
    if not inside.any():
        bounds = tuple(round(value, 6) for value in (west, south, east, north))
        raise StackError(f"no pixel of the stack lies in the reference area {bounds} (degrees); choose another.")
    rows, cols = (_span(numbers) for numbers in np.nonzero(inside))
    why = f"given area, {int(inside.sum())} pixels in rows {rows.start}-{rows.stop - 1}, columns {cols.start}-"
    return ReferencePlace(rows, cols, f"{why}{cols.stop - 1}", inside[rows, cols])


def _span(numbers: NDArray[np.int64]) -> slice:
    """From the first to the last of some rows or columns."""
    return slice(int(numbers.min()), int(numbers.max()) + 1)


def _between(one: float, other: float) -> slice:
    """Pixels whose centre lies between two pixel coordinates."""
    low, high = sorted((one, other))
    return slice(max(int(np.ceil(low - 0.5)), 0), max(int(np.floor(high - 0.5)) + 1, 0))


def _day(date: np.datetime64) -> str:
    return str(date.astype("datetime64[D]"))
