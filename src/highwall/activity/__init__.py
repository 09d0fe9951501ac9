"""Patches + motion + permits → what goes on at a mine, and whether it is allowed.

Comes in: patches (``patches``), motion (``insar``), permits (any vector file) in one projected CRS, and the date of the
scene. Goes out: each patch with its motion class and permit status, and findings, each with its evidence.

Words: a *finding* is something concluded here, never an alarm. *Beyond* means past the boundary by more than the stated
tolerance; areas beyond are lower bounds for that reason.

Reading order: deformation, permits, findings.
"""
