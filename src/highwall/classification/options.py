"""What can be chosen in this room: the network's size, its training, and how a scene is cut into chips."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NetworkOptions(_Options):
    """Size of the chip network."""

    stem_width: int = Field(32, ge=8, le=128, description="channels that leave the stem")
    growth: int = Field(16, ge=4, le=64, description="channels that each layer of the dense block adds")
    hidden_width: int = Field(48, ge=8, le=256, description="channels between a layer's two pointwise convolutions")
    dilations: tuple[int, ...] = Field(
        (1, 2, 4, 8, 1, 2, 4, 8), min_length=1, description="spacing of the taps of each dense layer [cell of 4 px]"
    )
    context_cells: int = Field(13, ge=3, le=65, description="side of the squeeze neighbourhood, odd [cell of 4 px]")
    pooling_power: float = Field(4.0, ge=1.0, le=16.0, description="exponent of the power mean from cells to chip [1]")
    dropout: float = Field(0.1, ge=0.0, lt=1.0, description="share of head channels dropped in training [1]")


class AugmentOptions(_Options):
    """How far a training sample may be moved from what the sensor saw."""

    scale: tuple[float, float] = Field((0.8, 1.25), description="bounds of the random magnification [1]")
    brightness: float = Field(0.1, ge=0.0, le=1.0, description="spread of the common log gain [1]")
    channel_gain: float = Field(0.05, ge=0.0, le=1.0, description="spread of each channel's log gain [1]")
    contrast: float = Field(0.1, ge=0.0, le=1.0, description="spread of the log contrast about the mean [1]")
    haze: float = Field(0.15, ge=0.0, le=0.9, description="largest share of path radiance mixed in [1]")
    noise: float = Field(2.0, ge=0.0, le=30.0, description="standard deviation of added noise [level of 255]")


class TrainOptions(_Options):
    """One training run."""

    n_steps: int = Field(2000, ge=1, le=1_000_000, description="optimiser steps [1]")
    chips_a_side: int = Field(3, ge=1, le=9, description="chips along a side of a training window of 48 px each [1]")
    n_scene_windows: int = Field(6, ge=1, le=1024, description="windows cut from scenes a step [1]")
    n_scene_chips: int = Field(6, ge=0, le=1024, description="chips cut from scenes a step [1]")
    n_positive_chips: int = Field(14, ge=1, le=1024, description="artisanal chips a step [1]")
    n_negative_chips: int = Field(25, ge=1, le=1024, description="negative chips a step [1]")
    learning_rate: float = Field(4e-3, gt=0.0, le=1.0, description="peak of the one-cycle schedule [1]")
    weight_decay: float = Field(0.05, ge=0.0, le=1.0, description="decoupled weight decay of AdamW [1]")
    warmup_share: float = Field(0.1, gt=0.0, lt=1.0, description="share of the steps in which the rate rises [1]")
    joined_share: float = Field(0.5, ge=0.0, le=1.0, description="share of steps that show chips side by side [1]")
    ema_decay: float = Field(0.98, ge=0.0, lt=1.0, description="decay of the averaged weights a step [1]")
    dice_weight: float = Field(1.0, ge=0.0, le=10.0, description="weight of the overlap loss of scene crops [1]")
    chip_weight: float = Field(0.5, ge=0.0, le=10.0, description="weight of the chip terms against the scene term [1]")
    label_smoothing: float = Field(0.01, ge=0.0, lt=0.5, description="probability moved to the other classes [1]")
    seed: int = Field(20240601, ge=0, description="seed of weights, sampling and augmentation")
    n_threads: int = Field(1, ge=1, le=256, description="CPU threads of torch; they change the last digits [1]")
    checkpoint_every: int = Field(100, ge=1, description="steps between checkpoints [1]")
    augment: AugmentOptions = AugmentOptions()
    network: NetworkOptions = NetworkOptions()

    @model_validator(mode="after")
    def _chips_fill_windows(self) -> Self:
        n_chips = self.n_scene_chips + self.n_positive_chips + self.n_negative_chips
        if n_chips % self.chips_a_side**2:
            raise ValueError(f"{n_chips} chips a step do not fill windows of {self.chips_a_side**2}; change a number.")
        return self


class ProtocolOptions(_Options):
    """How a trained network is judged."""

    n_folds: int = Field(3, ge=2, le=50, description="folds of the cross-validation [1]")
    cross_validate: bool = Field(True, description="train and score the folds too, not only the final network")
    n_test_places: int = Field(5, ge=1, le=1000, description="places that no training ever sees [1]")
    split_seed: int = Field(0, ge=0, description="seed of the hash that chooses places and folds")
    threshold: float = Field(0.5, gt=0.0, lt=1.0, description="mine probability from which a pixel is called mine [1]")
    n_resamples: int = Field(1000, ge=10, le=100_000, description="bootstrap resamples of groups [1]")


class ExtractOptions(_Options):
    """How a scene is cut into overlapping windows and put together again."""

    window_px: int = Field(256, ge=48, le=4096, multiple_of=4, description="side of a window [px]")
    overlap_px: int = Field(64, ge=4, le=2048, multiple_of=4, description="overlap of neighbouring windows [px]")
    block_px: int = Field(1536, ge=48, multiple_of=4, description="side of the block held in memory [px]")
    n_windows_at_once: int = Field(4, ge=1, le=256, description="windows in one call of the network [1]")
