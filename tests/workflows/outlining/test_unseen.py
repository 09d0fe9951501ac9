import numpy as np
import pytest

from highwall.core.grid import GeoBox, grid_of
from highwall.io.rasters import read_raster
from highwall.workflows.outlining.surroundings import placed
from highwall.workflows.outlining.unseen import unseen_share


@pytest.fixture
def predicted(mine):
    return read_raster(mine.probability).sel(band="industrial_mine").load()


def test_what_lies_in_objects_is_seen(mine, predicted):
    assert unseen_share(mine.probability, (predicted * 0 + 1).astype("i4"), threshold=0.5) == 0
    assert unseen_share(mine.probability, (predicted * 0).astype("i4"), threshold=0.5) == 1


def test_where_nothing_is_predicted_nothing_is_unseen(mine, predicted):
    low = mine.write(np.stack([predicted.values * 0 + 1, predicted.values * 0]), "low.tif", layer="class_probability",
                     bands=("none", "pit"))  # fmt: skip
    assert unseen_share(low, (predicted * 0).astype("i4"), threshold=0.5) == 0


def test_objects_on_another_grid_are_looked_up_block_by_block(mine, predicted, monkeypatch):
    """Objects of 20 m in another zone that cover the left half, read in blocks of 20 pixels."""
    monkeypatch.setattr("highwall.workflows.outlining.unseen.BLOCK", 20)
    around = grid_of(predicted).extent.to_crs("EPSG:32632")
    other = GeoBox.from_geopolygon(around, resolution=20, crs="EPSG:32632")
    left = (predicted * 0 + 1).where(np.arange(96) < 48, 0)
    objects = placed(left, other, resampling="nearest").fillna(0).astype("i4")
    expected = (predicted.values[:, 48:] >= 0.5).sum() / (predicted.values >= 0.5).sum()
    assert unseen_share(mine.probability, objects, threshold=0.5) == pytest.approx(expected, abs=0.03)
