import io

import numpy as np
import pytest
import xarray as xr
from affine import Affine
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords
from PIL import Image

from highwall.report.mining import CHANGE_COLOURS, ChangePanels, ClassPanel, change_map, mining_map
from highwall.report.style import MINING_COLOURS

SIDE = 60
NAMES = {1: "excavation", 2: "dumping_ground", 12: "mining_area"}


def layer(values):
    grid = GeoBox((SIDE, SIDE), Affine(10, 0, 500_000, 0, -10, 7_000_000), "EPSG:32723")
    return xr.DataArray(values.astype(np.float32), dims=("y", "x"), coords=xr_coords(grid, dims=("y", "x")))


def codes(code=1):
    values = np.zeros((SIDE, SIDE))
    values[10:30, 10:30] = code
    values[:, -5:] = np.nan
    return layer(values)


def scene(level=120):
    return np.full((SIDE, SIDE, 3), level, np.uint8)


def colours_of(picture):
    image = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
    return image.reshape(-1, 3)


def holds(picture, colour, *, share, level=120):
    """Whether that share of the picture has a colour as it looks over a grey scene of that level."""
    plain = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])
    wanted = 0.68 * plain + 0.32 * (76 + 0.65 * level)
    return (np.abs(colours_of(picture) - wanted).max(axis=1) < 12).mean() > share


@pytest.mark.parametrize("name", ["excavation", "dumping_ground"])
def test_a_class_is_drawn_in_its_colour_and_named(name):
    code = {"excavation": 1, "dumping_ground": 2}[name]
    panel = ClassPanel("a subset", codes(code), {1: "excavation", 2: "dumping_ground"})
    picture = mining_map(scene(), [panel], hectares={name: 4.0}, title="a scene")
    assert holds(picture, MINING_COLOURS[name], share=0.01)
    empty = mining_map(scene(), [ClassPanel("a subset", codes(0), panel.names)], hectares={}, title="a scene")
    assert not holds(empty, MINING_COLOURS[name], share=0.01)


def test_a_picture_of_another_size_lies_under_the_classes():
    panel = ClassPanel("a subset", codes(), {1: "excavation"})
    small = mining_map(scene()[:30, :30], [panel], hectares={"excavation": 4.0}, title="")
    assert holds(small, MINING_COLOURS["excavation"], share=0.01)


def test_gain_loss_and_conversion_are_told_apart():
    joined = np.zeros((SIDE, SIDE))
    joined[5:25, 5:25], joined[5:25, 30:50], joined[30:50, 5:25], joined[30:50, 30:50] = 1, 100, 102, 101
    joined[:, -3:] = np.nan
    row = ChangePanels(
        0, layer(joined), NAMES, [{"excavation": 4.0}, {"excavation": 4.0}, dict.fromkeys(CHANGE_COLOURS, 4.0)]
    )
    picture = change_map([row], pictures=[scene(), None], titles=("2019", "2021"))
    for colour in CHANGE_COLOURS.values():
        assert holds(picture, colour, share=0.002, level=255)  # no scene: white
    before, after, kinds = row.panels(("2019", "2021"))
    assert np.nansum(before.codes == 1) == 3 * 400
    assert np.nansum(after.codes == 2) == 400
    assert [int((kinds.codes == kind).sum()) for kind in (1, 2, 3)] == [400, 400, 400]
    assert int(np.isnan(kinds.codes).sum()) == 3 * SIDE


def test_no_legend_is_cut_off():
    grid = GeoBox((SIDE, SIDE), Affine(6.6e-4, 0, -56.45, 0, -6.6e-4, -16.16), "EPSG:4326")
    joined = np.zeros((SIDE, SIDE), np.float32)
    joined[5:25, 5:25], joined[:, -3:] = 1200, np.nan
    codes = xr.DataArray(joined, dims=grid.dims, coords=xr_coords(grid, dims=grid.dims))
    many, whole = dict.fromkeys(list(MINING_COLOURS)[:7], 4.0), {"mining_area": 8.0}
    names = {**dict(enumerate(many, 1)), 12: "mining_area"}
    rows = [
        ChangePanels(0, codes, names, [many, many, dict.fromkeys(CHANGE_COLOURS, 4.0)]),
        ChangePanels(4, codes, names, [whole, whole, {"expansion": 4.0, "abandonment": 4.0}]),
    ]
    picture = change_map(rows, pictures=[None, None], titles=("2019", "2021"))
    image = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
    assert image[-5:].min() > 250  # paper below the lowest line
