"""What grows and stands around the mine: natural cover by climate, water, fields, roads, and the look-alikes."""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from highwall.core.truth.fields import Cells, Field, depth_inside, distance_to_line, fractal, stream
from highwall.core.truth.surface import Material
from highwall.core.truth.varied.canvas import Canvas
from highwall.core.truth.varied.look_alikes import Likeness, LookAlike
from highwall.core.truth.varied.shapes import Point
from highwall.core.truth.varied.site import PIXEL_M, VariedSite
from highwall.core.truth.varied.traits import Climate

_COVER: Final[dict[Climate, tuple[tuple[float, Material], ...]]] = {
    Climate.TROPICAL: ((-9.0, Material.DRY_GRASS), (-0.9, Material.GRASS), (-0.3, Material.SAVANNA),
                       (0.1, Material.FOREST)),
    Climate.TEMPERATE: ((-9.0, Material.GRASS), (0.3, Material.SAVANNA), (0.6, Material.FOREST)),
    Climate.ARID: ((-9.0, Material.SAND), (-1.0, Material.BARE_FIELD), (0.2, Material.DRY_GRASS),
                   (1.6, Material.SAVANNA)),
    Climate.BOREAL: ((-9.0, Material.WETLAND), (-1.1, Material.GRASS), (-0.6, Material.SAVANNA),
                     (-0.1, Material.FOREST)),
}  # fmt: skip
"""Cover from each level of a standard normal field of wetness on."""
_FARMED_SHARE: Final = {
    Climate.TROPICAL: 0.2, Climate.TEMPERATE: 0.5, Climate.ARID: 0.08, Climate.BOREAL: 0.1,
}  # fmt: skip
_FIELD_M = (170.0, 110.0)
_RIVER_WIDTH_M, _BANK_WIDTH_M = 55.0, 45.0
_ROAD_WIDTH_M = 14.0


class Spot(NamedTuple):
    """Where a look-alike stands."""

    site: VariedSite
    each: LookAlike
    cells: Cells
    """(y, x) that it takes."""


def paint_country(canvas: Canvas, site: VariedSite, year: float) -> None:
    """Paint natural cover, fields, water, roads and look-alikes."""
    _vegetate(canvas, site)
    _farm(canvas, site)
    _water(canvas, site)
    _public_roads(canvas, site)
    for each in site.layout.look_alikes:
        _paint_look_alike(canvas, site, each=each, year=year)


def number_parcels(site: VariedSite, *, length_m: float, breadth_m: float, heading: float) -> NDArray[np.int32]:
    """Numbers (y, x) of the cells of a turned grid: fields, blocks, yards."""
    x, y = site.centres()
    u, v = x * np.cos(heading) + y * np.sin(heading), y * np.cos(heading) - x * np.sin(heading)
    return np.asarray(1_000_000 + 1000 * np.floor(v / breadth_m) + np.floor(u / length_m), dtype=np.int32)


def scattered(numbers: NDArray[np.int32], *, of: int) -> NDArray[np.int64]:
    """Give each parcel number a value below ``of`` that its neighbours do not share (Knuth's hash)."""
    hashed = (numbers.astype(np.uint64) * np.uint64(2_654_435_761)) & np.uint64(0xFFFFFFFF)
    return np.asarray((hashed >> np.uint64(16)) % np.uint64(of), dtype=np.int64)


def _vegetate(canvas: Canvas, site: VariedSite) -> None:
    rise_y, rise_x = np.gradient(gaussian_filter(site.terrain, 2.0), PIXEL_M)
    wetness = fractal(site.shape, stream(site.seed, "wetness"), exponent=3.0, longest_px=110.0)
    wetness += 2.0 * np.hypot(rise_x, rise_y)
    for level, material in _COVER[site.traits.climate]:
        canvas.material[wetness >= level] = material
    crag = fractal(site.shape, stream(site.seed, "crag"), exponent=2.2, longest_px=40.0) + 4.0 * np.hypot(
        rise_x, rise_y
    )
    canvas.material[crag > (2.2 if site.traits.climate is Climate.ARID else 3.0)] = Material.OUTCROP


def _farm(canvas: Canvas, site: VariedSite) -> None:
    """Fields on the flatter ground: crops, grass and bare soil by parcel."""
    where = fractal(site.shape, stream(site.seed, "farms"), exponent=3.4, longest_px=160.0)
    share = _FARMED_SHARE[site.traits.climate]
    is_field = where > np.quantile(where, 1.0 - share)
    rng = stream(site.seed, "fields")
    numbers = number_parcels(
        site, length_m=_FIELD_M[0] * rng.uniform(0.7, 1.8), breadth_m=_FIELD_M[1], heading=rng.uniform(0.0, np.pi)
    )
    state = scattered(numbers, of=10)
    for low, high, material in ((0, 5, Material.CROP), (5, 7, Material.DRY_GRASS), (7, 10, Material.BARE_FIELD)):
        canvas.material[is_field & (state >= low) & (state < high)] = material
    canvas.parcel[is_field] = numbers[is_field]


