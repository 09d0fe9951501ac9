"""Pixels → objects: connected regions of mine, with their outline, area and class.

Comes in: the class probability of a scene on a projected grid, optionally land cover on the same grid. Goes out: a
table of patches in that CRS, areas in m², holes kept; and a table of those dropped, each with its reason. Assumes
pixels in metres; degrees are refused.

Reading order: polygons, attributes, land_cover.
"""
