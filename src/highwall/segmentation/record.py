"""A trained network as a STAC item, so that catalogues of models can hold it and others can run it.

The item follows the extension *Machine Learning Model*, version 1.4.
"""

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from highwall.segmentation.metadata import SegmentationMetadata

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
    metadata: SegmentationMetadata, *, files: Sequence[ModelFile], n_weights: int, created: str
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
            "license": metadata.licence,
            "description": f"Tells {', '.join(metadata.classes)} from background, pixel by pixel."
            + (" It saw nothing but simulation." if metadata.is_simulated else ""),
            "bands": [{"name": band} for band in metadata.bands],
            "mlm:name": metadata.name,
            "mlm:architecture": f"{metadata.architecture} with {metadata.encoder}",
            "mlm:framework": "ONNX",
            "mlm:tasks": ["semantic-segmentation"],
            "mlm:total_parameters": n_weights,
            "mlm:pretrained": _pretrained(metadata) is not None,
            "mlm:pretrained_source": _pretrained(metadata),
            "mlm:accelerator": None,
            "mlm:hyperparameters": {
                "thresholds": metadata.thresholds,
                "temperature": {str(subset): value for subset, value in metadata.temperature.items()},
                "training_data": json.loads(metadata.training_data),
            },
            "mlm:input": [_input_of(metadata)],
            "mlm:output": [_output_of(metadata)],
        },
        "links": [],
        "assets": {file.precision: _asset_of(file) for file in files},
    }


def _pretrained(metadata: SegmentationMetadata) -> str | None:
    """Weights with which the network began, or its encoder."""
    return metadata.begun_from or metadata.encoder.partition("(")[2].rstrip(")") or None


def _input_of(metadata: SegmentationMetadata) -> dict[str, Any]:
    side = metadata.window_px
    return {
        "name": "images",
        "description": f"level {metadata.level} at {metadata.pixel_m:g} m: reflectance [1] of optical bands, "
        f"backscatter [dB] of radar bands; NaN is missing; sides are multiples of {metadata.stride} px. Normalised "
        "inside.",
        "bands": list(metadata.bands),
        "input": {
            "shape": [-1, len(metadata.bands), side, side],
            "dim_order": ["batch", "channel", "height", "width"],
            "data_type": "float32",
        },
        "value_scaling": None,
        "resize_type": None,
    }


def _output_of(metadata: SegmentationMetadata) -> dict[str, Any]:
    side = metadata.window_px
    return {
        "name": "probability",
        "tasks": ["semantic-segmentation"],
        "result": {
            "shape": [-1, len(metadata.classes), side, side],
            "dim_order": ["batch", "class", "height", "width"],
            "data_type": "float32",
        },
        "description": f"probability of each class; those of a subset of {', '.join(map(str, metadata.subsets))} "
        "and background sum to 1",
        "classification:classes": [{"value": i, "name": name} for i, name in enumerate(metadata.classes)],
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
