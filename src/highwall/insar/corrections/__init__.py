"""What the displacement holds besides the motion of the ground, taken off it and kept beside it.

Reading order: corrections, atmosphere, tides, trends, height_error, coarse, effects.
"""
