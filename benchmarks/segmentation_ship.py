"""Our network, trained on all places, as it is shipped: weights of half precision, card and record for catalogues."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from highwall.io.aside import write_text
from highwall.learning.mlm import ModelFile
from highwall.segmentation.dataset import SampleSet
from highwall.segmentation.export import export_half, export_network
from highwall.segmentation.facts import metadata_of, training_facts
from highwall.segmentation.metadata import SegmentationMetadata
from highwall.segmentation.network import SegmentationNetwork
from highwall.segmentation.record import model_item
from highwall.segmentation.segmenter import OnnxSegmenter
from highwall.segmentation.torch_segmenter import TorchSegmenter
from highwall.segmentation.train import train_network
from segmentation_card import ATTRIBUTION, LABEL_SOURCE, QUIET_SOURCE, card_text
from segmentation_folds import ALL_PLACES, WINDOW_PX, Entry, asked, say, to_learn
from segmentation_scores import Settled

WEIGHTS = Path(__file__).resolve().parents[1] / "src" / "highwall" / "segmentation" / "weights"
NAME = "mines"


def ship(entry: Entry, samples: SampleSet, *, settled: Settled, scores: Mapping[str, Any], work: Path) -> None:
    """Train on all places, settle as held-out places say, and write everything that goes with the package."""
    known, options = to_learn(entry, samples, entry.options[0])
    trained = train_network(
        known, options=options, out=work / f"{entry.name}-{entry.identity}-{ALL_PLACES}", progress=say
    )
    network = trained.network.eval()
    network.temperature.copy_(torch.tensor([settled.temperature[subset] for subset in options.network.subsets]))
    facts = (
        training_facts(samples)
        | {"n_quiet": len(known) - len(samples), "quiet_source": QUIET_SOURCE}
        | {"source": LABEL_SOURCE, "attribution": ATTRIBUTION}
    )
    metadata = metadata_of(network, options=options, training=facts, thresholds=settled.thresholds)
    metadata = metadata.model_copy(update={"window_px": WINDOW_PX})
    parity = _export(network, metadata, work=work)
    path = WEIGHTS / f"{NAME}.onnx"
    card = {
        "model": metadata.model_dump(mode="json") | {"n_bytes": path.stat().st_size, "precision": "float16"},
        "training_data": facts,
        "options": options.model_dump(mode="json", exclude={"run"}),
        "parity": parity | _said_otherwise(network, metadata, samples, path),
        "cross_validation": dict(scores),
    }
    write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", WEIGHTS / f"{NAME}.card.json")
    write_text(card_text(card), WEIGHTS / f"{NAME}.md")
    _write_record(network, metadata, path)


def _export(network: SegmentationNetwork, metadata: SegmentationMetadata, *, work: Path) -> dict[str, float]:
    """Write the weights; largest differences of probability from torch, on noise."""
    WEIGHTS.mkdir(exist_ok=True)
    single = work / f"{NAME}.float32.onnx"
    found = {"float32": export_network(network, single, metadata=metadata)}
    found["float16"] = export_half(network, single, WEIGHTS / f"{NAME}.onnx", metadata=metadata)
    return found


def _said_otherwise(
    network: SegmentationNetwork, metadata: SegmentationMetadata, samples: SampleSet, path: Path
) -> dict[str, float]:
    """Largest and mean difference between the shipped file and torch on a real scene."""
    scene = samples[0]
    difference = abs(asked(scene, OnnxSegmenter.open(path)) - asked(scene, TorchSegmenter(network, metadata)))
    return {"scene_largest": float(difference.max()), "scene_mean": float(difference.mean())}


def _write_record(network: SegmentationNetwork, metadata: SegmentationMetadata, path: Path) -> None:
    file = ModelFile(path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest(), "float16")
    created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    n_weights = sum(weights.numel() for weights in network.parameters())
    item = model_item(metadata, files=[file], n_weights=n_weights, created=created)
    write_text(json.dumps(item, indent=1, ensure_ascii=False) + "\n", WEIGHTS / f"{NAME}.stac.json")
