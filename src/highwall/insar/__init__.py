"""Unwrapped interferograms → how the ground moves, how surely, and where the radar cannot tell.

Comes in: a *stack*, the Dataset that ``io.interferograms`` reads: ``unw`` (pair, y, x) [rad], positive away from the
satellite, NaN missing; ``coh`` (pair, y, x) if there is one; on ``pair`` the dates ``first`` and ``second`` and, if
known, ``bperp`` [m]; attribute ``wavelength_m``. Goes out: displacement (epoch, y, x) [m], velocity [m year⁻¹] and its
standard error, all positive toward the satellite, with temporal coherence, residuals and counts.

Assumes that the phases are unwrapped: an unwrapping error is counted (``quality.closure``), not mended. Atmosphere and
orbits are not corrected. ``docs/rooms/insar.md`` has the equations.

Reading order: options, stack, network, reference, inversion, _kernels, blocks, velocity, quality, geometry.
"""
