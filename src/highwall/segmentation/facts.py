"""What a network's training says about it: what it learned from, and the metadata that travel with it."""

import json
from collections.abc import Mapping
from typing import Any, Final

from highwall import __version__
from highwall.segmentation.dataset import SampleSet
from highwall.segmentation.metadata import DEMO, SegmentationMetadata
from highwall.segmentation.network import SegmentationNetwork
from highwall.segmentation.options import NetworkOptions, TrainOptions

BEGUN_FROM: Final = "begun_from"
"""Key of these facts: of which weights the whole network began, if of any."""
_MOST_NAMED: Final = 100
"""Sites that are named in a file's facts; of more only the number is told."""


def training_facts(training: SampleSet) -> dict[str, Any]:
    """Tell what is learned from: numbers of samples, sites, groups and masks, and how many are simulated."""
    levels = {sample.level for sample in training}
    facts: dict[str, Any] = {
        "level": next(iter(levels)) if len(levels) == 1 and levels <= {"L1C", "L2A"} else "any",
        "n_samples": len(training),
        "n_simulated": len(training.where(is_simulated=True)),
        "n_sites": len(training.sites),
        "n_groups": len(training.groups),
        "n_masks": sum(len(sample.annotators) for sample in training),
    }
    return facts | ({"sites": sorted(training.sites)} if len(training.sites) <= _MOST_NAMED else {})


def metadata_of(
    network: SegmentationNetwork,
    *,
    options: TrainOptions,
    training: dict[str, Any],
    thresholds: dict[str, float] | None = None,
) -> SegmentationMetadata:
    """Metadata of a trained network; one that saw only simulation is called ``demo``.

    Parameters
    ----------
    training
        As :func:`training_facts` gives them.
    thresholds
        Probability from which a class is said [1], by name.
    """
    is_simulated, is_named_so = _saw_only_simulation(training), options.name.startswith(DEMO)
    origin = training.get(BEGUN_FROM)
    return SegmentationMetadata(
        name=options.name if is_named_so or not is_simulated else f"{DEMO}-{options.name}",
        version=__version__,
        subsets=options.network.subsets,
        classes=options.network.classes,
        bands=options.network.bands,
        level=options.level or training.get("level", "any"),
        pixel_m=options.pixel_m,
        window_px=options.sampling.chip_px,
        thresholds=thresholds or {},
        temperature={
            subset: round(float(value), 6)
            for subset, value in zip(options.network.subsets, network.temperature, strict=True)
        },
        training_data=json.dumps(training, ensure_ascii=False),
        is_simulated=is_simulated,
        architecture=options.network.architecture,
        encoder=origin["encoder"] if origin else _encoder_of(options.network),
        begun_from=f"{origin['name']} {origin['version']}" if origin else "",
        licence=options.licence,
    )


def _saw_only_simulation(training: Mapping[str, Any]) -> bool:
    """Tell it of what was learned from, and of what the weights learned from that it began with."""
    is_simulated = bool(training.get("n_samples")) and training.get("n_samples") == training.get("n_simulated")
    origin = training.get(BEGUN_FROM)
    return is_simulated and (origin is None or _saw_only_simulation(origin["training_data"]))


def _encoder_of(network: NetworkOptions) -> str:
    """Its name, and what it was pretrained with."""
    return network.encoder + (f" ({network.encoder_weights})" if network.encoder_weights else "")