def _water(canvas: Canvas, site: VariedSite) -> None:
    if not site.river:
        return
    from_river = distance_to_line(site.river, *site.bent)
    sand = fractal(site.shape, stream(site.seed, "sand"), exponent=2.5, longest_px=35.0)
    canvas.cover((from_river < _RIVER_WIDTH_M / 2.0 + _BANK_WIDTH_M) & (sand > 0.6), Material.SANDBANK)
    canvas.cover(from_river < _RIVER_WIDTH_M / 2.0, Material.RIVER)


def _public_roads(canvas: Canvas, site: VariedSite) -> None:
    rng, side_m = stream(site.seed, "roads"), PIXEL_M * site.traits.side_px
    for _ in range(int(rng.integers(1, 4))):
        (start, end), bend = rng.uniform(0.0, side_m, 2), rng.uniform(0.2, 0.8, 2) * side_m
        line: list[Point] = [(0.0, float(start)), (float(bend[0]), float(bend[1])), (side_m, float(end))]
        if rng.random() < 0.5:
            line = [(north, east) for east, north in line]
        near = distance_to_line(line, *site.bent) < _ROAD_WIDTH_M / 2.0
        canvas.cover(near, Material.PAVED if rng.random() < 0.5 else Material.DIRT_ROAD)


def _paint_look_alike(canvas: Canvas, site: VariedSite, *, each: LookAlike, year: float) -> None:
    x, y = site.centres() if each.kind in _STRAIGHT else site.bent
    cells = each.oval.cells(x, y, year=year, seed=site.seed)
    if cells.any():
        _PAINTERS[each.kind](canvas, Spot(site, each, cells))
        canvas.look_alike[cells] = each.kind


def _construct(canvas: Canvas, spot: Spot) -> None:
    """Levelled soil with new roofs and tracks on it."""
    canvas.elevation[spot.cells] = float(canvas.elevation[spot.cells].mean())
    canvas.cover(spot.cells, Material.SOIL)
    numbers = number_parcels(spot.site, length_m=50.0, breadth_m=36.0, heading=spot.each.oval.frame.heading)
    state = scattered(numbers, of=12)
    canvas.material[spot.cells & (state == 0)] = Material.ROOF
    canvas.material[spot.cells & (state == 1)] = Material.PAVED
    canvas.material[spot.cells & (state == 2)] = Material.DIRT_ROAD


def _build(canvas: Canvas, spot: Spot) -> None:
    """Large roofs and paved yards; a town has smaller ones, gardens and trees."""
    is_town = spot.each.kind is Likeness.TOWN
    block = 32.0 if is_town else 75.0
    numbers = number_parcels(spot.site, length_m=block, breadth_m=0.8 * block, heading=spot.each.oval.frame.heading)
    kinds = (
        (Material.ROOF, Material.PAVED, Material.FOREST, Material.GRASS, Material.ROOF) if is_town
        else (Material.ROOF, Material.PAVED, Material.ROOF, Material.DIRT_ROAD, Material.GRASS)
    )  # fmt: skip
    state = scattered(numbers, of=len(kinds))
    canvas.cover(spot.cells, Material.PAVED)
    for number, kind in enumerate(kinds):
        canvas.material[spot.cells & (state == number)] = kind
    canvas.parcel[spot.cells] = numbers[spot.cells]


def _solar(canvas: Canvas, spot: Spot) -> None:
    """Dark rows of panels with ground between blocks."""
    numbers = number_parcels(spot.site, length_m=130.0, breadth_m=70.0, heading=spot.each.oval.frame.heading)
    inner = (numbers == np.roll(numbers, 1, axis=0)) & (numbers == np.roll(numbers, 1, axis=1))
    canvas.cover(spot.cells & inner, Material.SOLAR)
    canvas.cover(spot.cells & ~inner, Material.DRY_GRASS)


