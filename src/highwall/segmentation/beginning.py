"""A training that begins where another ended: with the whole network of its checkpoint, encoder, decoder and heads."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from highwall.core.errors import ModelError
from highwall.segmentation.checkpoints import FACTS, Restored, network_of, read_checkpoint
from highwall.segmentation.facts import BEGUN_FROM
from highwall.segmentation.network import SegmentationNetwork
from highwall.segmentation.options import NetworkOptions, TrainOptions

_SAME: Final = ("subsets", "bands", "architecture", "encoder", "decoder_width", "decoder_norm")
"""Options of a network on which the shape or the meaning of its weights depends."""


def begun(network: SegmentationNetwork, options: TrainOptions, *, resumed: Path | None) -> dict[str, Any]:
    """Give a new network the weights from which the options let it begin, and tell what they are.

    Parameters
    ----------
    resumed
        Checkpoint from which this training goes on: it holds the weights, and tells what they began with.

    Returns
    -------
    dict
        Under `facts.BEGUN_FROM` name and version of the weights, file, SHA-256, encoder, and what they learned from;
        empty where nothing is named.

    Raises
    ------
    MissingInputError
        There is no such file.
    ModelError
        It is no checkpoint of a segmentation training, or one of a network for other classes or bands, or of another
        build.
    """
    if resumed is not None:
        told = read_checkpoint(resumed)[FACTS]
        return {BEGUN_FROM: told[BEGUN_FROM]} if BEGUN_FROM in told else {}
    if options.begin_from is None:
        return {}
    path = Path(options.begin_from).expanduser()
    restored = network_of(read_checkpoint(path))
    _check(restored.network.options, options.network, path=path)
    # By order: dropout before the head, which has no weights, changes the names of those behind it.
    found = restored.network.state_dict().values()
    network.load_state_dict(dict(zip(network.state_dict(), found, strict=True)))
    return {BEGUN_FROM: _origin(restored, path)}


def _check(found: NetworkOptions, wanted: NetworkOptions, *, path: Path) -> None:
    """Refuse weights of another network."""
    other = [name for name in _SAME if getattr(found, name) != getattr(wanted, name)]
    if other:
        told = "; ".join(f"{name} {_text(getattr(found, name))}, not {_text(getattr(wanted, name))}" for name in other)
        raise ModelError(
            f"a training cannot begin from {path}: its network has {told}. Give a checkpoint of the same network, or "
            "train with the options of that one."
        )


def _origin(restored: Restored, path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    metadata = restored.metadata
    return {
        "name": metadata.name,
        "version": metadata.version,
        "file": path.name,
        "sha256": digest,
        "encoder": metadata.encoder,
        "training_data": json.loads(metadata.training_data),
    }


def _text(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
