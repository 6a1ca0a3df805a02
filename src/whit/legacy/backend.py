"""`keras.backend`, that is `K`, as programs before Keras 3 used it: settings, values, maths.

Each function is one of today's, under its old name and with its old arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from whit import config, ops
from whit.graph import Tensor
from whit.utils import session
from whit.variables import Variable

_ORDERINGS = {"tf": "channels_last", "th": "channels_first"}

# What is the same today, name and arguments: from `whit.ops`, `whit.config` and `whit.utils`.
_OPS = """
abs all any arange argmax argmin cast clip cos cumprod cumsum elu equal exp expand_dims eye
greater greater_equal less less_equal log logsumexp max maximum mean min minimum not_equal
ones ones_like prod relu reshape round sigmoid sign sin softmax softplus softsign sqrt
square squeeze stack std stop_gradient sum tanh tile transpose var where zeros zeros_like
"""
_SETTINGS = "epsilon floatx image_data_format set_epsilon set_floatx set_image_data_format"
for _module, _names in ((ops, _OPS), (config, _SETTINGS), (session, "clear_session get_uid")):
    globals().update({_name: getattr(_module, _name) for _name in _names.split()})


# ---- settings
def backend() -> str:
    """ "tensorflow": what programs ask for before they use the ordinary functions."""
    return "tensorflow"


def image_dim_ordering() -> str:
    """Keras 1's word for the data format: "tf" has the channels last, "th" first."""
    return next(old for old, new in _ORDERINGS.items() if new == config.image_data_format())


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Set the data format in Keras 1's words.

    Args:
        dim_ordering: "tf" (channels last) or "th" (channels first).

    Raises:
        ValueError: another word.
    """
    if dim_ordering not in _ORDERINGS:
        raise ValueError(
            f"dim_ordering={dim_ordering!r}: expected 'tf' or 'th'. "
            "Today: keras.config.set_image_data_format('channels_last')"
        )
    config.set_image_data_format(_ORDERINGS[dim_ordering])


def cast_to_floatx(x: Any) -> Any:
    """The values in the default floating-point type."""
    return ops.cast(x, config.floatx())


def learning_phase() -> int:
    """0: outside training. Inside a layer, use the argument `training` of `call`."""
    return 0


def set_learning_phase(value: Any) -> None:
    """Accepted: `fit` trains and `predict` does not, whatever was set."""


def set_session(session: Any) -> None:
    """Accepted: there are no sessions."""


def get_session() -> None:
    """None: there are no sessions."""


# ---- values
def variable(
    value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None
) -> Variable:
    """A Variable that begins with `value`."""
    made = Variable(np.asarray(value), dtype=dtype or config.floatx(), name=name)
    made.constraint = constraint
    return made


def constant(
    value: Any, dtype: Any = None, shape: Sequence[int] | None = None, name: str | None = None
) -> Any:
    """An array, of `shape` if given, filled with `value`."""
    array = ops.convert_to_tensor(value, dtype or config.floatx())
    return array if shape is None else ops.broadcast_to(array, tuple(shape))


def get_value(x: Any) -> np.ndarray | np.generic:
    """The value of a Variable or array as a NumPy array, of a scalar as a NumPy scalar."""
    return np.array(x)[()]


def set_value(x: Variable, value: Any) -> None:
    """Give a Variable a value."""
    x.assign(value)


def batch_get_value(tensors: Sequence[Any]) -> list[Any]:
    """`get_value` of each."""
    return [get_value(x) for x in tensors]


def batch_set_value(tuples: Sequence[tuple[Variable, Any]]) -> None:
    """`set_value` of each pair."""
    for x, value in tuples:
        set_value(x, value)


eval = get_value


def update(x: Variable, new_x: Any) -> Any:
    """x = new_x"""
    return x.assign(new_x)


def update_add(x: Variable, increment: Any) -> Any:
    """x += increment"""
    return x.assign_add(increment)


def update_sub(x: Variable, decrement: Any) -> Any:
    """x -= decrement"""
    return x.assign_sub(decrement)


# ---- shapes
def shape(x: Any) -> tuple[int, ...]:
    """The shape, a tuple."""
    return ops.shape(x)


def int_shape(x: Any) -> tuple[int | None, ...]:
    """The shape, a tuple."""
    return tuple(x.shape)


def ndim(x: Any) -> int:
    """The number of axes."""
    return len(x.shape)


def dtype(x: Any) -> str:
    """The name of the element type."""
    return str(x.dtype)


def count_params(x: Any) -> int:
    """The number of elements."""
    return int(np.prod(x.shape))


def is_tensor(x: Any) -> bool:
    """Whether `x` is an array or a traced tensor."""
    return isinstance(x, Tensor | np.ndarray)


def flatten(x: Any) -> Any:
    """All elements in one row."""
    return ops.reshape(x, (-1,))


def batch_flatten(x: Any) -> Any:
    """All axes but the first made one."""
    return ops.reshape(x, (x.shape[0], -1))


def permute_dimensions(x: Any, pattern: Sequence[int]) -> Any:
    """The axes in another order."""
    return ops.transpose(x, tuple(pattern))


def concatenate(tensors: Sequence[Any], axis: int = -1) -> Any:
    """Arrays joined along an axis, the last by default."""
    return ops.concatenate(tensors, axis=axis)


def repeat_elements(x: Any, rep: int, axis: int) -> Any:
    """Each element `rep` times along an axis."""
    return ops.repeat(x, rep, axis=axis)


def gather(reference: Any, indices: Any) -> Any:
    """Rows by number."""
    return ops.take(reference, indices, axis=0)


def one_hot(indices: Any, num_classes: int) -> Any:
    """Class numbers as rows of zeros with a one."""
    return ops.one_hot(indices, num_classes)


# ---- maths under other names than today's
def pow(x: Any, a: Any) -> Any:
    """x to the power `a`."""
    return ops.power(x, a)


def dot(x: Any, y: Any) -> Any:
    """The matrix product."""
    return ops.dot(x, y)


def l2_normalize(x: Any, axis: int | None = None) -> Any:
    """`x` divided by its Euclidean norm along an axis, or as a whole."""
    squares = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return ops.multiply(x, ops.rsqrt(ops.maximum(squares, config.epsilon())))


def hard_sigmoid(x: Any) -> Any:
    """0.2 * x + 0.5 cut to [0, 1], as Keras before 3 defined it."""
    return ops.clip(ops.add(ops.multiply(x, 0.2), 0.5), 0.0, 1.0)


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """The first where the condition holds, else the second."""
    then, other = (e() if callable(e) else e for e in (then_expression, else_expression))
    return ops.where(condition, then, other)


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """The cross-entropy of each element."""
    return ops.binary_crossentropy(target, output, from_logits=from_logits)


def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """The cross-entropy of each row with a one-hot target."""
    return ops.categorical_crossentropy(target, output, from_logits=from_logits, axis=axis)


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """The cross-entropy of each row with a class number."""
    return ops.sparse_categorical_crossentropy(target, output, from_logits=from_logits, axis=axis)


# ---- random values
def random_uniform(
    shape: Sequence[int],
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: Any = None,
    seed: Any = None,
) -> Any:
    """Values spread evenly over [minval, maxval)."""
    from whit import random

    return random.uniform(tuple(shape), minval, maxval, dtype=dtype, seed=seed)


def random_normal(
    shape: Sequence[int],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    seed: Any = None,
) -> Any:
    """Normally distributed values."""
    from whit import random

    return random.normal(tuple(shape), mean, stddev, dtype=dtype, seed=seed)


_IMPORTED = {"Any", "Sequence", "Tensor", "Variable", "annotations", "config", "np"}
_IMPORTED |= {"ops", "session"}
__all__ = sorted(name for name in globals() if name[0] != "_" and name not in _IMPORTED)
