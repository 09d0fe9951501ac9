"""What can be chosen about cracks in photographs: how a map is cut, what counts as a crack, how it is learned."""

from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from highwall.classification.options import NetworkOptions, RunOptions

CRACK_NETWORK: Final = NetworkOptions(
    n_bands=3, n_classes=2, chip_px=64, cell_px=2, stem_width=24, growth=12, neck_width=48, dropout=0.0,
    input_mean=(150.0,), input_std=(45.0,),
)  # fmt: skip
"""A chip network for cracks: finer cells than for mines, and narrower, for they are many."""


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OutlineOptions(_Options):
    """From the probability of a crack to cracks that are counted and measured."""

    threshold: float = Field(0.5, gt=0.0, lt=1.0, description="probability that a crack reaches somewhere [1]")
    weak_threshold: float = Field(0.3, gt=0.0, lt=1.0, description="probability down to which it is followed [1]")
    join_gap_px: float = Field(6.0, ge=0.0, le=100.0, description="gap over which pieces count as one crack [px]")
    min_length_px: float = Field(24.0, ge=0.0, le=1e5, description="length below which a crack is left out [px]")
    min_elongation: float = Field(2.0, ge=0.0, le=100.0, description="length over width of the least crack [1]")
    spur_px: float = Field(5.0, ge=0.0, le=100.0, description="length below which a side branch is left out [px]")

    @model_validator(mode="after")
    def _weak_below_strong(self) -> Self:
        if self.weak_threshold > self.threshold:
            raise ValueError(f"weak_threshold {self.weak_threshold} is above threshold {self.threshold}; lower it.")
        return self


class MapOptions(_Options):
    """How a photograph is cut into overlapping windows."""

    overlap_px: int = Field(16, ge=0, le=1024, description="overlap of neighbouring windows [px]")
    n_windows_at_once: int = Field(16, ge=1, le=1024, description="windows in one call of the network [1]")


class ScoreOptions(_Options):
    """How a crack map is judged."""

    threshold: float = Field(0.5, gt=0.0, lt=1.0, description="probability from which a pixel is called crack [1]")
    tolerance_px: float = Field(2.0, ge=0.0, le=50.0, description="distance within which a pixel counts as met [px]")
    chip_px: int = Field(64, ge=8, le=1024, description="side of the chips that are scored as a whole [px]")
    min_chip_crack_px: int = Field(16, ge=1, le=10_000, description="crack pixels from which a chip holds one [px]")
    n_resamples: int = Field(1000, ge=10, le=100_000, description="bootstrap resamples of groups [1]")


class CrackTrainOptions(RunOptions):
    """One training run on cracks."""

    n_steps: int = Field(1200, ge=1, le=1_000_000, description="optimiser steps [1]")
    n_chips: int = Field(16, ge=2, le=1024, description="chips a step, at least a third of them on cracks [1]")
    learning_rate: float = Field(4e-3, gt=0.0, le=1.0, description="peak of the one-cycle schedule [1]")
    weight_decay: float = Field(0.01, ge=0.0, le=1.0, description="decoupled weight decay of AdamW [1]")
    ema_decay: float = Field(0.98, ge=0.0, lt=1.0, description="decay of the averaged weights a step [1]")
    dice_weight: float = Field(1.0, ge=0.0, le=10.0, description="weight of the overlap loss [1]")
    chip_weight: float = Field(0.3, ge=0.0, le=10.0, description="weight of the chip's own loss [1]")
    scale: tuple[float, float] = Field((0.7, 1.4), description="bounds of the random magnification [1]")
    gain: float = Field(0.2, ge=0.0, le=1.0, description="spread of the log gain [1]")
    noise: float = Field(3.0, ge=0.0, le=30.0, description="largest standard deviation of added noise [level of 255]")
    network: NetworkOptions = CRACK_NETWORK

    @model_validator(mode="after")
    def _network_is_for_cracks(self) -> Self:
        if (self.network.n_bands, self.network.n_classes) != (3, 2):
            raise ValueError("a crack network reads 3 bands and tells 2 classes apart; set n_bands and n_classes.")
        return self


class CrackProtocolOptions(_Options):
    """How a crack network is trained and judged."""

    n_folds: int = Field(2, ge=2, le=50, description="folds of the cross-validation by place [1]")
    cross_validate: bool = Field(True, description="train and score the folds too, not only the final network")
    split_seed: int = Field(0, ge=0, description="seed of the hash that breaks ties between places")
    n_simulated: int = Field(400, ge=2, le=100_000, description="simulated photographs that are learned from [1]")
    n_simulated_unseen: int = Field(60, ge=2, le=100_000, description="others that the result is judged on [1]")
    score: ScoreOptions = ScoreOptions()
    train: CrackTrainOptions = CrackTrainOptions()
