"""Draws what the other rooms concluded: maps, figures, and one page that holds them all.

Comes in: the values of a run (:class:`page.RunContent`). Goes out: PNG pictures and a self-contained HTML page that
needs no network and prints well. Nothing is concluded here.

Reading order: page, maps (over the scene), motion, baselines, series, corrections, sheet (all of an inversion on one
picture), frame, time_axis, style.
"""
