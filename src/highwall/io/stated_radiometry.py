"""What files say of their digital numbers, as tags: ``QUANTIFICATION`` and ``OFFSET`` [digital numbers].

Reflectance = (number + offset) / quantification.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import rasterio

from highwall.core.constants import SENTINEL2_OFFSET, SENTINEL2_OFFSET_BASELINE
from highwall.core.errors import SceneError

_BASELINE = re.compile(r"_N(\d{2})(\d{2})_")
_REFLECTANCE = {"QUANTIFICATION": "1", "OFFSET": "0"}
"""Numbers with a fraction are reflectance already, unless the file says otherwise."""
_CODES = "SCL"
"""The band that holds no reflectance, so that its scale says nothing."""


def stated_scales(dataset: Any) -> list[dict[str, str]]:
    """Tags of each band of an open raster, by its scale and offset or by numbers with a fraction.

    Raises
    ------
    SceneError
        A scale is not positive.
    """
    bands = zip(dataset.dtypes, dataset.scales, dataset.offsets, strict=True)
    return [_stated_scale(np.dtype(dtype), scale, offset) for dtype, scale, offset in bands]


def tags_of_band(path: Path) -> dict[str, str]:
    """Tags of a file of one band, with those that its scale states.

    Raises
    ------
    SceneError
        The scale is not positive.
    """
    with rasterio.open(path) as dataset:
        tags: dict[str, str] = stated_scales(dataset)[0] | dataset.tags()
    return tags


def agreed(stated: Mapping[str, dict[str, str]], path: Path) -> dict[str, str]:
    """Tags of a scene by those of its bands, of which SCL has no say.

    Raises
    ------
    SceneError
        Bands differ in quantification or offset.
    """
    spectral = [tags for name, tags in stated.items() if name.upper() != _CODES]
    if len({tuple(tags.get(key) for key in _REFLECTANCE) for tags in spectral}) > 1:
        raise SceneError(f"the bands of {path.name} differ in type, scale or offset; store them with the same.")
    return spectral[0] if spectral else {}


def metadata_tags(file: Path) -> dict[str, str]:
    """Tags of a Sentinel-2 product by its metadata file, ``MTD_MSIL1C.xml`` or ``MTD_MSIL2A.xml``."""
    elements = {element.tag.rsplit("}", 1)[-1]: element.text or "" for element in ElementTree.parse(file).iter()}
    offset = elements.get("BOA_ADD_OFFSET", elements.get("RADIO_ADD_OFFSET"))
    quantification = elements.get("BOA_QUANTIFICATION_VALUE", elements.get("QUANTIFICATION_VALUE"))
    tags = {"OFFSET": offset, "QUANTIFICATION": quantification, "LEVEL": file.stem[-2:]}
    return {key: value for key, value in tags.items() if value}


def offset_of(name: str, tags: Mapping[str, str]) -> tuple[float, str]:
    """Offset of a scene [digital numbers], and why it is that."""
    if "OFFSET" in tags:
        return float(tags["OFFSET"]), "stated in the product's metadata"
    if match := _BASELINE.search(name):
        baseline = f"{match[1]}.{match[2]}"
        if baseline >= SENTINEL2_OFFSET_BASELINE:
            return SENTINEL2_OFFSET, f"processing baseline {baseline} in the product's name"
        return 0.0, f"processing baseline {baseline} has none"
    return 0.0, "no processing baseline stated; assumed none"


def _stated_scale(dtype: np.dtype[Any], scale: float, offset: float) -> dict[str, str]:
    """Reflectance is number · scale + offset to GDAL; here the offset is added first, in digital numbers."""
    if scale == 1.0:
        return _REFLECTANCE if dtype.kind == "f" else {}
    if not scale > 0.0:
        raise SceneError(f"a band states a scale of {scale:g}; give it a positive one (gdal_edit.py -scale).")
    return {"QUANTIFICATION": f"{1.0 / scale:.9g}", "OFFSET": f"{offset / scale:.9g}"}
