"""A crack network trained for seconds on the photographs of `made`."""

import pytest

from highwall.classification.cracks.mapping import CrackModel
from highwall.classification.cracks.photograph import CRACK_CLASSES
from highwall.classification.cracks.train import CrackTrainer
from highwall.classification.export import export_network, metadata_of
from highwall.classification.radiometry import CAMERA_RGB

from .made import SMALL_RUN, cracked


@pytest.fixture(scope="session")
def crack_weights(tmp_path_factory):
    """Path of an ONNX file."""
    path = tmp_path_factory.mktemp("cracks") / "small.onnx"
    options = SMALL_RUN.model_copy(update={"n_steps": 60, "learning_rate": 0.02, "ema_decay": 0.8})
    trainer = CrackTrainer([cracked(name) for name in "123"], options=options)
    trainer.run()
    facts = metadata_of(
        trainer.result(),
        name="small",
        version="0",
        training_data="made",
        classes=CRACK_CLASSES,
        radiometry=CAMERA_RGB,
        pixel_m=float("nan"),
    )
    export_network(trainer.result(), path, metadata=facts)
    return path


@pytest.fixture(scope="session")
def crack_model(crack_weights):
    return CrackModel.open(crack_weights)
