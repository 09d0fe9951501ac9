"""What can be chosen in this room: the network's size, its training, and how a scene is cut into chips."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NetworkOptions(_Options):
    """Size of the chip network."""

    n_bands: int = Field(3, ge=1, le=64, description="bands that it reads [1]")
    n_classes: int = Field(3, ge=2, le=64, description="classes that it tells apart, the first is none [1]")
    chip_px: int = Field(48, ge=3, le=512, description="side of the chips that it is trained on [px]")
    cell_px: Literal[1, 2, 4] = Field(4, description="side of a cell, the grid of its answer [px]")
    stem_width: int = Field(32, ge=4, le=256, multiple_of=2, description="channels that leave the stem [1]")
    growth: int = Field(16, ge=2, le=128, description="channels that each layer of the dense block adds [1]")
    n_layers: int = Field(8, ge=1, le=32, description="layers of the dense block [1]")
    neck_width: int = Field(64, ge=4, le=512, multiple_of=4, description="channels of every scale of the pyramid [1]")
    n_scales: int = Field(3, ge=2, le=5, description="scales of the pyramid, each half as fine as the last [1]")
    reduction: int = Field(8, ge=1, le=64, description="channels over hidden values of the attention blocks [1]")
    rates: tuple[int, int, int, int] = Field((1, 2, 3, 5), description="spacing of the taps of RFB-s [cell]")
    dropout: float = Field(0.1, ge=0.0, lt=1.0, description="share of head channels dropped in training [1]")
    second_reader: bool = Field(
        False, description="whether the first stages of EfficientNet-Lite0 judge whole chips too; needs 3 bands"
    )
    input_mean: tuple[float, ...] = Field(
        (90.0,), min_length=1, description="mean level of each band, or one for all [level of 255]"
    )
    input_std: tuple[float, ...] = Field(
        (35.0,), min_length=1, description="spread of each band, or one for all [level of 255]"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.chip_px % self.cell_px:
            raise ValueError(f"chips of {self.chip_px} px do not hold whole cells of {self.cell_px} px; see for_chips.")
        for name in ("input_mean", "input_std"):
            if len(getattr(self, name)) not in (1, self.n_bands):
                raise ValueError(f"{name} has {len(getattr(self, name))} values; give 1 or {self.n_bands}.")
        if self.second_reader and self.n_bands != 3:
            raise ValueError(f"the second reader reads 3 bands, and there are {self.n_bands}; leave it out.")
        if min(self.input_std) <= 0.0 or min(self.rates) < 1:
            raise ValueError("input_std and rates must be positive.")
        return self

    @classmethod
    def for_chips(cls, chip_px: int, *, n_bands: int = 3, n_classes: int = 3) -> Self:
        """Default sizes for chips of ``chip_px``: the largest cell that fits them and leaves 8 or more a side."""
        fitting = [cell for cell in (1, 2, 4) if chip_px % cell == 0 and (cell == 1 or chip_px // cell >= 8)]
        return cls(n_bands=n_bands, n_classes=n_classes, chip_px=chip_px, cell_px=max(fitting))


class AugmentOptions(_Options):
    """How far a training sample may be moved from what the sensor saw."""

    scale: tuple[float, float] = Field((0.8, 1.25), description="bounds of the random magnification [1]")
    scale_share: float = Field(0.25, ge=0.0, le=1.0, description="share of samples that are magnified at all [1]")
    brightness: float = Field(0.2, ge=0.0, le=1.0, description="spread of the common log gain [1]")
    channel_gain: float = Field(0.1, ge=0.0, le=1.0, description="spread of each channel's log gain [1]")
    saturation: float = Field(0.3, ge=0.0, le=1.0, description="spread of the log distance from grey [1]")
    contrast: float = Field(0.2, ge=0.0, le=1.0, description="spread of the log contrast about the mean [1]")
    haze: float = Field(0.15, ge=0.0, le=0.9, description="largest share of path radiance mixed in [1]")
    noise: float = Field(3.0, ge=0.0, le=30.0, description="standard deviation of added noise [level of 255]")


class RunOptions(_Options):
    """What every training run of a chip network has."""

    n_steps: int = Field(3600, ge=1, le=1_000_000, description="optimiser steps [1]")
    ema_decay: float = Field(0.995, ge=0.0, lt=1.0, description="decay of the averaged weights a step [1]")
    seed: int = Field(20240601, ge=0, description="seed of weights, sampling and augmentation")
    n_threads: int = Field(1, ge=1, le=256, description="CPU threads of torch; they change the last digits [1]")
    checkpoint_every: int = Field(100, ge=1, description="steps between checkpoints [1]")
    network: NetworkOptions = NetworkOptions()


class TrainOptions(RunOptions):
    """One training run on mines."""

    n_cycles: int = Field(1, ge=1, le=100, description="times that the learning rate rises and falls in them [1]")
    n_artisanal_chips: int = Field(24, ge=1, le=4096, description="chips of artisanal mines a step [1]")
    n_negative_chips: int = Field(26, ge=1, le=4096, description="chips without a mine a step [1]")
    n_industrial_chips: int = Field(2, ge=0, le=4096, description="chips of industrial mines a step, if any [1]")
    n_scene_chips: int = Field(12, ge=1, le=4096, description="chips cut from scenes a step [1]")
    family_power: float = Field(
        0.5, ge=0.0, le=1.0, description="a family is drawn with its size to this power; 1: as it comes [1]"
    )
    optimiser: Literal["adamw", "adam", "rmsprop", "sgd"] = Field("adamw", description="rule of the steps")
    learning_rate: float | None = Field(
        None, gt=0.0, le=1.0, description="peak of the one-cycle schedule [1]; by default what suits the optimiser"
    )
    weight_decay: float = Field(0.02, ge=0.0, le=1.0, description="weight decay of all kernels [1]")
    second_rate: float = Field(
        0.25, gt=0.0, le=1.0, description="learning rate of the second reader over that of the first [1]"
    )
    second_steps: int = Field(
        450, ge=1, le=1_000_000, description="steps of the second reader, spread evenly over those of the first [1]"
    )
    warmup_share: float = Field(0.15, gt=0.0, lt=1.0, description="share of the steps in which the rate rises [1]")
    dice_weight: float = Field(1.0, ge=0.0, le=10.0, description="weight of the overlap loss of scene chips [1]")
    cell_weight: float = Field(0.2, ge=0.0, le=10.0, description="weight of what cells say against chips [1]")
    label_smoothing: float = Field(0.02, ge=0.0, lt=0.5, description="probability moved to the other classes [1]")
    mixed_precision: bool = Field(False, description="multiply in bfloat16: faster where the CPU can, else slower")
    augment: AugmentOptions = AugmentOptions()
    network: NetworkOptions = NetworkOptions(
        stem_width=64, growth=32, neck_width=128, input_mean=(80.0, 90.0, 95.0), input_std=(40.0, 32.0, 28.0)
    )

    @model_validator(mode="after")
    def _cycles_are_whole(self) -> Self:
        if self.n_steps % self.n_cycles:
            raise ValueError(f"{self.n_steps} steps are no {self.n_cycles} whole cycles; change a number.")
        return self


class ProtocolOptions(_Options):
    """How a trained network is judged."""

    split: Literal["grouped", "8:2"] = Field(
        "grouped",
        description="whole families and places in folds, or one random fifth of the chips (leaks: compare only)",
    )
    n_folds: int = Field(4, ge=2, le=50, description="folds of the cross-validation [1]")
    n_seeds: int = Field(1, ge=1, le=50, description="runs of each fold with seeds that follow one another [1]")
    n_seed_folds: int | None = Field(
        None, ge=1, le=50, description="folds that seeds after the first run, from the first on [1]; by default all"
    )
    fold_steps: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="steps of a fold's network, in one cycle [1]; by default as the final one's",
    )
    cross_validate: bool = Field(True, description="train and score the folds too, not only the final network")
    n_test_places: int = Field(5, ge=1, le=1000, description="places that no training ever sees [1]")
    split_seed: int = Field(0, ge=0, description="seed of the hash that chooses places and folds")
    footprint_threshold: float = Field(
        0.5, gt=0.0, lt=1.0, description="mine probability from which a pixel is mine [1]"
    )
    thresholds: tuple[float, ...] = Field(
        (0.5, 0.7, 0.8, 0.9), min_length=1, description="probabilities of alarm, beside the one that is chosen [1]"
    )
    n_views: int = Field(
        4, ge=1, le=8, description="turned and mirrored views of each chip over which its answer is averaged [1]"
    )
    n_resamples: int = Field(500, ge=10, le=100_000, description="bootstrap resamples of groups [1]")

    @model_validator(mode="after")
    def _folds_are_trained_that_are_spoken_of(self) -> "ProtocolOptions":
        if self.n_seed_folds is not None and self.n_seeds == 1:
            raise ValueError(
                f"n_seed_folds is {self.n_seed_folds}, and there is one seed; ask for more, or leave it out"
            )
        if not self.cross_validate and (self.fold_steps is not None or self.n_seeds > 1):
            raise ValueError("fold_steps and n_seeds are those of folds, and cross_validate is off; leave them out")
        return self


class ExtractOptions(_Options):
    """How a scene is cut into overlapping windows and put together again, and what counts as found."""

    window_px: int | None = Field(
        None, ge=8, le=4096, multiple_of=4, description="side of a window of the map [px]; by default the model's own"
    )
    overlap_px: int | None = Field(
        None, ge=4, le=2048, multiple_of=4, description="overlap of neighbours [px]; by default a third of a window"
    )
    block_px: int = Field(1536, ge=48, multiple_of=4, description="side of the block held in memory [px]")
    batch_px: int = Field(
        262_144, ge=64, le=67_108_864, description="pixels of all windows in one call of the network, about [px]"
    )
    threshold: float | None = Field(
        None, gt=0.0, lt=1.0, description="mine probability from which a pixel is mine [1]; by default the model's own"
    )
    min_area_m2: float = Field(6_400.0, ge=0.0, description="smallest object kept, four cells of the network [m²]")


class EvaluateOptions(_Options):
    """How labelled chips are scored."""

    thresholds: tuple[float, ...] = Field(
        (0.5, 0.7, 0.8, 0.9), min_length=1, description="probabilities of alarm, beside the model's own [1]"
    )
    n_views: int = Field(
        4, ge=1, le=8, description="turned and mirrored views of each chip over which its answer is averaged [1]"
    )
    n_resamples: int = Field(500, ge=10, le=100_000, description="bootstrap resamples of families [1]")
    n_bins: int = Field(15, ge=2, le=100, description="bins of the reliability plot [1]")


class EmergenceOptions(_Options):
    """What counts as a mine that has come up between two dates."""

    threshold: float = Field(
        0.25, gt=0.0, lt=1.0, description="emergence from which ground is new mine [1]; 0.25 is even odds at both dates"
    )
    min_area_m2: float = Field(6_400.0, ge=0.0, description="smallest object kept, four cells of the network [m²]")
    chip_px: int = Field(48, ge=8, le=512, description="side of the chip over which emergence is pooled [px]")
    block_px: int = Field(1536, ge=64, multiple_of=4, description="side of the block held in memory [px]")
