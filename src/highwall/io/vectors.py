"""Polygons in and out: any vector file that GDAL reads; GeoPackage and GeoParquet side by side when written."""

from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pyogrio.errors
import shapely
from odc.geo.geom import Geometry

from highwall.core.errors import MissingInputError, VectorError
from highwall.io.aside import aside

_POLYGONS: Final = ("Polygon", "MultiPolygon")


def read_polygons(path: Path, *, allow_empty: bool = False) -> gpd.GeoDataFrame:
    """Read the polygons of a vector file, repaired where they cross themselves.

    Records without one are left out; ``attrs["n_without_polygon"]`` counts them.

    Raises
    ------
    MissingInputError
        No such file.
    VectorError
        The file cannot be read, carries no CRS, or holds no polygon and ``allow_empty`` is off.
    """
    if not path.exists():
        raise MissingInputError(f"no vector file at {path}; check the path.")
    try:
        frame = gpd.read_parquet(path) if path.suffix == ".parquet" else gpd.read_file(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError, OSError) as error:
        raise VectorError(f"{path} is not a readable vector file ({error}).") from error
    if not isinstance(frame, gpd.GeoDataFrame) or frame.crs is None:
        raise VectorError(f"{path} carries no geometry or no CRS; save it with one, for example as GeoPackage.")
    valid = shapely.make_valid(frame.geometry.values)
    frame.geometry = [_polygonal(geometry) for geometry in valid]
    is_polygon = ~frame.geometry.is_empty
    if not is_polygon.any() and not allow_empty:
        kinds = ", ".join(sorted({str(geometry.geom_type) for geometry in valid if geometry is not None})) or "nothing"
        raise VectorError(f"{path} holds no polygon (found {kinds}).")
    polygons = frame[is_polygon].reset_index(drop=True)
    polygons.attrs["n_without_polygon"] = int((~is_polygon).sum())
    return polygons


def read_area(path: Path) -> Geometry:
    """Read the union of a file's polygons as one area that carries its CRS."""
    polygons = read_polygons(path)
    return Geometry(polygons.union_all(), crs=str(polygons.crs))


def write_polygons(frame: gpd.GeoDataFrame, stem: Path) -> tuple[Path, Path]:
    """Write ``stem.gpkg`` and ``stem.parquet``; an empty table keeps its columns, type and CRS."""
    geopackage, parquet = stem.with_suffix(".gpkg"), stem.with_suffix(".parquet")
    with aside(geopackage) as temporary:
        flat = frame.assign(**{name: frame[name].astype(str) for name in frame if _is_list(frame, name)})
        flat.to_file(temporary, driver="GPKG", layer=stem.name, engine="pyogrio", geometry_type="Unknown")
    with aside(parquet) as temporary:
        frame.to_parquet(temporary)
    return geopackage, parquet


def _polygonal(geometry: Any) -> Any:
    """Leave out the lines and points to which a repair reduces spikes and collapsed rings; nothing is empty."""
    if geometry is None:
        return shapely.Polygon()
    if geometry.geom_type in _POLYGONS:
        return geometry
    return shapely.union_all([part for part in shapely.get_parts(geometry) if part.geom_type in _POLYGONS])


def _is_list(frame: gpd.GeoDataFrame, name: str) -> bool:
    return name != frame.geometry.name and any(isinstance(value, list | dict) for value in frame[name])
