"""Pictures of pairs laid on one grid: which of them fit, and where each is cut.

A format's reader gathers what a folder holds as :class:`Gathered`; :func:`fitted` decides on the grid.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox

from highwall.core.epochs import dates_in
from highwall.core.errors import SetAside, StackError
from highwall.core.grid import crs_name, same_grid
from highwall.io.radar.pictures import UNREADABLE, CutPicture, Picture, check_end

Pair = tuple[str, str]
"""ISO dates of the first and the second acquisition."""

_NAMED_PAIRS = 3
"""Pairs that a sentence names; of more it tells the number."""

LEAST_OVERLAP = 0.5
"""Share of the usual extent that a picture must cover to have a say in the common one."""


class Placed(NamedTuple):
    """A picture and where its pixels lie."""

    picture: Picture
    grid: GeoBox | None
    """None in radar coordinates."""


class OfPair(NamedTuple):
    """A picture of one pair, as a reader found it."""

    pair: Pair
    placed: Placed
    tags: Mapping[str, str] = {}
    """What the file says of itself."""


PicturesByPair = dict[Pair, OfPair]


@dataclass(frozen=True)
class Gathered:
    """What a folder or file holds."""

    layers: Mapping[str, PicturesByPair]
    """``unw``, and perhaps ``coh`` and ``conncomp``."""
    maps: Mapping[str, tuple[Placed, ...]] = field(default_factory=dict)
    """``height``, ``latitude``, ``longitude``: one picture each; ``los_enu``: east, north, up."""
    baselines: Mapping[Pair, float] = field(default_factory=dict)
    """Perpendicular baseline of each pair [m], as far as known."""
    attrs: Mapping[str, float | None] = field(default_factory=dict)
    """``wavelength_m``, ``incidence_deg``, ``heading_deg``; None where unknown."""
    cut_to_common: bool = False
    """Whether the format's files differ in extent by custom."""


class Fitted(NamedTuple):
    """Pictures of one shape."""

    layers: Mapping[str, Mapping[Pair, Picture]]
    maps: Mapping[str, tuple[Picture, ...]]
    grid: GeoBox | None
    shape: tuple[int, int]


def collect(files: Iterable[Path], read: Callable[[Path], OfPair], *, set_aside: list[SetAside]) -> PicturesByPair:
    """Pictures that can be used, by pair, in order of their dates; the others are added to ``set_aside``.

    Of two files of one pair the first stays. Of every file the last pixel is read.
    """
    found: PicturesByPair = {}
    for path in files:
        try:
            item = read(path)
            if item.pair in found:
                kept = found[item.pair].placed.picture.path.name
                raise StackError(f"{kept} has the same dates; keep one of the two")
            check_end(item.placed.picture)
        except (*UNREADABLE, StackError) as error:
            set_aside.append(SetAside(str(path), f"{error}"))
            continue
        found[item.pair] = item
    return dict(sorted(found.items()))


def pair_in(text: str) -> Pair:
    """Two dates of a text, such as a file's name.

    Raises
    ------
    StackError
        There are not two, or they are the same.
    """
    dates = dates_in(text)
    if len(dates) != 2:
        raise StackError("two dates are expected in its name or in the tags FIRST_DATE and SECOND_DATE")
    if dates[0] == dates[1]:
        raise StackError(f"it begins and ends on {dates[0]}")
    return dates[0].isoformat(), dates[1].isoformat()


def fitted(gathered: Gathered, set_aside: list[SetAside], *, cut_to_common: bool) -> Fitted:
    """Lay everything on one grid; what does not fit is added to ``set_aside``.

    Parameters
    ----------
    cut_to_common
        Cut pictures of one pixel lattice to the pixels that all phases share, instead of setting aside those whose
        extent is not the usual one.

    Raises
    ------
    StackError
        They share no pixel.
    """
    phases = {pair: item.placed for pair, item in gathered.layers["unw"].items()}
    extent = _usual(list(phases.values()))
    if cut_to_common and extent.grid is not None:
        extent = _common(extent, phases, set_aside=set_aside)
    kept = _on(extent, phases, set_aside=set_aside, cut=cut_to_common)
    layers = {"unw": kept}
    for name in sorted(gathered.layers.keys() - {"unw"}):
        others = {pair: item.placed for pair, item in gathered.layers[name].items() if pair in kept}
        if fitting := _on(extent, others, set_aside=set_aside, cut=cut_to_common):
            layers[name] = fitting
            set_aside += _missing(name, kept.keys() - fitting.keys(), n_pairs=len(kept))
    maps = {
        name: cut for name, placed in gathered.maps.items() if (cut := _map_on(extent, placed, set_aside=set_aside))
    }
    return Fitted(layers, maps, extent.grid, extent.picture.shape)


def unknown_for(pairs: Collection[Pair], *, n_pairs: int) -> str:
    """How many pairs lack something, and the first of them, in words."""
    first = ["/".join(pair) for pair in sorted(pairs)[:_NAMED_PAIRS]]
    more = [f"{len(pairs) - len(first)} more"] if len(pairs) > len(first) else []
    return f"unknown for {len(pairs)} of {n_pairs} pairs: {', '.join(first + more)}"


def _missing(layer: str, pairs: Collection[Pair], *, n_pairs: int) -> list[SetAside]:
    words = {"coh": "coherence", "conncomp": "connected components"}[layer]
    reason = f"{unknown_for(pairs, n_pairs=n_pairs)}; the pairs stay, without it"
    return [SetAside(words, reason)] if pairs else []


def _usual(placed: list[Placed]) -> Placed:
    """One of the pictures whose extent most share."""
    votes = Counter(next(n for n, other in enumerate(placed) if _alike(other, one)) for one in placed)
    return placed[votes.most_common(1)[0][0]]


