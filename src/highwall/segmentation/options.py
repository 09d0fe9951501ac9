"""What can be chosen in this room: the network, what it minimises, how chips are drawn and varied, one training."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from highwall.core.bands import CONFIGURATIONS
from highwall.core.taxonomy import CLASS_SETS

STRIDE: Final = 32
"""px; sides of what a network reads are multiples of this: its encoder halves them five times."""

_FPN_STEP: Final = 64
"""Channels: the library's FPN normalises half its width in 32 groups."""

ENCODER_STEPS: Final = 5
"""Halvings of an encoder."""

Architecture = Literal["unet", "unetplusplus", "linknet", "fpn", "deeplabv3", "deeplabv3plus"]
LossName = Literal["cross_entropy", "focal", "jaccard", "tversky"]


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _spelled_out(bands: Any) -> Any:
    """Bands of a configuration, if one is named."""
    return CONFIGURATIONS.get(bands.upper(), (bands,)) if isinstance(bands, str) else bands


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} is named twice; name each band once")
    return names


BandName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]
Bands = Annotated[tuple[BandName, ...], Field(min_length=1), BeforeValidator(_spelled_out), AfterValidator(_each_once)]
"""Names of bands, or the name of a configuration of `core.bands` (RGB, R+N, R+N+S, M, M+S)."""


