"""What counts as a patch."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


def check_seed(seed: float, threshold: float) -> None:
    """Refuse a seed that every pixel of a patch reaches.

    Raises
    ------
    ValueError
        The seed is below the threshold.
    """
    if seed < threshold:
        raise ValueError(f"seed {seed} is below threshold {threshold}; raise it to at least that")


class PatchOptions(BaseModel):
    """From probability to outline."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: float = Field(0.5, gt=0, lt=1, description="mine probability from which a pixel belongs to a patch")
    seed: float = Field(0.7, gt=0, lt=1, description="probability that a patch must reach somewhere to be kept")
    min_area_m2: float = Field(20_000.0, ge=0, description="smallest patch kept, a dozen cells of the network [m²]")
    max_hole_m2: float = Field(5_000.0, ge=0, description="holes up to this area are filled, larger ones kept [m²]")
    veto: tuple[str, ...] = Field(
        ("built_up", "cropland", "permanent_water"),
        description="land-cover classes that are no mine; a patch mostly on them is dropped",
    )
    max_veto_share: float = Field(0.5, gt=0, le=1, description="share of vetoed land cover above which it is dropped")

    @model_validator(mode="after")
    def _seed_is_not_below_threshold(self) -> "PatchOptions":
        check_seed(self.seed, self.threshold)
        return self


class RefineOptions(BaseModel):
    """From probability and segments to boundaries: the paper's spatial analysis."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: float = Field(0.5, gt=0, lt=1, description="mine probability from which a pixel counts as predicted")
    seed: float | None = Field(
        None, gt=0, lt=1, description="probability that a mine must reach somewhere; by default the threshold: no more"
    )
    cut: float | None = Field(
        None,
        gt=0,
        le=1,
        description="predicted share of a segment from which it is kept; found from references if none",
    )
    default_cut: float = Field(
        0.5,
        gt=0,
        le=1,
        description="the same where there is neither a given cut nor a reference; the paper found 0.215",
    )
    ranked: Literal["references", "predictions"] = Field(
        "references",
        description="segments that are ranked for the cut: those that meet references (the paper's text) "
        "or all that meet predictions (its figure 4; fit where references are all there is)",
    )
    total: Literal["segments", "intersections"] = Field(
        "segments",
        description="area added up until it is nearest that of the references: of whole segments, or of their "
        "predicted parts (the paper's wording)",
    )
    min_area_m2: float = Field(
        5_000.0, ge=0, description="smallest patch kept, 50 pixels of 10 m [m²]; the paper's 50 m² are 50 of 1 m"
    )
    max_hole_m2: float = Field(5_000.0, ge=0, description="holes up to this area are filled, larger ones kept [m²]")
    veto: tuple[str, ...] = Field(
        ("built_up", "cropland", "permanent_water"), description="land-cover classes that are no mine"
    )
    max_veto_share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="share of vetoed land cover above which a segment, and then a patch, is dropped; the paper drops "
        "whatever segment meets it",
    )
    max_shadow_share: float = Field(
        0.5, gt=0, le=1, description="share in terrain shadow above which a segment is dropped"
    )
    road_width_m: float = Field(
        30.0, ge=0, description="long parts of a patch no wider than this are cut off as roads [m]; 0 cuts nothing"
    )
    min_road_m: float = Field(100.0, gt=0, description="length from which a narrow part counts as a road [m]")
    simplify_m: float = Field(
        0.0, ge=0, description="corners with a triangle below this squared leave the outlines [m]; 0 keeps all"
    )

    @model_validator(mode="after")
    def _seed_is_not_below_threshold(self) -> "RefineOptions":
        check_seed(self.least_seed, self.threshold)
        return self

    @property
    def least_seed(self) -> float:
        """Probability that a mine must reach somewhere."""
        return self.threshold if self.seed is None else self.seed


class SegmentationOptions(BaseModel):
    """From pixels to objects."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scale: float = Field(50.0, gt=0, description="pairs merge while this costs less than its square [image's unit]")
    shape: float = Field(0.2, ge=0, lt=1, description="weight of shape against colour")
    compactness: float = Field(0.5, ge=0, le=1, description="weight of compactness against smoothness, within shape")
    weights: tuple[float, ...] | None = Field(None, description="weight of each band as it stands; none is 1 each")
    tile_px: int = Field(1024, ge=64, description="side of the tiles in which a large image is begun [pixel]")
    margin_px: int = Field(
        64, ge=2, description="margin of a tile at first; one too small is found and doubled [pixel]"
    )
    tile_iterations: int = Field(10, ge=1, description="iterations done tile by tile before the image is joined")


_TENTHS = tuple(round(0.1 * k, 1) for k in range(1, 10))


class GridSearchOptions(BaseModel):
    """What is tried for the criterion's parameters; by default what the paper tries (2.2.3, step 1)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset_scale: float = Field(50.0, gt=0, description="scale at which they are compared [image's unit]")
    shapes: tuple[float, ...] = Field(_TENTHS, min_length=1, description="weights of shape against colour")
    compactnesses: tuple[float, ...] = Field(_TENTHS, min_length=1, description="weights of compactness within shape")


class ScaleOptions(BaseModel):
    """The ladder of scales along which local variance is looked at."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: float = Field(10.0, gt=0, description="lowest scale [image's unit]")
    step: float = Field(5.0, gt=0, description="from one scale to the next [image's unit]")
    n_scales: int = Field(39, ge=3, le=1000, description="number of scales")

    def ladder(self) -> list[float]:
        """Return the scales, rising."""
        return [self.first + self.step * k for k in range(self.n_scales)]


class AccuracyOptions(BaseModel):
    """How what was found is held against what is known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_overlap: float = Field(
        0.5, gt=0, le=1, description="share of a patch that must be covered for it to be identified, or right"
    )
    classes: tuple[str, ...] = Field((), description="classes of the references that count; none is all")
    codes: tuple[int, ...] = Field((), description="codes of a raster that are mine; none is all above 0")
    n_points: int = Field(
        2000, ge=0, description="points drawn in the proportions of the land, as the paper does; 0 draws none"
    )
    seed: int = Field(0, ge=0, description="of the points")
    pixel_m: float = Field(10.0, gt=0, description="side of the pixels on which polygons are counted [m]")
    step_m: float = Field(10.0, gt=0, description="spacing of the points along outlines, for their distance [m]")