def _alike(a: Placed, b: Placed) -> bool:
    if a.grid is None or b.grid is None:
        return a.grid is b.grid and a.picture.shape == b.picture.shape
    return same_grid(a.grid, b.grid)


def _common(usual: Placed, phases: Mapping[Pair, Placed], *, set_aside: list[SetAside]) -> Placed:
    """Pixels that all phases of the usual lattice share, as a cut of the usual picture."""
    height, width = usual.picture.shape
    top, left, bottom, right = 0, 0, height, width
    sharing: list[Placed] = []
    for placed in phases.values():
        shift = offset(placed.grid, usual.grid)
        if shift is None or _share(placed, usual, shift=shift) < LEAST_OVERLAP:
            continue
        sharing.append(placed)
        top, left = max(top, -shift[0]), max(left, -shift[1])
        bottom = min(bottom, placed.picture.shape[0] - shift[0])
        right = min(right, placed.picture.shape[1] - shift[1])
    if bottom <= top or right <= left:
        raise StackError("the interferograms share no pixel; leave out those that lie elsewhere.")
    shape = (bottom - top, right - left)
    if n_larger := sum(placed.picture.shape != shape for placed in sharing):
        reason = f"cut off: the stack is the {shape[0]}×{shape[1]} pixels that all {len(sharing)} share"
        set_aside.append(SetAside(f"edges of {n_larger} interferograms beyond the common extent", reason))
    return usual if usual.picture.shape == shape else _cut(usual, (top, left), shape=shape)


def _share(placed: Placed, extent: Placed, *, shift: tuple[int, int]) -> float:
    """Share of an extent that a picture covers, which holds the extent's upper left pixel at ``shift``."""
    shape, wanted = placed.picture.shape, extent.picture.shape
    spans = [min(wanted[axis], shape[axis] - shift[axis]) - max(0, -shift[axis]) for axis in (0, 1)]
    return max(0, spans[0]) / wanted[0] * max(0, spans[1]) / wanted[1]


def offset(outer: GeoBox | None, inner: GeoBox | None) -> tuple[int, int] | None:
    """Row and column in ``outer`` of the upper left pixel of ``inner``; None if they share no pixel lattice."""
    if outer is None or inner is None or outer.crs != inner.crs:
        return None
    longest = max(*outer.shape, *inner.shape)
    a, b = outer.transform, inner.transform
    if any(abs(p - q) * longest > 1e-2 * abs(a.a) for p, q in ((a.a, b.a), (a.b, b.b), (a.d, b.d), (a.e, b.e))):
        return None
    col, row = ~a * (b.c, b.f)
    if max(abs(col - round(col)), abs(row - round(row))) > 1e-2:
        return None
    return round(row), round(col)


def _cut(placed: Placed, corner: tuple[int, int], *, shape: tuple[int, int]) -> Placed:
    row, col = corner
    grid = placed.grid and GeoBox(shape, placed.grid.transform * Affine.translation(col, row), placed.grid.crs)
    picture = placed.picture
    if isinstance(picture, CutPicture):
        return Placed(replace(picture, row=picture.row + row, col=picture.col + col, shape=shape), grid)
    return Placed(CutPicture(picture, row, col, shape), grid)


def _on(extent: Placed, placed: Mapping[Pair, Placed], *, set_aside: list[SetAside], cut: bool) -> dict[Pair, Picture]:
    """Pictures of an extent; the others are added to ``set_aside``."""
    fitting: dict[Pair, Picture] = {}
    for pair, one in placed.items():
        picture = _within(extent, one, cut=cut)
        if picture is not None:
            fitting[pair] = picture
            continue
        reason = f"it lies on another grid ({_describe(one)}; the stack has {_describe(extent)}); resample it"
        aligned = offset(one.grid, extent.grid) is not None and not cut
        cure = ", or read the stack with cut_to_common=True" if aligned else ""
        set_aside.append(SetAside(str(one.picture.path), reason + cure))
    return fitting


def _within(extent: Placed, placed: Placed, *, cut: bool) -> Picture | None:
    """Picture of an extent, cut where it covers more; None if it does not fit."""
    if _alike(placed, extent):
        return placed.picture
    shift = offset(placed.grid, extent.grid) if cut else None
    if shift is None or _share(placed, extent, shift=shift) < 1.0:
        return None
    return _cut(placed, shift, shape=extent.picture.shape).picture


def _map_on(extent: Placed, parts: tuple[Placed, ...], *, set_aside: list[SetAside]) -> tuple[Picture, ...]:
    """Parts of a map, which may cover more than the extent; nothing if one does not fit."""
    pictures = [_within(extent, placed, cut=True) for placed in parts]
    fitting = tuple(picture for picture in pictures if picture is not None)
    if len(fitting) == len(parts):
        return fitting
    reason = f"it does not cover the stack's grid ({_describe(parts[0])}; the stack has {_describe(extent)})"
    set_aside.append(SetAside(str(parts[0].picture.path), reason))
    return ()


def _describe(placed: Placed) -> str:
    height, width = placed.picture.shape
    if placed.grid is None:
        return f"{height}×{width} pixels in radar coordinates"
    corner = placed.grid.transform
    size = f"{abs(corner.a):.6g}×{abs(corner.e):.6g}"
    return f"{height}×{width} pixels of {size} from {corner.c:.10g}, {corner.f:.10g} in {crs_name(placed.grid)}"


def number(values: Mapping[str, Any], key: str) -> float | None:
    """Finite number under a key; None when it is absent, NaN or no number."""
    try:
        value = float(values[key])
    except (KeyError, ValueError, TypeError):
        return None
    return value if np.isfinite(value) else None