class NetworkOptions(_Options):
    """Which network reads which bands and tells which classes apart."""

    architecture: Architecture = Field("unetplusplus", description="decoder, of segmentation_models.pytorch")
    encoder: str = Field(
        "resnet50", min_length=1, description="encoder of segmentation_models.pytorch, or `tu-` and a name of timm"
    )
    encoder_weights: str | None = Field(
        None,
        description="pretrained encoder: a path, `package:NAME` (installed), `hub:REPOSITORY/FILE` (Hugging Face), or "
        "what the library names (`imagenet`, downloaded); none by default",
    )
    encoder_bands: Bands = Field(
        CONFIGURATIONS["RGB"], description="bands that the pretrained encoder read, in its order"
    )
    bands: Bands = Field(CONFIGURATIONS["RGB"], description="bands that the network reads, in order")
    subsets: tuple[int, ...] = Field((1,), min_length=1, description="subsets of classes, one head each")
    decoder_width: int = Field(
        256, ge=16, le=512, multiple_of=16, description="channels of the decoder at its coarsest step [1]"
    )
    decoder_norm: Literal["library", "batch"] = Field(
        "library",
        description="of fpn: the library's groups take their mean over the whole window, so that what is said of a "
        "pixel hangs on all others; batch normalisation does not",
    )
    dropout: float | None = Field(
        None, ge=0.0, lt=1.0, description="share of the decoder's channels dropped in training [1]; the library's own"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        unknown = [number for number in self.subsets if number not in CLASS_SETS]
        if unknown or tuple(sorted(set(self.subsets))) != self.subsets:
            raise ValueError(
                f"subsets are {', '.join(map(str, CLASS_SETS))}, each once and in rising order; found {self.subsets}"
            )
        if self.architecture == "fpn" and self.decoder_width % _FPN_STEP:
            raise ValueError(f"fpn normalises groups of channels: make decoder_width a multiple of {_FPN_STEP}")
        if self.decoder_norm == "batch" and self.architecture != "fpn":
            raise ValueError(f"{self.architecture} has batch normalisation as it is; leave decoder_norm out")
        if self.architecture == "linknet" and self.decoder_width != type(self).model_fields["decoder_width"].default:
            raise ValueError("linknet takes the width of its encoder; leave decoder_width out")
        return self

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of all classes, subset by subset."""
        return tuple(name for number in self.subsets for name in CLASS_SETS[number])


class LossOptions(_Options):
    """What training minimises: a weighted sum of losses, averaged over the subsets."""

    terms: dict[LossName, float] = Field(
        {"jaccard": 1.0}, min_length=1, description="losses and their weights in the sum [1]"
    )
    with_background: bool = Field(True, description="jaccard and tversky average over the background too")
    tversky_alpha: float = Field(0.5, ge=0.0, le=10.0, description="weight of false positives in tversky [1]")
    tversky_beta: float = Field(0.5, ge=0.0, le=10.0, description="weight of false negatives in tversky [1]")
    focal_gamma: float = Field(2.0, ge=0.0, le=10.0, description="exponent of focal on 1 − p [1]")
    label_smoothing: float = Field(
        0.0, ge=0.0, lt=0.5, description="probability that cross-entropy moves to the other classes [1]"
    )
    blank_weight: float = Field(1.0, ge=0.0, le=10.0, description="weight of pixels drawn as blank; 0: not counted [1]")
    background_weight: float = Field(
        1.0, ge=0.0, le=10.0, description="weight of pixels that nobody drew; 0: not counted [1]"
    )
    class_weight: dict[str, float] = Field(
        default_factory=dict, description="weight of the pixels of a class, by name; 1 where not named [1]"
    )

    @model_validator(mode="after")
    def _can_be_minimised(self) -> Self:
        if min(self.terms.values()) < 0.0 or max(self.terms.values()) <= 0.0:
            raise ValueError(f"weights of losses are 0 or more, at least one above 0; found {self.terms}")
        if any(weight < 0.0 for weight in self.class_weight.values()):
            raise ValueError(f"weights of classes are 0 or more; found {self.class_weight}")
        return self


class SamplingOptions(_Options):
    """Where chips are cut for training."""

    chip_px: int = Field(512, ge=STRIDE, le=2048, multiple_of=STRIDE, description="side of a training chip [px]")
    draws_per_sample: float = Field(1.0, gt=0.0, le=10_000.0, description="chips drawn from a sample in an epoch [1]")
    labelled_share: float = Field(
        0.0, ge=0.0, le=1.0, description="share of chips that are cut around a labelled pixel [1]"
    )
    class_power: float = Field(
        0.5, ge=0.0, le=1.0, description="a class is sought with its area to this power; 0: all alike [1]"
    )
    by_group: bool = Field(False, description="draw every group alike, not every sample")
    step_px: int | None = Field(
        None, ge=1, description="cut a fixed lattice of this step, each chip once an epoch, instead of at random [px]"
    )


class AugmentOptions(_Options):
    """How far a chip may be moved from what the sensor saw; the radiometric changes are off by default."""

    flips: bool = Field(True, description="mirror left to right and top to bottom, each for half of the chips")
    turns: bool = Field(True, description="turn by 0, 90, 180 or 270 degrees")
    scale: float = Field(1.0, ge=1.0, le=4.0, description="largest magnification, and its inverse the smallest [1]")
    scale_share: float = Field(0.5, ge=0.0, le=1.0, description="share of chips that are magnified, if scale > 1 [1]")
    gain: float = Field(0.0, ge=0.0, le=1.0, description="spread of the common log gain [1]")
    band_gain: float = Field(0.0, ge=0.0, le=1.0, description="spread of each band's own log gain [1]")
    contrast: float = Field(0.0, ge=0.0, le=1.0, description="spread of the log contrast about the chip's mean [1]")
    saturation: float = Field(0.0, ge=0.0, le=1.0, description="spread of the log distance from the bands' mean [1]")
    haze: float = Field(0.0, ge=0.0, le=0.9, description="largest share of a bright uniform veil mixed in [1]")
    noise: float = Field(0.0, ge=0.0, le=1.0, description="spread of added noise [spread of the band]")
    band_dropout: float = Field(0.0, ge=0.0, lt=1.0, description="share of chips that lose one band at random [1]")


class OptimiserOptions(_Options):
    """How the weights move."""

    name: Literal["sgd", "adam", "adamw"] = Field("adam", description="rule of the steps")
    learning_rate: float = Field(3e-4, gt=0.0, le=1.0, description="peak learning rate [1]")
    encoder_rate: float = Field(
        1.0, ge=0.0, le=10.0, description="the encoder's rate over that of the rest; 0: all of it stays as it was [1]"
    )
    frozen_steps: int = Field(
        0, ge=0, le=ENCODER_STEPS, description="halvings at the encoder's beginning whose weights stay as they were [1]"
    )
    weight_decay: float = Field(0.0, ge=0.0, le=1.0, description="weight decay of all kernels [1]")
    momentum: float = Field(0.9, ge=0.0, lt=1.0, description="momentum of sgd [1]")
    schedule: Literal["constant", "cosine", "one_cycle"] = Field("constant", description="course of the rate")
    warmup_share: float = Field(0.1, gt=0.0, lt=1.0, description="share of one_cycle in which the rate rises [1]")
    largest_gradient: float | None = Field(None, gt=0.0, description="norm to which gradients are clipped [1]")
    ema_decay: float = Field(0.0, ge=0.0, lt=1.0, description="decay of averaged weights a step; 0: none are kept [1]")


class RunOptions(_Options):
    """On what a training runs; none of these changes what is learned by more than rounding."""

    precision: Literal["float32", "bfloat16", "float16"] = Field(
        "float32", description="of products; bfloat16 is quick on CPUs that have it, float16 needs a GPU"
    )
    accelerator: Literal["auto", "cpu", "gpu"] = Field("cpu", description="what computes")
    n_devices: int = Field(1, ge=1, le=1024, description="processes, each with a GPU or a share of the CPU [1]")
    n_threads: int = Field(1, ge=1, le=256, description="CPU threads of torch a process [1]")
    n_workers: int = Field(0, ge=0, le=256, description="processes that cut chips; 0: the training's own [1]")
    cache_mb: int = Field(4096, ge=0, description="scenes kept in memory, a process [MB]")
    log_to: tuple[Literal["tensorboard", "mlflow"], ...] = Field((), description="where scores are logged as well")
    mlflow_uri: str | None = Field(None, description="MLflow's tracking address; by default a folder beside the rest")


class TrainOptions(_Options):
    """One training run."""

    network: NetworkOptions = NetworkOptions()
    loss: LossOptions = LossOptions()
    sampling: SamplingOptions = SamplingOptions()
    augment: AugmentOptions = AugmentOptions()
    optimiser: OptimiserOptions = OptimiserOptions()
    run: RunOptions = RunOptions()
    begin_from: str | None = Field(
        None,
        min_length=1,
        description="checkpoint (.ckpt) of a training of the same network, classes and bands: its weights, all of "
        "them, are the beginning, and encoder_weights are not read",
    )
    n_epochs: int = Field(150, ge=1, le=100_000, description="passes [1]")
    batch: int = Field(4, ge=1, le=4096, description="chips a step and process [1]")
    seed: int = Field(0, ge=0, lt=2**31, description="seed of weights, draws and views")
    validate_every: int = Field(1, ge=1, description="passes between validations [1]")
    checkpoint_every: int = Field(1, ge=1, description="passes between checkpoints [1]")
    patience: int | None = Field(None, ge=1, description="validations without a better score before an early stop [1]")
    keep: Literal["best", "last"] = Field("best", description="which weights are the result")
    settle: bool = Field(True, description="fit temperature and thresholds on the validation data after training")
    validation_crop: Literal["whole", "centre"] = Field("whole", description="whole scenes, or their central chip")
    validation_px: int = Field(
        512,
        ge=STRIDE,
        le=4096,
        multiple_of=STRIDE,
        description="side of the pieces in which whole scenes are done [px]",
    )
    name: str = Field(
        "segmentation", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="name of the weights and of their files"
    )
    level: Literal["L1C", "L2A", "any"] | None = Field(
        None, description="processing level of the scenes; by default what all training scenes say, else any"
    )
    pixel_m: float = Field(10.0, gt=0.0, le=1000.0, description="ground size of a pixel [m]")
    licence: str = Field("Apache-2.0", min_length=1, description="SPDX identifier of the weights")

    @model_validator(mode="after")
    def _can_be_trained(self) -> Self:
        if self.batch == 1 and self.network.architecture.startswith("deeplabv3"):
            raise ValueError("deeplabv3 normalises over the chips of a step: take a batch of 2 or more")
        return self

    @model_validator(mode="after")
    def _names_known_classes(self) -> Self:
        unknown = sorted(set(self.loss.class_weight) - {"background", *self.network.classes})
        if unknown:
            raise ValueError(
                f"class_weight names {', '.join(unknown)}; the network tells {', '.join(self.network.classes)} apart"
            )
        return self
