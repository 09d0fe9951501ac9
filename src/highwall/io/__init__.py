"""The doors: everything that touches a file or an archive, and nothing that computes.

Comes in: scenes (folder, STAC), interferograms (a module for each format), polygons, weights. Goes out: COG, Zarr,
GeoPackage, GeoParquet, STAC, and MintPy's HDF5.
Every file is written aside and renamed when it is whole; a bad input is set aside with its reason, never fatal alone.

Reading order: aside, rasters, vectors, placement, scenes, stac, stores, catalog; radar; archive.
"""
