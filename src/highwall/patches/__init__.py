"""Pixels → objects: connected regions of mine, with their outline, area and class.

Comes in: a scene and the class probability of its pixels on a projected grid, optionally land cover, a height model and
known patches. Goes out: *objects*, the homogeneous regions of a multiresolution segmentation; *patches*, the objects
that are mine, merged, in that CRS, areas in m², holes kept; a table of those dropped; a reason for each. And how good
they are, and what became of them from one date to the next. Assumes pixels in metres; degrees are refused.

Reading order: radiometry, multiresolution, scale, grid_search, tiles · evidence, ranking, merging, outlines, refine,
shadow, roads · tracking, accuracy, discrepancy, points. From a probability alone, without segments: polygons.
"""
