"""What can be chosen about windows of sensors: how they are simulated, and how the classifiers learn."""

from pydantic import BaseModel, ConfigDict, Field


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SensorSimulationOptions(_Options):
    """Sites, sensors and cracks of a simulation."""

    n_sites: int = Field(40, ge=2, le=10_000, description="sites; the sensors of one share their weather [1]")
    n_sensors: int = Field(8, ge=1, le=1000, description="sensors a site [1]")
    n_days: int = Field(24, ge=8, le=3650, description="length of each record [day]")
    window_hours: int = Field(96, ge=24, le=24 * 30, description="length of a window, hourly readings [h]")
    crack_share: float = Field(0.5, gt=0.0, lt=1.0, description="share of sensors beside which a crack opens [1]")
    min_age_hours: float = Field(6.0, ge=0.0, le=240.0, description="age from which a crack counts as present [h]")
    seed: int = Field(0, ge=0, description="same seed, same records")


class BoostingOptions(_Options):
    """Gradient boosting on features."""

    n_trees: int = Field(200, ge=1, le=10_000, description="trees [1]")
    learning_rate: float = Field(0.05, gt=0.0, le=1.0, description="weight of each tree [1]")
    n_leaves: int = Field(15, ge=2, le=1024, description="most leaves of a tree [1]")
    min_leaf: int = Field(20, ge=1, le=10_000, description="least windows in a leaf [1]")
    l2: float = Field(1.0, ge=0.0, le=1e3, description="penalty on the values of leaves [1]")
    seed: int = Field(0, ge=0, description="seed of the binning of features")


class ConvolutionOptions(_Options):
    """Small 1-D network on readings."""

    width: int = Field(24, ge=4, le=256, description="channels of the first layer [1]")
    n_epochs: int = Field(30, ge=1, le=10_000, description="passes over the windows [1]")
    batch: int = Field(64, ge=2, le=4096, description="windows a step [1]")
    learning_rate: float = Field(3e-3, gt=0.0, le=1.0, description="peak of the one-cycle schedule [1]")
    weight_decay: float = Field(0.01, ge=0.0, le=1.0, description="decoupled weight decay of AdamW [1]")
    gap_share: float = Field(0.1, ge=0.0, lt=1.0, description="share of readings hidden in training, in runs [1]")
    dropout: float = Field(0.2, ge=0.0, lt=1.0, description="share of pooled values dropped in training [1]")
    seed: int = Field(0, ge=0, description="seed of weights, order and gaps")
    n_threads: int = Field(1, ge=1, le=256, description="CPU threads of torch [1]")
