"""The vocabulary that every room shares: values, names, units, errors. No room's logic lives here.

Reading order: errors, products, taxonomy, constants, epochs, grid, site, checks, jit, unwrapper, truth.
"""
