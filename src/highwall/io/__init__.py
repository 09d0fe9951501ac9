"""The doors: everything that touches a file or an archive, and nothing that computes.

Comes in: scenes (folder, STAC), interferograms, polygons, weights. Goes out: COG, Zarr, GeoPackage, GeoParquet, STAC.
Every file is written aside and renamed when it is whole; a bad input is set aside with its reason, never fatal alone.

Reading order: aside, rasters, vectors, scenes, stac, interferograms, catalog.
"""
