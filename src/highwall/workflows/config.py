"""What stands in the two files that a user writes: SITE.yaml (what is watched) and, if wanted, run.yaml (how).

Read them with ``workflows.config_files``.
"""

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from highwall.activity.options import ActivityOptions
from highwall.activity.zones import ZoneKind
from highwall.classification.options import EmergenceOptions, ExtractOptions
from highwall.core.checks import nearest_name
from highwall.core.taxonomy import LAND_COVER_MAPS
from highwall.imagery.options import AtmosphereOptions, QualityOptions
from highwall.insar.options import (
    CorrectionOptions,
    DecorrelationOptions,
    InterferogramOptions,
    InversionOptions,
    NetworkOptions,
    Reference,
    RepairOptions,
    UnwrappingOptions,
    VelocityOptions,
)
from highwall.insar.options import QualityOptions as MotionQualityOptions
from highwall.patches.options import (
    GridSearchOptions,
    PatchOptions,
    RefineOptions,
    ScaleOptions,
    SegmentationOptions,
)
from highwall.segmentation.map_options import ChangeOptions, SegmentOptions

BoundingBox = Annotated[list[float], Field(min_length=4, max_length=4)]


PermitField = Literal[
    "permit_id", "holder", "mineral", "classes", "conditions", "status", "valid_from", "valid_to", "restoration_due"
]
PlanField = Literal["plan_id", "begins", "ends"]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SiteSection(_Section):
    """Where and what the mine is."""

    name: str = Field(description="name of the site, for titles and files", min_length=1, examples=["Serra Velha"])
    aoi: BoundingBox | Path = Field(
        description="area of interest: a vector file, or [west, south, east, north] in degrees",
        examples=["aoi.geojson"],
    )

    @field_validator("aoi")
    @classmethod
    def _is_on_earth(cls, aoi: list[float] | Path) -> list[float] | Path:
        if isinstance(aoi, list):
            west, south, east, north = aoi
            if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
                raise ValueError("a bounding box is [west, south, east, north] in degrees")
        return aoi

    crs: str | None = Field(None, description="projected CRS for areas; by default the UTM zone of the AOI's centre")
    minerals: tuple[str, ...] = Field((), description="what is mined", examples=[["iron"]])
    mine_type: Literal["OC", "OP", "MT"] | None = Field(
        None, description="OC opencast, OP open pit, MT mountain top", examples=["OP"]
    )


class StacSection(_Section):
    """A search in a STAC archive."""

    url: str = Field(description="address of the API", examples=["https://earth-search.aws.element84.com/v1"])
    collection: str = Field("sentinel-2-l1c", description="collection to search; the shipped network reads L1C")
    start: dt.date = Field(description="first date", examples=["2024-06-01"])
    end: dt.date = Field(description="last date", examples=["2024-09-30"])
    max_cloud_percent: float = Field(20.0, ge=0, le=100, description="scenes with more cloud are left out [%]")
    limit: int = Field(4, ge=1, description="most scenes to take, the least cloudy first")


class ScenesSection(_Section):
    """Optical scenes; the newest that passes the quality gate is classed."""

    files: tuple[Path, ...] = Field(
        (), description="GeoTIFFs, Sentinel-2 product folders, or folders of them", examples=[["scenes/"]]
    )
    stac: StacSection | None = Field(None, description="search an archive instead")
    bands: tuple[str, ...] = Field((), description="band names of files that do not carry them, in file order")
    level: Literal["L1C", "L2A"] | None = Field(None, description="processing level of files that do not say")
    date: dt.date | None = Field(None, description="date of acquisition of files that do not say")
    offset: float | None = Field(None, description="digital numbers to add before division, against what files say")
    radar: Path | None = Field(None, description="radar image of the place, for land-cover networks that read it")

    @model_validator(mode="after")
    def _one_source(self) -> "ScenesSection":
        if bool(self.files) == (self.stac is not None):
            raise ValueError("give either files or stac")
        told = [name for name in ("bands", "level", "date", "offset") if getattr(self, name)]
        if self.stac and told:
            raise ValueError(f"{', '.join(told)} go with files; a STAC item tells them itself")
        return self


