"""Every layer that leaves a room: name, dims, type, unit, fill, sign. Writers and docs read this table, nobody else's.

SI in arrays and files; millimetres and degrees only where people look. No unit or sign depends on an option.
"""

from typing import Final, NamedTuple


class Layer(NamedTuple):
    """One row of the table."""

    name: str
    dims: tuple[str, ...]
    dtype: str
    unit: str
    """CF unit string."""
    long_name: str
    fill: float = float("nan")
    """Value of missing cells as stored."""
    scale: float = 1.0
    """Physical value = stored value × scale."""
    sign: str = ""
    source: str = ""

    def attrs(self) -> dict[str, str | float]:
        """CF attributes of an array that holds this layer."""
        attributes: dict[str, str | float] = {"units": self.unit, "long_name": self.long_name}
        if self.sign:
            attributes["sign"] = self.sign
        if self.source:
            attributes["source"] = self.source
        return attributes


_TOWARD = "positive toward the satellite"
_SBAS = "Berardino et al. 2002"

LAYERS: Final[dict[str, Layer]] = {
    layer.name: layer
    for layer in (
        Layer("reflectance", ("band", "y", "x"), "uint16", "1", "reflectance, offset applied", 0, 1e-4),
        Layer("quality", ("y", "x"), "uint8", "1", "why a pixel may mislead: bits of imagery.quality.FLAGS", 255),
        Layer("scene_classification", ("y", "x"), "uint8", "1",
              "scene classification of a Sentinel-2 L2A product, ESA's codes", 0, source="ESA, L2A ATBD, table 3"),
        Layer("backscatter", ("band", "y", "x"), "float32", "dB",
              "Sentinel-1 backscatter VV, VH and the ratio of powers VV/(10·VH)",
              source="Jabłońska et al. 2024, section 2.1"),
        Layer("class_probability", ("class", "y", "x"), "uint8", "1", "probability of each class of the chip network",
              255, 1 / 250),
        Layer("chip_probability", ("class", "y", "x"), "uint8", "1",
              "probability of each class for the chip around, as a whole: that it is there somewhere", 255, 1 / 250),
        Layer("mine", ("y", "x"), "uint8", "1", "1 where the mine probability reaches the threshold, 0 elsewhere",
              255),
        Layer("emergence", ("y", "x"), "uint8", "1", "probability of a mine at the later date and none at the earlier",
              255, 1 / 250),
        Layer("chip_emergence", ("y", "x"), "uint8", "1", "the same for the chip around, as a whole", 255, 1 / 250),
        Layer("land_cover", ("y", "x"), "uint8", "1", "land cover class, codes of ESA WorldCover", 0),
        Layer("mining_labels", ("y", "x"), "uint16", "1",
              "classes drawn at a pixel, as a set of bits: bit code - 1 for each class, bit 10 for blank", 65535,
              source="Jabłońska et al. 2024, Table 1"),
        Layer("mining_probability", ("class", "y", "x"), "uint8", "1",
              "probability of each mining class; those of one subset and its background add up to 1", 255, 1 / 250),
        Layer("mining_class", ("y", "x"), "uint8", "1",
              "class of one subset: 1 to 10 by MineCam's codes, 12 any mine ground, 13 to 16 mine types, 0 background",
              255,
              source="Jabłońska et al. 2024, Table 1"),
        Layer("mining_from_to", ("y", "x"), "uint16", "1",
              "what became of a pixel between two maps: 100 × code before + code after, 0 background in both", 65535),
        Layer("object", ("y", "x"), "int32", "1", "number of the object of the segmentation", 0,
              source="Baatz & Schäpe 2000"),
        Layer("unw", ("pair", "y", "x"), "float32", "rad", "unwrapped interferometric phase, second minus first epoch",
              sign="positive away from the satellite"),
        Layer("coh", ("pair", "y", "x"), "float32", "1", "interferometric coherence"),
        Layer("conncomp", ("pair", "y", "x"), "uint16", "1", "connected component of the unwrapping, 0 is none", 0),
        Layer("slc", ("epoch", "y", "x"), "complex64", "1", "coregistered single-look complex image"),
        Layer("ifg", ("pair", "y", "x"), "complex64", "1", "interferogram, first times conjugate second epoch",
              sign="phase positive away from the satellite"),
        Layer("mean_coherence", ("y", "x"), "float32", "1", "mean coherence of the pairs that a pixel has"),
        Layer("share_open", ("y", "x"), "float32", "1", "share of a pixel's triplets off by a multiple of 2π",
              source="Yunjun et al. 2019, eq. 8"),
        Layer("n_repaired_pairs", ("y", "x"), "int16", "1", "pairs whose phase was moved by a multiple of 2π", -1),
        Layer("insar_quality", ("y", "x"), "uint16", "1", "why motion may mislead: bits of insar.quality.FLAGS",
              65535),
        Layer("los_enu", ("component", "y", "x"), "float32", "1",
              "unit vector from the ground to the satellite: east, north, up"),
        Layer("height", ("y", "x"), "float32", "m", "height of the ground"),
        Layer("displacement", ("epoch", "y", "x"), "float32", "m", "line-of-sight displacement since the first epoch",
              sign=_TOWARD, source=_SBAS),
        *(Layer(f"correction_{name}", ("epoch", "y", "x"), "float32", "m", f"{what}, taken from the displacement",
                sign=_TOWARD)
          for name, what in (("gacos", "delay of the troposphere after GACOS"),
                             ("stratified", "delay that follows height"), ("ramp", "level and long-wavelength ramp"),
                             ("dem", "effect of the height error"), ("tide", "solid-earth tide"))),
        Layer("dem_error", ("y", "x"), "float32", "m", "error of the height model used",
              sign="positive where the ground is higher than the model", source="Fattahi & Amelung 2013"),
        Layer("displacement_vertical", ("epoch", "y", "x"), "float32", "m",
              "vertical displacement since the first epoch, if all motion is vertical", sign="positive up"),
        Layer("velocity", ("y", "x"), "float32", "m year-1", "line-of-sight velocity", sign=_TOWARD, source=_SBAS),
        Layer("velocity_std", ("y", "x"), "float32", "m year-1", "standard error of the line-of-sight velocity"),
        Layer("network_share", ("y", "x"), "float32", "1",
              "share of the variance velocity_std² that the pairs' noise makes, which adds up along the network"),
        Layer("network_errors", ("epoch", "other_epoch"), "float64", "year2",
              "covariance of the part of a series' errors that the pairs' noise makes, where it makes the velocity's "
              "variance 1 m² year⁻²"),
        Layer("date_errors", ("epoch", "other_epoch"), "float64", "year2",
              "the same of the part on which all pairs of a date agree"),
        Layer("velocity_uncorrected", ("y", "x"), "float32", "m year-1",
              "line-of-sight velocity before corrections", sign=_TOWARD),
        Layer("annual_amplitude", ("y", "x"), "float32", "m", "amplitude of the annual motion"),
        Layer("annual_peak", ("y", "x"), "float32", "day", "day of the year of its greatest displacement"),
        Layer("step", ("event", "y", "x"), "float32", "m", "sudden motion at a given date", sign=_TOWARD),
        Layer("velocity_east", ("y", "x"), "float32", "m year-1", "eastward velocity from two orbits",
              sign="positive east"),
        Layer("velocity_up", ("y", "x"), "float32", "m year-1", "upward velocity from two orbits", sign="positive up"),
        Layer("velocity_east_std", ("y", "x"), "float32", "m year-1", "standard error of the eastward velocity"),
        Layer("velocity_up_std", ("y", "x"), "float32", "m year-1", "standard error of the upward velocity"),
        Layer("velocity_vertical", ("y", "x"), "float32", "m year-1", "vertical velocity, if all motion is vertical",
              sign="positive up"),
        Layer("velocity_vertical_std", ("y", "x"), "float32", "m year-1", "standard error of the vertical velocity"),
        Layer("decorrelated", ("y", "x"), "bool", "1", "coherence lost: the radar cannot tell how the ground moved", 0),
        Layer("temporal_coherence", ("y", "x"), "float32", "1", "temporal coherence of the inversion",
              source="Pepe & Lanari 2006, eq. 5"),
        Layer("residual_rms", ("y", "x"), "float32", "rad", "root mean square of the pairs' residual phase"),
        Layer("n_valid_pairs", ("y", "x"), "int16", "1", "number of pairs that a pixel has", -1),
        Layer("n_components", ("y", "x"), "int16", "1", "number of pieces its pair network falls into", -1),
    )
}  # fmt: skip

