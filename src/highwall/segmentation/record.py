"""A segmentation network as a STAC item of the extension *Machine Learning Model*."""

import json
from collections.abc import Sequence
from typing import Any

from highwall.learning.mlm import ModelFile, class_output, image_input, stac_item
from highwall.segmentation.metadata import SegmentationMetadata


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
    """
    begun_from = metadata.begun_from or metadata.encoder.partition("(")[2].rstrip(")") or None
    return stac_item(
        f"{metadata.name}-{metadata.version}",
        created=created,
        bands=metadata.bands,
        files=files,
        properties={
            "license": metadata.licence,
            "description": f"Tells {', '.join(metadata.classes)} from background, pixel by pixel."
            + (" It saw nothing but simulation." if metadata.is_simulated else ""),
            "mlm:name": metadata.name,
            "mlm:architecture": f"{metadata.architecture} with {metadata.encoder}",
            "mlm:tasks": ["semantic-segmentation"],
            "mlm:total_parameters": n_weights,
            "mlm:pretrained": begun_from is not None,
            "mlm:pretrained_source": begun_from,
            "mlm:hyperparameters": {
                "thresholds": metadata.thresholds,
                "temperature": {str(subset): value for subset, value in metadata.temperature.items()},
                "training_data": json.loads(metadata.training_data),
            },
            "mlm:input": [_input_of(metadata)],
            "mlm:output": [_output_of(metadata)],
        },
    )


def _input_of(metadata: SegmentationMetadata) -> dict[str, Any]:
    return image_input(
        "images",
        bands=metadata.bands,
        side_px=metadata.window_px,
        description=f"level {metadata.level} at {metadata.pixel_m:g} m: reflectance [1] of optical bands, "
        f"backscatter [dB] of radar bands; NaN is missing; sides are multiples of {metadata.stride} px. Normalised "
        "inside.",
        scaling=None,
    )


def _output_of(metadata: SegmentationMetadata) -> dict[str, Any]:
    return class_output(
        "probability",
        classes=metadata.classes,
        side=metadata.window_px,
        task="semantic-segmentation",
        description=f"probability of each class; those of a subset of {', '.join(map(str, metadata.subsets))} "
        "and background sum to 1",
    )
