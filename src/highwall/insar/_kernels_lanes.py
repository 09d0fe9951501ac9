"""How many pixels a kernel solves together, the unsigned numbers it counts with, and how it fetches ahead."""
# mypy: ignore-errors

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from highwall.core.jit import kernel

U = np.uint64
ONE = U(1)

LANES = U(64)
"""Pixels solved together: a multiple of every vector width, small enough that the epochs under elimination stay in the
level-1 cache (24 KiB for pairs of five epochs). Measured on one core (32 KiB, 1 MiB), 62,500 pixels of 334 pairs: load
and elimination take 52 + 18 ms with 32 lanes, 29 + 20 with 64, 25 + 41 with 128."""

LINE = 16
"""float32 values in a line of the cache."""

AHEAD = 4
"""Rows of the stack that are fetched before they are read. Rows lie far apart, which no processor foresees. Measured as
above: loading takes 29 ms without, 23 with 1 row ahead, 18 with 4, 25 with 8."""


@intrinsic
def prefetch(_typing, array, row, column):
    """Ask for the line of the cache that holds array[row, column]; nothing waits for it, no address is wrong."""

    def generate(context, builder, signature, arguments):
        kind = signature.args[0]
        view = context.make_array(kind)(context, builder, arguments[0])
        address = cgutils.get_item_pointer(context, builder, kind, view, arguments[1:])
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        shape = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        fetch = cgutils.get_or_insert_function(builder.module, shape, "llvm.prefetch.p0")
        builder.call(fetch, [builder.bitcast(address, byte), number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), generate


@kernel
def clear(values):
    """Set all to zero; an assignment to a slice takes the compiler ten times as long."""
    for q in range(U(values.size)):
        values[q] = 0