RUN_FILES: Final[dict[str, str]] = {
    "scene.tif": "the scene that was classed, as reflectance on the site's grid (COG)",
    "quality.tif": "quality flags of that scene (COG)",
    "probability.tif": "probability of each class of the chip network at every pixel (COG)",
    "chip_probability.tif": "probability of each class for the chip around, on the network's cells (COG)",
    "mine.tif": "where the mine probability reaches the threshold: 1, elsewhere 0 (COG)",
    "detections.gpkg": "connected ground of mine.tif, each with its probabilities and area (GeoPackage)",
    "detections.parquet": "the same as GeoParquet",
    "detections.png": "the same over the scene, beside the probability",
    "patches.gpkg": "mine patches (GeoPackage)",
    "patches.parquet": "the same as GeoParquet",
    "displacement.zarr": "displacement of every epoch (Zarr)",
    "velocity.tif": "line-of-sight velocity [m year⁻¹] (COG)",
    "velocity_std.tif": "its standard error [m year⁻¹] (COG)",
    "velocity_vertical.tif": "vertical velocity [m year⁻¹] under the named assumption (COG)",
    "velocity_vertical_std.tif": "its standard error [m year⁻¹] (COG)",
    "temporal_coherence.tif": "temporal coherence of the inversion (COG)",
    "mean_coherence.tif": "mean coherence of each pixel's pairs (COG)",
    "share_open.tif": "share of each pixel's triplets that are off by a multiple of 2π (COG)",
    "insar_quality.tif": "why motion may mislead, as bits (COG)",
    "motion.png": "velocity, coherence, network and series on one sheet",
    "velocity.png": "line-of-sight velocity",
    "coherence.png": "mean coherence",
    "closure.png": "where triplets of pairs do not close",
    "baselines.png": "the network of pairs over time and perpendicular baseline",
    "series.png": "displacement of the fastest ground, or of chosen points",
    "activity.gpkg": "patches with their motion, activity, restoration and permit status (GeoPackage)",
    "activity.parquet": "the same as GeoParquet",
    "activity_series.csv": "displacement of the strongest cluster in reach of each patch [m]",
    "mines.json": "the mines that patches belong to, and every reading of them, for the next run",
    "patches_dropped.gpkg": "candidate patches that were dropped, each with its reason (GeoPackage)",
    "patches_dropped.parquet": "the same as GeoParquet",
    "findings.gpkg": "findings, each with its evidence (GeoPackage)",
    "findings.parquet": "the same as GeoParquet",
    "register.json": "the life of every finding over all runs, unless SITE.yaml keeps it elsewhere",
    "summary.json": "the run for machines",
    "catalog.json": "STAC catalogue: parameters, software version, hashes of inputs",
    "report.html": "the run for people, one self-contained page",
}
"""Names that a run leaves in its folder: an interface."""

