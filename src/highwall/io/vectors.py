"""Polygons in and out: any vector file that GDAL reads; GeoPackage and GeoParquet side by side when written.

Files may have several layers. Those without polygons are passed over, and those of the same columns are one table.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyogrio
import pyogrio.errors
import shapely
from odc.geo.geom import Geometry

from highwall.core.errors import MissingInputError, VectorError
from highwall.io.aside import aside

_POLYGONS: Final = ("Polygon", "MultiPolygon")
_VECTORS: Final = (".gpkg", ".geojson", ".kml", ".parquet")
"""Files that are named where their folder was given."""


def read_polygons(path: Path, *, allow_empty: bool = False) -> gpd.GeoDataFrame:
    """Read the polygons of a vector file, repaired where they cross themselves.

    Records without one are left out; ``attrs["n_without_polygon"]`` counts them.

    Raises
    ------
    MissingInputError
        No such file.
    VectorError
        The file cannot be read, carries no CRS, holds layers of polygons that differ, or no polygon and ``allow_empty``
        is off.
    """
    frame = read_features(path)
    if frame.crs is None:
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


def read_features(path: Path) -> gpd.GeoDataFrame:
    """Read a vector file as it is: crossed rings, records without a polygon and files without a CRS included.

    Rings that do not close are closed, as GDAL does.

    Raises
    ------
    MissingInputError
        No such file.
    VectorError
        The file cannot be read, holds no geometry, or layers of polygons that differ in their columns or CRS.
    """
    if not path.exists():
        raise MissingInputError(f"no vector file at {path}; check the path.")
    try:
        with warnings.catch_warnings():
            for harmless in (RuntimeWarning, UserWarning):  # rings that do not close, texts that are no JSON
                warnings.simplefilter("ignore", harmless)
            tables = {"": gpd.read_parquet(path)} if path.suffix == ".parquet" else _layers(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError, OSError) as error:
        raise VectorError(_unreadable(path, error)) from error
    frame = _joined(tables, path)
    if not isinstance(frame, gpd.GeoDataFrame):
        raise VectorError(f"{path} carries no geometry or no CRS; save it with one, for example as GeoPackage.")
    return frame


def read_area(path: Path) -> Geometry:
    """Read the union of a file's polygons as one area that carries its CRS."""
    polygons = read_polygons(path)
    return Geometry(polygons.union_all(), crs=str(polygons.crs))


def write_polygons(
    frame: gpd.GeoDataFrame, stem: Path, *, layers: Mapping[str, gpd.GeoDataFrame] | None = None
) -> tuple[Path, Path]:
    """Write ``stem.gpkg`` and ``stem.parquet``; an empty table keeps its columns, type and CRS.

    Parameters
    ----------
    layers
        Layers of the GeoPackage by name, where it is to have several; by default the whole table in one.
    """
    geopackage, parquet = stem.with_suffix(".gpkg"), stem.with_suffix(".parquet")
    with aside(geopackage) as temporary:
        for name, part in (layers or {stem.name: frame}).items():
            flat = part.assign(**{column: part[column].astype(str) for column in part if _is_list(part, column)})
            flat.to_file(temporary, driver="GPKG", layer=name, engine="pyogrio", geometry_type="Unknown")
    with aside(parquet) as temporary:
        frame.to_parquet(temporary)
    return geopackage, parquet


def _layers(path: Path) -> dict[str, Any]:
    """Read the layers that hold polygons, or the first where none does."""
    kinds: dict[str, str | None] = dict(pyogrio.list_layers(path))
    if not kinds:
        raise VectorError(f"{path} holds no layer; save it again.")
    names = [name for name, kind in kinds.items() if _may_hold_polygons(kind)] or list(kinds)[:1]
    tables = {name: gpd.read_file(path, layer=name, on_invalid="fix") for name in names}
    if len(tables) == 1:
        return tables
    return {name: table for name, table in tables.items() if _holds_polygons(table)} or {names[0]: tables[names[0]]}


def _unreadable(path: Path, error: Exception) -> str:
    if not path.is_dir():
        return f"{path} is not a readable vector file ({error})."
    names = sorted(found.name for found in path.iterdir() if found.suffix in _VECTORS)
    return f"{path} is a folder; give the vector file in it that is meant: {', '.join(names) or 'there is none'}."


def _joined(tables: Mapping[str, Any], path: Path) -> Any:
    """Layers as one table, which they are where their columns are the same."""
    first, *others = tables.values()
    if any(set(table) != set(first) or table.crs != first.crs for table in others):
        raise VectorError(
            f"{path} holds several layers of polygons, which differ in columns or CRS: "
            f"{', '.join(tables)}; save the one that is meant to a file of its own."
        )
    return pd.concat([first, *others], ignore_index=True) if others else first


def _may_hold_polygons(kind: str | None) -> bool:
    """Tell by the type of a layer; one of unknown or mixed type may, a table without geometries has none."""
    return kind is not None and not any(word in kind for word in ("Point", "Line"))


def _holds_polygons(table: gpd.GeoDataFrame) -> bool:
    return bool((shapely.get_dimensions(table.geometry.to_numpy()) == 2).any())


def _polygonal(geometry: Any) -> Any:
    """Leave out the lines and points to which a repair reduces spikes and collapsed rings; nothing is empty."""
    if geometry is None:
        return shapely.Polygon()
    if geometry.geom_type in _POLYGONS:
        return geometry
    return shapely.union_all([part for part in shapely.get_parts(geometry) if part.geom_type in _POLYGONS])


def _is_list(frame: gpd.GeoDataFrame, name: str) -> bool:
    return name != frame.geometry.name and any(isinstance(value, list | dict) for value in frame[name])
