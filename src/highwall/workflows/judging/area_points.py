"""Points of a map of classes: how many of each class, and which pixels; the map is read block by block."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.activity.area import FEWEST_POINTS
from highwall.activity.area_design import allocate, sample_size
from highwall.core.errors import InputError
from highwall.io.rasters import loaded

DEFAULT_POINTS: Final = 500
DEFAULT_EXPECTED: Final = 0.8
_BLOCK: Final = 2048
_MOST_CODES: Final = 64
"""Distinct values from which a raster is no map of classes."""


class Design(NamedTuple):
    """How many points to draw, and where."""

    n_points: int | None = None
    """Points in all; by default as many as ``overall_std`` takes, or 500 without one."""
    least: int = 50
    """Points of every stratum, at least."""
    overall_std: float | None = None
    """Standard error wanted of the overall accuracy [1]."""
    expected: float | None = None
    """User's accuracy that is expected of every class, for ``overall_std`` [1]; 0.8 if none."""
    seed: int = 0


def groups(raster: xr.DataArray, names: Mapping[int, str]) -> tuple[dict[str, list[int]], dict[str, int]]:
    """Codes and pixels of each class; codes of one name are one class.

    Raises
    ------
    InputError
        A name is of a code that is not there, or a class has so few pixels that its spread can never be told.
    """
    codes: dict[str, list[int]] = {}
    pixels: dict[str, int] = {}
    counts = _count(raster)
    if absent := [code for code in names if code not in counts]:
        raise InputError(
            f"--name {absent[0]}={names[absent[0]]}: the map has no code {absent[0]}; it has "
            f"{', '.join(map(str, counts))}."
        )
    for code, count in counts.items():
        name = names.get(code, f"class {code}")
        codes.setdefault(name, []).append(code)
        pixels[name] = pixels.get(name, 0) + count
    if scarce := [name for name, count in pixels.items() if count < FEWEST_POINTS]:
        raise InputError(
            f"{scarce[0]} has a single pixel, which makes no stratum; join it to another class by giving both codes "
            "one --name."
        )
    return codes, pixels


def shares_of(how: Design, pixels: Mapping[str, int], *, pixel_m2: float) -> dict[str, int]:
    """Points of each class. One with fewer pixels than its points is judged whole, and the others share the rest.

    Raises
    ------
    InputError
        The points do not reach for every class, or there are more of them than pixels; or what is wanted says two
        things, or one that nothing uses.
    """
    _check(how)
    n_points, n_pixels = _n_points(how, {name: n * pixel_m2 for name, n in pixels.items()}), sum(pixels.values())
    if n_points > n_pixels:
        raise InputError(f"{n_points} points are more than the {n_pixels} pixels of the map; ask for fewer.")
    whole: dict[str, int] = {}
    while rest := {name: n * pixel_m2 for name, n in pixels.items() if name not in whole}:
        drawn = allocate(n_points - sum(whole.values()), rest, least=how.least)
        small = {name: pixels[name] for name, n in drawn.items() if n > pixels[name]}
        if not small:
            return whole | drawn
        whole |= small
    return whole


def _check(how: Design) -> None:
    if how.n_points is not None and how.overall_std is not None:
        raise InputError(
            f"--points {how.n_points} and --overall-std {how.overall_std:g} each say how many points; leave one out."
        )
    if how.expected is not None and how.overall_std is None:
        raise InputError(f"--expected {how.expected:g} serves --overall-std; give that too, or leave it out.")


def _n_points(how: Design, area: Mapping[str, float]) -> int:
    if how.n_points is not None:
        return how.n_points
    if how.overall_std is None:
        return max(DEFAULT_POINTS, how.least * len(area))
    expected = DEFAULT_EXPECTED if how.expected is None else how.expected
    wanted = sample_size(area, users=dict.fromkeys(area, expected), overall_std=how.overall_std)
    return max(wanted, how.least * len(area))


def _blocks(raster: xr.DataArray) -> Iterator[tuple[int, int, NDArray[Any]]]:
    for row in range(0, raster.sizes["y"], _BLOCK):
        for col in range(0, raster.sizes["x"], _BLOCK):
            cut = raster.isel(y=slice(row, row + _BLOCK), x=slice(col, col + _BLOCK))
            yield row, col, loaded(cut).values


def _count(raster: xr.DataArray) -> dict[int, int]:
    """Pixels of each code; NaN is no class."""
    counts: dict[int, int] = {}
    for _, _, block in _blocks(raster):
        values, numbers = np.unique(block[np.isfinite(block)], return_counts=True)
        if (values % 1.0).any():
            raise InputError(
                f"the map holds {values[values % 1.0 > 0][0]:g}, which is no code; give a raster of codes."
            )
        for value, number in zip(values.tolist(), numbers.tolist(), strict=True):
            counts[int(value)] = counts.get(int(value), 0) + number
        if len(counts) > _MOST_CODES:
            raise InputError(f"the map has more than {_MOST_CODES} values; give a raster of codes, one a class.")
    if not counts:
        raise InputError("the map holds no class at all: every pixel is missing.")
    return dict(sorted(counts.items()))


def draw(
    raster: xr.DataArray,
    codes: Mapping[str, list[int]],
    pixels: Mapping[str, int],
    shares: Mapping[str, int],
    *,
    seed: int,
) -> list[tuple[int, int, str]]:
    """Draw pixels without repetition: (row, column, class); the map is read block by block."""
    random = np.random.default_rng(seed)
    wanted = {name: np.sort(random.choice(pixels[name], shares[name], replace=False)) for name in codes}
    passed = dict.fromkeys(codes, 0)
    found = []
    for row, col, block in _blocks(raster):
        for name, own in codes.items():
            rows, cols = np.nonzero(np.isin(block, own))
            first, last = np.searchsorted(wanted[name], [passed[name], passed[name] + rows.size])
            for rank in (wanted[name][first:last] - passed[name]).tolist():
                found.append((row + int(rows[rank]), col + int(cols[rank]), name))
            passed[name] += rows.size
    return found
