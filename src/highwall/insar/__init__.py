"""Radar phases → how the ground moves, how surely, and where the radar cannot tell.

Comes in: single-look images, which ``forming`` turns into interferograms, or a *stack*, the Dataset that
``io.radar.interferograms`` reads: ``unw`` (pair, y, x) [rad], positive away from the satellite, NaN missing; ``coh``
and ``conncomp`` (pair, y, x) if there are; on ``pair`` the dates ``first`` and ``second`` and, if known, ``bperp`` [m];
attribute ``wavelength_m``. Goes out: displacement (epoch, y, x) [m], velocity [m year⁻¹] and its standard error, all
positive toward the satellite, with coherence, residuals, counts and flags.

Whatever needs the whole scene is fitted first, on a sample (``typical_phase``, ``still_history``, ``fit_bridges``,
``fit_corrections``, ``fit_noise``); the rest works on any block of pixels, with the same bits however blocks are cut.
``docs/rooms/insar.md`` has the equations.

Reading order: options, stack, network, selection; forming; mending; still, reference; inversion with its kernels,
blocks; corrections; motion_model, velocity, series_noise, regression; quality, summary; geometry, decomposition,
geocoding; simulate.
"""