class InsarSection(_Section):
    """A stack of unwrapped interferograms, or of coregistered radar images."""

    stack: Path = Field(description="folder or file of interferograms, or folder of images", examples=["insar/"])
    wavelength_m: float | None = Field(
        None, gt=0.005, lt=1.0, description="radar wavelength, against what files say [m]"
    )
    incidence_deg: float | None = Field(None, ge=0, lt=80, description="incidence angle, against what files say [°]")
    reference: Reference | None = Field(None, description="where the ground is still; by default as in run.yaml")
    dem: Path | None = Field(None, description="heights [m], for delay that follows height")
    gacos: Path | None = Field(None, description="folder of GACOS zenith delays, one a date")


class PermitsSection(_Section):
    """Permits of any vector format."""

    file: Path = Field(description="vector file with one polygon or more a permit", examples=["permits.gpkg"])
    fields: dict[PermitField, str] = Field(
        default_factory=dict, description="our name: the file's column, where they differ"
    )


class ZoneSection(_Section):
    """Land that mines must keep out of."""

    file: Path = Field(description="vector file of polygons", examples=["parks.gpkg"])
    kind: ZoneKind = Field(description="protected_area or settlement", examples=["protected_area"])
    buffer_m: float = Field(0.0, ge=0, le=50_000, description="distance to keep from it [m]")
    name: str | None = Field(None, description="column with the names", examples=["NAME"])


class PlanSection(_Section):
    """The mine's own plan: polygons with the days between which they are to be worked."""

    file: Path = Field(description="vector file of polygons", examples=["plan.gpkg"])
    fields: dict[PlanField, str] = Field(
        default_factory=dict, description="our name: the file's column, where they differ"
    )


class LandCoverSection(_Section):
    """A land-cover map."""

    file: Path = Field(description="raster of codes", examples=["land_cover.tif"])
    classes: dict[int, str] | str = Field(
        "worldcover",
        description="what its codes mean: worldcover, dynamic_world, io_lulc or copernicus, or a name for each code",
        examples=["worldcover"],
    )

    @field_validator("classes")
    @classmethod
    def _are_known(cls, classes: dict[int, str] | str) -> dict[int, str] | str:
        if isinstance(classes, str) and classes not in LAND_COVER_MAPS:
            raise ValueError(f"no such map of codes{nearest_name(classes, LAND_COVER_MAPS)}; or name each code")
        return classes


class ReferencesSection(_Section):
    """Mine patches that are known: drawn ones, or those confirmed after an earlier run."""

    file: Path = Field(description="vector file of polygons", examples=["references.gpkg"])


class TerrainSection(_Section):
    """Heights and the sun, for the shadows of the scene's terrain."""

    dem: Path = Field(description="raster of heights [m]", examples=["dem.tif"])
    sun_azimuth_deg: float = Field(
        ge=0, le=360, description="where the sun stood, from north clockwise [°]", examples=[48.5]
    )
    sun_elevation_deg: float = Field(gt=0, le=90, description="how high above the horizon [°]", examples=[39.2])


class ModelSection(_Section):
    """Weights: of the chip network, or of land-cover networks that take its place."""

    weights: Path | None = Field(None, description="ONNX file; by default the one that Highwall ships")
    bundle: tuple[Path, ...] = Field(
        (), description="ONNX files of land-cover networks, or folders of them, instead of the chip network"
    )
    force: bool = Field(False, description="run it on a processing level that it was not made for")

    @model_validator(mode="after")
    def _one_kind(self) -> "ModelSection":
        if self.weights and self.bundle:
            raise ValueError("give either weights or bundle")
        return self


