"""Where the scores of a training are logged as well, by option: TensorBoard or MLflow."""

from pathlib import Path
from typing import TYPE_CHECKING

from highwall.core.errors import ModelError
from highwall.segmentation.lightning_parts import Logger, MLFlowLogger, TensorBoardLogger

if TYPE_CHECKING:
    from highwall.segmentation.options import TrainOptions


def loggers_of(options: "TrainOptions", *, out: Path) -> list[Logger] | bool:
    """Loggers of a run; False where none is asked for.

    Raises
    ------
    ModelError
        The package of one is not installed.
    """
    made: list[Logger] = []
    for name in options.run.log_to:
        try:
            made.append(_logger(name, options, out=out))
        except ModuleNotFoundError as error:
            raise ModelError(f"logging to {name} needs its package: pip install {name}; or leave it out.") from error
    return made or False


def _logger(name: str, options: "TrainOptions", *, out: Path) -> Logger:
    if name == "tensorboard":
        return TensorBoardLogger(out, name="tensorboard", version="")
    address = options.run.mlflow_uri or f"file:{(out / 'mlflow').absolute()}"
    return MLFlowLogger(experiment_name=options.name, tracking_uri=address)
