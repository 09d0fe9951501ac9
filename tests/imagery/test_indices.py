import numpy as np
import pytest

from highwall.core.errors import SceneError
from highwall.imagery.indices import INDICES, index

from .scenes import SIX, spectra

SOIL = {"soil": (0.10, 0.14, 0.20, 0.28, 0.36, 0.30)}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ndvi", (0.28 - 0.20) / 0.48),
        ("ndwi", (0.14 - 0.28) / 0.42),
        ("mndwi", (0.14 - 0.36) / 0.50),
        ("ndsi", (0.14 - 0.36) / 0.50),
        ("ndbi", (0.36 - 0.28) / 0.64),
        ("bsi", (0.36 + 0.20 - 0.28 - 0.10) / (0.36 + 0.20 + 0.28 + 0.10)),
    ],
)
def test_an_index_equals_its_formula(name: str, value: float):
    found = index(spectra(SOIL), name)
    assert found.dims == ("y", "x")
    assert found.item() == pytest.approx(value, rel=1e-6)
    assert found.attrs["source"] == INDICES[name].source


@pytest.mark.parametrize("name", INDICES)
def test_what_cannot_be_divided_is_missing_and_the_rest_within_one(name: str):
    rows = {
        "black": (0,) * 6,
        "below": (-0.01,) * 6,
        "nan": (np.nan,) * 6,
        "mixed": (-0.01, 0.02, -0.01, 0.02, -0.01, 0.02),
    }
    values = index(spectra(rows), name).values[0]
    assert np.isnan(values[:3]).all()
    assert np.isnan(values[3]) or -1 <= values[3] <= 1


def test_a_missing_band_is_named():
    with pytest.raises(SceneError, match="the index ndbi needs B11"):
        index(spectra({"soil": SOIL["soil"][:4]}, bands=SIX[:4]), "ndbi")


def test_an_unknown_index_is_a_key_error():
    with pytest.raises(KeyError):
        index(spectra(SOIL), "evi9")
