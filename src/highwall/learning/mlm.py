"""A trained network as a STAC item, so that catalogues of models can hold it and others can run it.

The item follows the extension *Machine Learning Model*, version 1.4: what goes in and in which units, what comes out,
which file holds it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

_STAC_VERSION: Final = "1.1.0"
_EXTENSIONS: Final = (
    "https://stac-extensions.github.io/mlm/v1.4.0/schema.json",
    "https://stac-extensions.github.io/file/v2.1.0/schema.json",
)
_SHA256_PREFIX: Final = "1220"
"""Multihash of SHA-256 with 32 bytes, as the extension *file* writes it."""


class ModelFile(NamedTuple):
    """One file of a network."""

    name: str
    n_bytes: int
    sha256: str
    precision: str


def stac_item(
    name: str, *, created: str, bands: Sequence[str], properties: Mapping[str, Any], files: Sequence[ModelFile]
) -> dict[str, Any]:
    """STAC item of a network in ONNX.

    Parameters
    ----------
    name
        Of the item: that of the network and its version.
    created
        When it was made, RFC 3339.
    properties
        What only its room knows: licence, description, and the extension's ``mlm:`` properties.
    files
        The network in each precision, the first is the one to take.

    Returns
    -------
    dict
        JSON. The geometry is null: a network has no place. Its times are open, as the extension recommends.

    Source: STAC extension Machine Learning Model 1.4.0.
    """
    return {
        "type": "Feature",
        "stac_version": _STAC_VERSION,
        "stac_extensions": list(_EXTENSIONS),
        "id": name,
        "geometry": None,
        "properties": {
            "datetime": None,
            "start_datetime": "1900-01-01T00:00:00Z",
            "end_datetime": "9999-12-31T23:59:59Z",
            "created": created,
            "bands": [{"name": band} for band in bands],
            "mlm:framework": "ONNX",
            "mlm:accelerator": None,
            **properties,
        },
        "links": [],
        "assets": {file.precision: _asset_of(file) for file in files},
    }


def image_input(
    name: str, *, bands: Sequence[str], side_px: int, description: str, scaling: Sequence[Mapping[str, Any]] | None
) -> dict[str, Any]:
    """What goes in: float32 images (batch, channel, height, width)."""
    return {
        "name": name,
        "description": description,
        "bands": list(bands),
        "input": {
            "shape": [-1, len(bands), side_px, side_px],
            "dim_order": ["batch", "channel", "height", "width"],
            "data_type": "float32",
        },
        "value_scaling": scaling,
        "resize_type": None,
    }


def class_output(name: str, *, classes: Sequence[str], side: int | None, task: str, description: str) -> dict[str, Any]:
    """What comes out: float32 of each class, for the whole image, or for ``side`` × ``side`` places of it."""
    grid = [] if side is None else [side, side]
    return {
        "name": name,
        "tasks": [task],
        "result": {
            "shape": [-1, len(classes), *grid],
            "dim_order": ["batch", "class", "height", "width"][: 2 + len(grid)],
            "data_type": "float32",
        },
        "description": description,
        "classification:classes": [{"value": value, "name": found} for value, found in enumerate(classes)],
    }


def _asset_of(file: ModelFile) -> dict[str, Any]:
    return {
        "href": f"./{file.name}",
        "title": f"Weights in {file.precision}",
        "type": "application/octet-stream; application=onnx",
        "roles": ["mlm:model", "mlm:weights"],
        "mlm:artifact_type": "onnx",
        "file:size": file.n_bytes,
        "file:checksum": _SHA256_PREFIX + file.sha256,
    }
