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
        Layer("class_probability", ("class", "y", "x"), "uint8", "1", "probability of each class of the chip network",
              255, 1 / 250),
        Layer("land_cover", ("y", "x"), "uint8", "1", "land cover class, codes of ESA WorldCover", 0),
        Layer("unw", ("pair", "y", "x"), "float32", "rad", "unwrapped interferometric phase, second minus first epoch",
              sign="positive away from the satellite"),
        Layer("coh", ("pair", "y", "x"), "float32", "1", "interferometric coherence"),
        Layer("displacement", ("epoch", "y", "x"), "float32", "m", "line-of-sight displacement since the first epoch",
              sign=_TOWARD, source=_SBAS),
        Layer("displacement_vertical", ("epoch", "y", "x"), "float32", "m",
              "vertical displacement since the first epoch, if all motion is vertical", sign="positive up"),
        Layer("velocity", ("y", "x"), "float32", "m year-1", "line-of-sight velocity", sign=_TOWARD, source=_SBAS),
        Layer("velocity_std", ("y", "x"), "float32", "m year-1", "standard error of the line-of-sight velocity"),
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
    "probability.tif": "probability of each class of the chip network (COG)",
    "patches.gpkg": "mine patches (GeoPackage)",
    "patches.parquet": "the same as GeoParquet",
    "displacement.zarr": "displacement of every epoch (Zarr)",
    "velocity.tif": "line-of-sight velocity [m year⁻¹] (COG)",
    "velocity_std.tif": "its standard error [m year⁻¹] (COG)",
    "velocity_vertical.tif": "vertical velocity [m year⁻¹] under the named assumption (COG)",
    "velocity_vertical_std.tif": "its standard error [m year⁻¹] (COG)",
    "temporal_coherence.tif": "temporal coherence of the inversion (COG)",
    "activity.gpkg": "patches with their motion and permit status (GeoPackage)",
    "activity.parquet": "the same as GeoParquet",
    "patches_dropped.gpkg": "candidate patches that were dropped, each with its reason (GeoPackage)",
    "patches_dropped.parquet": "the same as GeoParquet",
    "findings.gpkg": "findings, each with its evidence (GeoPackage)",
    "findings.parquet": "the same as GeoParquet",
    "summary.json": "the run for machines",
    "catalog.json": "STAC catalogue: parameters, software version, hashes of inputs",
    "report.html": "the run for people, one self-contained page",
}
"""Names that a run leaves in its folder: an interface."""
