"""What can be chosen in a search: which values are tried, how many trials, and how poor ones are stopped."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from highwall.segmentation.options import STRIDE, Architecture, LossName, TrainOptions

OptimiserName = Literal["sgd", "adam", "adamw"]
Choices = dict[str, Any]
"""One value of each part of the space, by name."""


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TuneSpace(_Options):
    """Values that are tried; the defaults are those of MineCam (Jabłońska et al. 2024, section 2.4.3)."""

    learning_rate: tuple[float, ...] = Field((1e-4, 3e-4, 6e-4), min_length=1, description="peak learning rates [1]")
    batch: tuple[int, ...] = Field((4, 8, 16), min_length=1, description="chips a step [1]")
    n_epochs: tuple[int, ...] = Field((100, 150, 200), min_length=1, description="passes [1]")
    chip_px: tuple[int, ...] = Field((128, 256, 512), min_length=1, description="sides of a training chip [px]")
    optimiser: tuple[OptimiserName, ...] = Field(("sgd", "adam", "adamw"), min_length=1, description="rules of steps")
    encoder: tuple[str, ...] = Field(
        ("resnet50", "vgg16", "efficientnet-b0"), min_length=1,
        description="encoders; the paper does not say which EfficientNet",
    )  # fmt: skip
    architecture: tuple[Architecture, ...] = Field(
        ("linknet", "unetplusplus", "deeplabv3plus", "fpn", "unet"), min_length=1, description="decoders"
    )
    loss: tuple[LossName, ...] = Field(
        ("jaccard", "tversky", "focal", "cross_entropy"), min_length=1, description="losses, one at a time"
    )

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if any(side % STRIDE or side < STRIDE for side in self.chip_px):
            raise ValueError(f"sides of chips are multiples of {STRIDE} px; found {self.chip_px}")
        if min(*self.batch, *self.n_epochs) < 1 or min(self.learning_rate) <= 0.0:
            raise ValueError("batches and passes are 1 or more, learning rates above 0")
        return self

    @property
    def size(self) -> int:
        """Number of combinations, refused ones among them."""
        total = 1
        for values in self.model_dump().values():
            total *= len(values)
        return total


class TuneOptions(_Options):
    """One search."""

    space: TuneSpace = TuneSpace()
    base: TrainOptions = Field(TrainOptions(), description="what is not searched for: bands, subsets, augmentation…")
    n_trials: int = Field(200, ge=1, le=1_000_000, description="trainings that count, those stopped early too [1]")
    sampler: Literal["tpe", "random"] = Field("tpe", description="tpe learns from the trials so far")
    n_random: int = Field(20, ge=1, description="trials before tpe begins to learn [1]")
    pruner: Literal["median", "none"] = Field(
        "median", description="median stops a trial whose score lies below the median of the others at its pass"
    )
    n_unpruned: int = Field(10, ge=0, description="trials before any is stopped [1]")
    first_pass: int = Field(20, ge=0, description="passes of a trial before it may be stopped [1]")
    seed: int = Field(0, ge=0, lt=2**31, description="seed of the choices")
    heartbeat_s: int = Field(60, ge=1, description="how often a worker says that its trial is alive [s]")

    @model_validator(mode="after")
    def _one_process_a_trial(self) -> Self:
        if self.base.run.n_devices != 1:
            raise ValueError("a trial runs in one process; use more devices by starting more workers on one storage")
        return self


def options_of(choices: Choices, *, base: TrainOptions) -> TrainOptions:
    """Options of the training that a trial stands for.

    Parameters
    ----------
    choices
        A value of each field of :class:`TuneSpace`.
    base
        All that is not chosen.

    Raises
    ------
    pydantic.ValidationError
        The choices cannot stand together.
    """
    content = base.model_dump()
    content["optimiser"] |= {"name": choices["optimiser"], "learning_rate": choices["learning_rate"]}
    content["sampling"] |= {"chip_px": choices["chip_px"]}
    content["network"] |= {"architecture": choices["architecture"], "encoder": choices["encoder"]}
    content["loss"] |= {"terms": {choices["loss"]: 1.0}}
    content |= {"batch": choices["batch"], "n_epochs": choices["n_epochs"]}
    if choices["architecture"] == "linknet":
        del content["network"]["decoder_width"]  # it takes the encoder's
    return TrainOptions.model_validate(content)
