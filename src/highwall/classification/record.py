"""A trained network as a STAC item, so that catalogues of models can hold it and others can run it.

The item follows the extension *Machine Learning Model*, version 1.4: what goes in and in which units, what comes out,
which file holds it.
"""

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from highwall.classification.metadata import ModelMetadata
from highwall.classification.radiometry import RADIOMETRIES

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


def model_item(
    metadata: ModelMetadata, *, files: Sequence[ModelFile], n_weights: int, created: str, licence: str
) -> dict[str, Any]:
    """STAC item of a network.

    Parameters
    ----------
    files
        The network in each precision, the first is the one to take.
    n_weights
        Weights and offsets of the first file.
    created
        When it was made, RFC 3339.
    licence
        SPDX identifier of the weights.

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
        "id": f"{metadata.name}-{metadata.version}",
        "geometry": None,
        "properties": {
            "datetime": None,
            "start_datetime": "1900-01-01T00:00:00Z",
            "end_datetime": "9999-12-31T23:59:59Z",
            "created": created,
            "license": licence,
            "description": f"Tells {', '.join(metadata.classes)} apart, cell by cell and for the chip as a whole. "
            f"Learned from {metadata.training_data}",
            "bands": [{"name": band} for band in metadata.bands],
            "mlm:name": metadata.name,
            "mlm:architecture": "Densely connected network with attention and path aggregation (Yu et al. 2023)",
            "mlm:framework": "ONNX",
            "mlm:tasks": ["classification", "semantic-segmentation"],
            "mlm:total_parameters": n_weights,
            "mlm:pretrained": bool(metadata.begun_from),
            "mlm:pretrained_source": metadata.begun_from or None,
            "mlm:accelerator": None,
            "mlm:hyperparameters": {
                "threshold": metadata.threshold,
                "cell_threshold": metadata.cell_threshold,
                "temperature": metadata.temperature,
                "cell_temperature": metadata.cell_temperature,
            },
            "mlm:input": [_input_of(metadata)],
            "mlm:output": _outputs_of(metadata),
        },
        "links": [],
        "assets": {file.precision: _asset_of(file) for file in files},
    }


def _input_of(metadata: ModelMetadata) -> dict[str, Any]:
    radiometry = RADIOMETRIES[metadata.radiometry]
    levels = f"numpy.rint({radiometry.n_levels} * numpy.clip(x / {radiometry.full_scale:g}, 0, 1))"
    return {
        "name": "levels",
        "description": f"{metadata.level}{_pixel_of(metadata)}, as whole levels 0 to {radiometry.n_levels}",
        "bands": list(metadata.bands),
        "input": {
            "shape": [-1, len(metadata.bands), metadata.chip_px, metadata.chip_px],
            "dim_order": ["batch", "channel", "height", "width"],
            "data_type": "float32",
        },
        "value_scaling": [{"type": "processing", "format": "python", "expression": levels}],
        "resize_type": None,
    }


def _pixel_of(metadata: ModelMetadata) -> str:
    return "" if math.isnan(metadata.pixel_m) else f" at {metadata.pixel_m:g} m"


def _outputs_of(metadata: ModelMetadata) -> list[dict[str, Any]]:
    side = metadata.chip_px // metadata.cell_px
    classes = [{"value": i, "name": name} for i, name in enumerate(metadata.classes)]
    shapes = {
        "cells": ("semantic-segmentation", [-1, len(classes), side, side], ["batch", "class", "height", "width"]),
        "chip": ("classification", [-1, len(classes)], ["batch", "class"]),
    }
    return [
        {
            "name": name,
            "tasks": [task],
            "result": {"shape": shape, "dim_order": order, "data_type": "float32"},
            "description": "calibrated probability of each class",
            "classification:classes": classes,
        }
        for name, (task, shape, order) in shapes.items()
    ]


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
