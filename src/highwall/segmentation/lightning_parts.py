"""The parts of Lightning that training uses. Lightning imports torchvision, which may need mending first."""

from highwall.learning.torch_shim import import_torchvision

import_torchvision()

from lightning.pytorch import Callback, LightningModule, Trainer, seed_everything  # noqa: E402
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint  # noqa: E402
from lightning.pytorch.loggers import Logger, MLFlowLogger, TensorBoardLogger  # noqa: E402
from lightning.pytorch.plugins.io import TorchCheckpointIO  # noqa: E402
from lightning.pytorch.utilities.types import OptimizerLRScheduler  # noqa: E402

__all__ = [
    "Callback",
    "EarlyStopping",
    "LightningModule",
    "Logger",
    "MLFlowLogger",
    "ModelCheckpoint",
    "OptimizerLRScheduler",
    "TensorBoardLogger",
    "TorchCheckpointIO",
    "Trainer",
    "seed_everything",
]
