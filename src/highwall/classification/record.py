"""A chip network as a STAC item of the extension *Machine Learning Model*."""

import math
from collections.abc import Sequence
from typing import Any

from highwall.classification.metadata import ModelMetadata
from highwall.classification.radiometry import RADIOMETRIES
from highwall.learning.mlm import ModelFile, class_output, image_input, stac_item


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
    """
    return stac_item(
        f"{metadata.name}-{metadata.version}",
        created=created,
        bands=metadata.bands,
        files=files,
        properties={
            "license": licence,
            "description": f"Tells {', '.join(metadata.classes)} apart, cell by cell and for the chip as a whole. "
            f"Learned from {metadata.training_data}",
            "mlm:name": metadata.name,
            "mlm:architecture": "Densely connected network with attention and path aggregation (Yu et al. 2023)",
            "mlm:tasks": ["classification", "semantic-segmentation"],
            "mlm:total_parameters": n_weights,
            "mlm:pretrained": bool(metadata.begun_from),
            "mlm:pretrained_source": metadata.begun_from or None,
            "mlm:hyperparameters": {
                "threshold": metadata.threshold,
                "cell_threshold": metadata.cell_threshold,
                "temperature": metadata.temperature,
                "cell_temperature": metadata.cell_temperature,
            },
            "mlm:input": [_input_of(metadata)],
            "mlm:output": _outputs_of(metadata),
        },
    )


def _input_of(metadata: ModelMetadata) -> dict[str, Any]:
    radiometry = RADIOMETRIES[metadata.radiometry]
    levels = f"numpy.rint({radiometry.n_levels} * numpy.clip(x / {radiometry.full_scale:g}, 0, 1))"
    pixel = "" if math.isnan(metadata.pixel_m) else f" at {metadata.pixel_m:g} m"
    return image_input(
        "levels",
        bands=metadata.bands,
        side_px=metadata.chip_px,
        description=f"{metadata.level}{pixel}, as whole levels 0 to {radiometry.n_levels}",
        scaling=[{"type": "processing", "format": "python", "expression": levels}],
    )


def _outputs_of(metadata: ModelMetadata) -> list[dict[str, Any]]:
    side, said = metadata.chip_px // metadata.cell_px, "calibrated probability of each class"
    classes = metadata.classes
    return [
        class_output("cells", classes=classes, side=side, task="semantic-segmentation", description=said),
        class_output("chip", classes=classes, side=None, task="classification", description=said),
    ]