def _reservoir(canvas: Canvas, spot: Spot) -> None:
    """Clear water behind a grassed dam."""
    from_edge = depth_inside(spot.cells, pixel_m=PIXEL_M)
    u, _ = spot.each.oval.frame.of(*spot.site.centres())
    dam = spot.cells & (from_edge < 35.0) & (u > 0.45 * spot.each.oval.radius_m)
    canvas.elevation[spot.cells] = float(np.quantile(canvas.elevation[spot.cells], 0.4))
    canvas.elevation[dam] += 7.0
    canvas.cover(spot.cells, Material.RIVER)
    canvas.cover(dam, Material.DRY_GRASS)
    canvas.cover(spot.cells & ~dam & (from_edge < 15.0), Material.SANDBANK)


def _fish_ponds(canvas: Canvas, spot: Spot) -> None:
    """Rows of ponds with earth banks between."""
    numbers = number_parcels(spot.site, length_m=90.0, breadth_m=60.0, heading=spot.each.oval.frame.heading)
    inner = (numbers == np.roll(numbers, 1, axis=0)) & (numbers == np.roll(numbers, 1, axis=1))
    canvas.cover(spot.cells, Material.SOIL)
    canvas.cover(spot.cells & inner, Material.RIVER)
    canvas.cover(spot.cells & inner & (scattered(numbers, of=4) == 0), Material.POND)


def _terraces(canvas: Canvas, spot: Spot) -> None:
    """Steps along the slope, bare faces between planted treads."""
    step = np.asarray(canvas.elevation / 6.0) % 1.0
    canvas.cover(spot.cells, Material.DRY_GRASS)
    canvas.cover(spot.cells & (step < 0.45), Material.SOIL)
    canvas.is_riser[spot.cells & (step < 0.2)] = True


def _landfill(canvas: Canvas, spot: Spot) -> None:
    """A mound, half of it open waste, half of it under soil."""
    from_edge = depth_inside(spot.cells, pixel_m=PIXEL_M)
    canvas.elevation[spot.cells] += np.minimum(from_edge[spot.cells] * 0.25, 18.0)
    u, _ = spot.each.oval.frame.of(*spot.site.centres())
    canvas.cover(spot.cells, Material.SOIL)
    canvas.cover(spot.cells & (u > 0.0) & (from_edge > 20.0), Material.PAVED)


def _outcrop(canvas: Canvas, spot: Spot) -> None:
    """Bare rock that stands out of its surroundings, with ragged edges."""
    ragged = fractal(spot.site.shape, stream(spot.site.seed, spot.each.oval.name), exponent=2.4, longest_px=25.0)
    canvas.elevation[spot.cells] += np.minimum(depth_inside(spot.cells, pixel_m=PIXEL_M)[spot.cells] * 0.4, 35.0)
    canvas.cover(spot.cells & (ragged > -0.6), Material.OUTCROP)


def _bare_fields(canvas: Canvas, spot: Spot) -> None:
    numbers = number_parcels(spot.site, length_m=150.0, breadth_m=100.0, heading=spot.each.oval.frame.heading)
    canvas.cover(spot.cells, Material.BARE_FIELD)
    canvas.material[spot.cells & (scattered(numbers, of=3) == 0)] = Material.SOIL
    canvas.parcel[spot.cells] = numbers[spot.cells]


def _one_cover(material: Material) -> "Painter":
    def paint(canvas: Canvas, spot: Spot) -> None:
        canvas.cover(spot.cells, material)

    return paint


def _clear_cut(canvas: Canvas, spot: Spot) -> None:
    """Felled forest: grass and soil in strips."""
    rows: Field = spot.each.oval.frame.of(*spot.site.centres())[1]
    canvas.cover(spot.cells, Material.DRY_GRASS)
    canvas.cover(spot.cells & (rows % 60.0 < 28.0), Material.SOIL)


Painter = Callable[[Canvas, Spot], None]
_STRAIGHT = {Likeness.CONSTRUCTION, Likeness.SOLAR_FARM, Likeness.INDUSTRY, Likeness.AIRFIELD, Likeness.FISH_PONDS}
"""Kinds whose outlines people drew."""
_PAINTERS: Final[dict[Likeness, Painter]] = {
    Likeness.CONSTRUCTION: _construct, Likeness.SOLAR_FARM: _solar, Likeness.RESERVOIR: _reservoir,
    Likeness.CLEAR_CUT: _clear_cut, Likeness.BURN: _one_cover(Material.BURNT), Likeness.OUTCROP: _outcrop,
    Likeness.SAND_SHEET: _one_cover(Material.SAND), Likeness.INDUSTRY: _build,
    Likeness.AIRFIELD: _one_cover(Material.PAVED), Likeness.FISH_PONDS: _fish_ponds, Likeness.TERRACES: _terraces,
    Likeness.LANDFILL: _landfill, Likeness.BARE_FIELDS: _bare_fields, Likeness.TOWN: _build,
}  # fmt: skip
