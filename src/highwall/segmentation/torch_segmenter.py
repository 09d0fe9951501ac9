"""A segmenter that runs in torch: for GPUs, and to judge a network in the middle of its training."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from highwall.segmentation.checkpoints import network_of, read_checkpoint
from highwall.segmentation.metadata import SegmentationMetadata
from highwall.segmentation.network import SegmentationNetwork
from highwall.segmentation.segmenter import check_images


@dataclass(frozen=True)
class TorchSegmenter:
    """A network in torch, as :class:`~highwall.segmentation.segmenter.Segmenter` says."""

    network: SegmentationNetwork
    metadata: SegmentationMetadata
    device: str = "cpu"
    """As torch names it: ``cpu``, ``cuda:0``."""

    @classmethod
    def open(cls, path: Path, *, device: str = "cpu") -> Self:
        """Load a checkpoint of a training, ``best.ckpt`` or ``last.ckpt``; code that hides in one is not run.

        Raises
        ------
        MissingInputError
            There is no such file.
        ModelError
            It is no checkpoint of a segmentation training.
        """
        network, metadata = network_of(read_checkpoint(path))
        return cls(network.to(device), metadata, device)

    def probability(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probability of each class at each pixel; see :class:`~highwall.segmentation.segmenter.Segmenter`."""
        check_images(images, self.metadata)
        batch = torch.from_numpy(np.ascontiguousarray(images, dtype=np.float32)).to(self.device)
        with torch.inference_mode():
            answer: NDArray[np.float32] = (
                self.network(batch.contiguous(memory_format=torch.channels_last)).cpu().numpy()
            )
        return answer
