"""The beginning of a model: `Input` says what shape and dtype the data have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whit.layers.arguments import dtype_name
from whit.layers.layer import Layer
from whit.layers.shapes import KerasTensor, standardize_shape
from whit.naming import auto_name

Shape = Sequence[int | None] | int


class InputLayer(Layer):
    """Passes its input through; its shape is that of the model's data.

    Args:
        shape: of one sample, without the batch axis.
        batch_size: the batch axis' extent; free by default.
        dtype: of the data; `floatx()` by default.
        sparse: only None or False: whit has no sparse tensors.
        ragged: only None or False: whit has no ragged tensors.
        batch_shape: the shape with the batch axis, in place of `shape` and `batch_size`.
        input_tensor: a KerasTensor whose shape and dtype to take.
        optional: whether the input may be None.
        name: of the input.
    """

    def __init__(
        self,
        shape: Shape | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Shape | None = None,
        input_tensor: KerasTensor | None = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if sparse or ragged:
            kind = "sparse" if sparse else "ragged"
            raise ValueError(f"Input: {kind}=True, but whit has dense tensors only; leave it out")
        if input_tensor is not None:
            batch_shape, dtype = input_tensor.shape, dtype or input_tensor.dtype
        self.batch_shape = _whole_shape(shape, batch_size, batch_shape)
        self.optional = optional
        super().__init__(name=name, dtype=dtype, autocast=False, **kwargs)
        if input_tensor is None:
            input_tensor = KerasTensor(self.batch_shape, self._dtype, name)
        self.output = input_tensor
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The input."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return {
            "batch_shape": self.batch_shape,
            "dtype": self.dtype,
            "sparse": False,
            "ragged": False,
            "optional": self.optional,
            "name": self.name,
        }


def Input(
    shape: Shape | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Shape | None = None,
    name: str | None = None,
    tensor: KerasTensor | None = None,
    optional: bool = False,
) -> KerasTensor:
    """The shape and dtype of data to come, as the first entry of a Sequential model.

    Args:
        shape: of one sample, without the batch axis: `Input((784,))`.
        batch_size: the batch axis' extent; free by default.
        dtype: of the data; `floatx()` by default.
        sparse: only None or False: whit has no sparse tensors.
        ragged: only None or False: whit has no ragged tensors.
        batch_shape: the shape with the batch axis, in place of `shape` and `batch_size`.
        name: of the input.
        tensor: a KerasTensor to take shape and dtype from.
        optional: whether the input may be None.

    Returns:
        A KerasTensor.

    Raises:
        ValueError: neither or both of `shape` and `batch_shape`, or not a shape.
    """
    if sparse or ragged:
        InputLayer(shape, sparse=sparse, ragged=ragged)
    if tensor is not None:
        return tensor
    whole = _whole_shape(shape, batch_size, batch_shape)
    made = KerasTensor(whole, dtype_name(dtype), name or auto_name("keras_tensor"))
    made.optional = optional
    return made


def _whole_shape(shape: Shape | None, batch_size: int | None, batch_shape: Shape | None) -> tuple:
    if batch_shape is not None:
        if shape is not None or batch_size is not None:
            raise ValueError(
                "Input: batch_shape already holds the batch axis; give either batch_shape, or "
                "shape (and batch_size)"
            )
        return standardize_shape(batch_shape)
    if shape is None:
        raise ValueError("Input: shape=None; give the shape of one sample, as in Input((784,))")
    return (batch_size, *standardize_shape(shape))