class SiteConfig(_Section):
    """SITE.yaml. Everything but the site is optional; what is missing is said in the report."""

    site: SiteSection
    scenes: ScenesSection | None = None
    insar: InsarSection | None = None
    permits: PermitsSection | None = None
    zones: tuple[ZoneSection, ...] = ()
    plan: PlanSection | None = None
    before: Path | None = Field(
        None,
        description="folder of an earlier run of this site, which this one is compared with",
        examples=["run-2023"],
    )
    findings_file: Path | None = Field(
        None, description="file that keeps the findings of all runs; by default register.json in the run's folder"
    )
    land_cover: LandCoverSection | None = None
    references: ReferencesSection | None = None
    terrain: TerrainSection | None = None
    model: ModelSection = ModelSection()


class PatchesSection(PatchOptions):
    """From probability to outlines in pixels; or along the image's objects, by the bounds of refine and objects."""

    method: Literal["pixels", "objects"] = Field("pixels", description="whose outlines patches follow")


class ObjectsSection(_Section):
    """From an image to objects."""

    bands: tuple[str, ...] = Field(
        (), description="bands to segment; by default red, green and blue where the image names them, else all"
    )
    normalisation: Literal["percentile", "range"] = Field(
        "percentile", description="how bands become 0 to 255: each by its percentiles, or all by the range of values"
    )
    low: float | None = Field(None, description="percentile or value that becomes 0; 2 % by default")
    high: float | None = Field(None, description="percentile or value that becomes 255; 98 % by default")
    segmentation: SegmentationOptions = SegmentationOptions()
    estimate_scale: bool = Field(False, description="take the scale from the image instead (ESP2)")
    ladder: ScaleOptions = ScaleOptions()
    search: GridSearchOptions = GridSearchOptions()
    window_px: int = Field(
        2048,
        ge=64,
        description="side of the window in which the scale is estimated and parameters are searched [pixel]",
    )
    max_outlines: int = Field(100_000, ge=0, description="most objects that leave as polygons too")

    @model_validator(mode="after")
    def _scale_is_given_or_estimated(self) -> "ObjectsSection":
        given = self.segmentation
        if self.estimate_scale and "scale" in given.model_fields_set:
            raise ValueError(f"segmentation.scale is {given.scale:g}, and estimate_scale is set; leave one out")
        return self


class DeformSection(_Section):
    """How radar images or interferograms become motion."""

    network: NetworkOptions = NetworkOptions()
    interferograms: InterferogramOptions = InterferogramOptions()
    unwrapping: UnwrappingOptions = UnwrappingOptions()
    repair: RepairOptions = RepairOptions()
    inversion: InversionOptions = InversionOptions()
    corrections: CorrectionOptions = CorrectionOptions()
    velocity: VelocityOptions = VelocityOptions()
    decorrelation: DecorrelationOptions = DecorrelationOptions()
    quality: MotionQualityOptions = MotionQualityOptions()
    posting_m: float = Field(15.0, gt=0, le=1000, description="pixel of the map that radar coordinates go to [m]")
    points: tuple[tuple[float, float], ...] = Field(
        (), description="points whose series are drawn, [longitude, latitude] each; by default the fastest"
    )
    mintpy: bool = Field(False, description="also write timeseries.h5 and velocity.h5 as MintPy does")


class RunConfig(_Section):
    """run.yaml: every bound that a run uses, each with a default."""

    quality: QualityOptions = QualityOptions()
    atmosphere: AtmosphereOptions = AtmosphereOptions()
    detect: ExtractOptions = ExtractOptions()
    emergence: EmergenceOptions = EmergenceOptions()
    segment: SegmentOptions = SegmentOptions()
    change: ChangeOptions = ChangeOptions()
    patches: PatchesSection = PatchesSection()
    refine: RefineOptions = RefineOptions()
    objects: ObjectsSection = ObjectsSection()
    deform: DeformSection = DeformSection()
    activity: ActivityOptions = ActivityOptions()