RUN_FILES_ASKED: Final[dict[str, str]] = {
    "register_elsewhere.json": "where the register lies, when that is not beside it",
    "mining_probability.tif": "probability of each mining class at every pixel, when a land-cover network is run (COG)",
    **{
        f"mining_subset_{n}.tif": f"class of subset {n} at every pixel, with its colours, likewise (COG)"
        for n in (1, 2, 3, 4, 5)
    },
    "mining_labels.tif": "every class said of a pixel, as a set of bits, likewise (COG)",
    "mining.gpkg": "the same as polygons, a layer for each subset (GeoPackage)",
    "mining.parquet": "the same in one table (GeoParquet)",
    "mining_areas.csv": "area of each class, by pixels and by polygons, likewise",
    "mining.png": "the classes over the scene, likewise",
    "mining_from_to_all.tif": "what became of each pixel, all classes in one map, when two maps are compared (COG)",
    **{f"mining_from_to_{n}.tif": f"the same of subset {n} (COG)" for n in (1, 2, 3, 4)},
    "mining_from_to.csv": "area of each change, from class to class, by site, likewise",
    "mining_change.gpkg": "ground that became mine, stopped being mine or changed its class, with dates (GeoPackage)",
    "mining_change.parquet": "the same as GeoParquet",
    "mining_change.png": "both maps and what changed between them",
    "objects.tif": "objects of the image, by number, when it is segmented (COG)",
    "objects.gpkg": "the same as polygons with their attributes, when they are not too many (GeoPackage)",
    "objects.parquet": "the same as GeoParquet",
    "boundaries.png": "boundaries of the objects over the image",
    "scale.png": "local variance over scale, when the scale is estimated",
    "search.png": "how well objects add up to references over shape and compactness, when that is searched",
    "segments.parquet": "every object and why it counts as mine or does not, when patches follow objects",
    "refinement.png": "outlines before and after, likewise",
    "emergence.tif": "where a mine has come up between two dates, when two are given (COG)",
    "chip_emergence.tif": "the same for the chip around, on the network's cells (COG)",
    "emergence.gpkg": "ground of emergence.tif above the threshold, each with its scores and area (GeoPackage)",
    "emergence.parquet": "the same as GeoParquet",
    "emergence.png": "both dates and what came up between them",
    "plan_check.gpkg": "mine ground planned, ahead, behind and elsewhere, when a plan is given (GeoPackage)",
    "plan_check.parquet": "the same as GeoParquet",
    "accuracy.json": "scores of what was found, by object, by pixel and at points, when it is held against the truth",
    "accuracy_references.csv": "each reference: whether it was identified, area similarity, IoU, boundary distance",
    "accuracy_found.csv": "each found patch: whether it lies on a reference",
    "accuracy_sizes.csv": "omission and commission by size",
    "accuracy_causes.csv": "the same by cause",
    "accuracy_types.csv": "identification and similarity of references by their class, where they have several",
    "accuracy_points.csv": "points, with the truth and the map at each",
    "accuracy_matrix.csv": "how many points of each class the map gives to which, when points are the truth",
    "accuracy.png": "what was identified, missed and invented",
    "tracks.gpkg": "what became of each patch between two dates (GeoPackage)",
    "tracks.parquet": "the same as GeoParquet",
    "interferograms.zarr": "unwrapped interferograms, when images were given (Zarr)",
    "velocity_uncorrected.tif": "line-of-sight velocity before corrections [m year⁻¹], when there are any (COG)",
    "corrections.png": "what each correction did to still ground, likewise",
    "dem_error.tif": "error of the height model [m], when it is estimated (COG)",
    "annual_amplitude.tif": "amplitude of the annual motion [m], when a season is fitted (COG)",
    "annual_peak.tif": "day of the year of its greatest displacement, likewise (COG)",
    "timeseries.h5": "displacement as MintPy writes it, when asked for",
    "velocity.h5": "velocity as MintPy writes it, when asked for",
}
"""Names that a run leaves when its options ask for them."""
