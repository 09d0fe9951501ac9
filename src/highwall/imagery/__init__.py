"""Scenes → an analysis-ready cube, and a judgement of whether it may be believed.

Comes in: a scene of digital numbers (``io.scenes``). Goes out: reflectance (band, y, x) on the site's grid, a quality
layer of named bits, indices, chips. Assumes Sentinel-2's band names; what a scene's bands cannot tell is said, not
guessed: without SWIR neither cloud nor snow is evaluated.

Reading order: scaling, grid, quality, indices, chips, simulate.
"""
