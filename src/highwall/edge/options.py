"""What can be chosen on a gateway."""

from pydantic import BaseModel, ConfigDict, Field


class InferOptions(BaseModel):
    """How a folder of images is run through a network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: float | None = Field(
        None,
        gt=0.0,
        lt=1.0,
        description="probability, of all classes but the first, that makes a find; by default the network's own [1]",
    )
    overlap_px: int = Field(0, ge=0, le=4096, description="overlap of neighbouring chips of a larger image [px]")
    n_chips_at_once: int = Field(4, ge=1, le=4096, description="chips in one call of the network [1]")
    n_threads: int = Field(1, ge=1, le=256, description="CPU threads of the network [1]")
    max_image_mib: int = Field(
        80, ge=1, le=65_536, description="decoded size above which an image is set aside; 80 are 20 megapixels [MiB]"
    )
