"""The files from which a training goes on, and from which its network can be had."""

import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch
from pydantic import ValidationError

from highwall.core.errors import MissingInputError, ModelError
from highwall.segmentation.facts import metadata_of
from highwall.segmentation.lightning_parts import TorchCheckpointIO
from highwall.segmentation.metadata import SegmentationMetadata
from highwall.segmentation.network import SegmentationNetwork
from highwall.segmentation.options import TrainOptions

LAST: Final = "last.ckpt"
BEST: Final = "best.ckpt"
HISTORY: Final = "highwall_history"
OPTIONS: Final = "highwall_options"
FACTS: Final = "highwall_facts"
"""Keys of a checkpoint: what is known of each pass, the options of the training, and what it learns from."""
_UNREADABLE = (
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
    RuntimeError,
    pickle.UnpicklingError,
)
"""What reading something else as a checkpoint raises."""


class Restored(NamedTuple):
    """A network and its facts."""

    network: SegmentationNetwork
    metadata: SegmentationMetadata


class AtomicFiles(TorchCheckpointIO):
    """Writes a checkpoint beside its place and moves it there, so that a kill leaves the one before."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """Write a checkpoint."""
        part = f"{path}.part"
        super().save_checkpoint(checkpoint, part, storage_options)
        os.replace(part, path)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint of a segmentation training; code that hides in one is not run.

    Raises
    ------
    MissingInputError
        There is no such file.
    ModelError
        It is no checkpoint of a segmentation training.
    """
    if not path.is_file():
        raise MissingInputError(f"no checkpoint at {path}; give the .ckpt file of a training that finished a pass.")
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        missing = {HISTORY, OPTIONS, FACTS} - state.keys()
    except _UNREADABLE as error:
        raise ModelError(f"{path} cannot be read as a checkpoint ({error}); train it anew.") from error
    if missing:
        raise ModelError(f"{path} is no checkpoint of a segmentation training; give one of Highwall's.")
    return state


def network_of(checkpoint: Mapping[str, Any]) -> Restored:
    """Rebuild the network of a checkpoint, with averaged weights where they were kept; its answers are not calibrated.

    Raises
    ------
    ModelError
        Its options are of another version of Highwall.
    """
    try:
        options = TrainOptions.model_validate(checkpoint[OPTIONS])
        network = SegmentationNetwork(options.network)
        prefix = "averaged." if options.optimiser.ema_decay else "network."
        state = checkpoint["state_dict"].items()
        network.load_state_dict({key.removeprefix(prefix): value for key, value in state if key.startswith(prefix)})
    except (ValidationError, RuntimeError, KeyError) as error:
        raise ModelError(f"the checkpoint is of another version of Highwall ({error}); train it anew.") from error
    return Restored(network.eval(), metadata_of(network, options=options, training=checkpoint[FACTS]))
