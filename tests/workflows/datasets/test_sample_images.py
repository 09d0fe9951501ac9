import warnings

import numpy as np
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from highwall.core.errors import GridError, SceneError
from highwall.workflows.datasets.sample_images import open_image
from highwall.workflows.mapping.cube import CubeSource


@pytest.mark.parametrize(("driver", "suffix"), [("PNG", ".png"), ("JPEG", ".jpg"), ("GTiff", ".tif")])
def test_an_image_without_a_place_is_refused_in_our_words_alone(tmp_path, driver, suffix):
    path = tmp_path / f"photo{suffix}"
    profile = {"driver": driver, "width": 32, "height": 32, "count": 3, "dtype": "uint8"}
    unplaced = warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning)
    with unplaced, rasterio.open(path, "w", **profile) as dataset:
        dataset.write(np.full((3, 32, 32), 90, np.uint8))
    with pytest.raises(GridError, match="carries no CRS"):
        open_image(path, bands=("B04", "B03", "B02"))
    with pytest.raises(GridError, match="carries no CRS"):
        CubeSource(bands=("B04", "B03", "B02")).open(path)
    with pytest.raises(SceneError, match="carries no CRS"):
        CubeSource(bands=("B04", "B03", "B02"), radar=path).open(path)
