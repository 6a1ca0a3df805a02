"""The templates: each writes kernels of one kind as functions `(buffers..., scratch, tid)`."""

from whit.engines.native.templates.contraction import write_contraction
from whit.engines.native.templates.loops import write_column, write_row, write_scalar, write_serial
from whit.engines.native.templates.pack import write_pack

TEMPLATES = {
    "row": write_row,
    "column": write_column,
    "scalar": write_scalar,
    "serial": write_serial,
    "dot": write_contraction,
    "pack": write_pack,
}

__all__ = ["TEMPLATES"]
