"""Dense, and the layers around it: Activation, Identity, Lambda."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from whit import activations, constraints, initializers, ops, regularizers
from whit.layers.input_spec import InputSpec, describe
from whit.layers.layer import Layer


class Dense(Layer):
    """`activation(inputs @ kernel + bias)`, along the last axis of the inputs.

    Args:
        units: width of the output.
        activation: a name or a function; none by default.
        use_bias: whether to add a bias.
        kernel_initializer: of the (width of input, units) matrix.
        bias_initializer: of the bias.
        kernel_regularizer: adds a penalty on the kernel to the loss.
        bias_regularizer: adds a penalty on the bias to the loss.
        activity_regularizer: adds a penalty on the output to the loss.
        kernel_constraint: applied to the kernel after each update.
        bias_constraint: applied to the bias after each update.
        **kwargs: see `Layer`.

    Input shape: `(batch, ..., width)`. Output shape: `(batch, ..., units)`.

    Raises:
        ValueError: `units` is not a positive integer, or the input has another width than the layer
            was built for, or no batch axis.
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = positive_integer("Dense", "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias for inputs of this shape."""
        width = input_shape[-1]
        if width is None:
            raise ValueError(
                f"{describe(self)}: the last axis of the input shape {tuple(input_shape)} is not "
                "known, and the kernel needs it; give it in Input(...)"
            )
        self.kernel = self.add_weight(
            (width, self.units),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: width})

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """`activation(inputs @ kernel + bias)`."""
        # One product over all leading axes: a kernel repeated for each of them would be read anew.
        lead = inputs.shape[:-1]
        x = inputs if len(lead) == 1 else ops.reshape(inputs, (-1, inputs.shape[-1]))
        x = ops.matmul(x, self.kernel)
        if self.bias is not None:
            x = ops.add(x, self.bias)
        x = x if len(lead) == 1 else ops.reshape(x, (*lead, self.units))
        return x if self.activation is None else self.activation(x)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The input's shape with `units` as its last extent."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
        }


class Activation(Layer):
    """Applies an activation function.

    Args:
        activation: a name ("relu") or a function.
        **kwargs: see `Layer`.
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """`activation(inputs)`."""
        return self.activation(inputs)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


class Identity(Layer):
    """Gives its input back."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The input."""
        return inputs


class Lambda(Layer):
    """Applies any function of tensors.

    Args:
        function: takes the input (and `mask` or `training`, if it has such arguments) and returns a
            tensor; written with operators and `whit.ops`.
        output_shape: a shape without the batch axis, or a function of the input's shape; worked out
            from `function` by default.
        mask: a mask, or a function of `(inputs, mask)`.
        arguments: further keyword arguments of `function`.
        **kwargs: see `Layer`.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise ValueError(f"Lambda: function={function!r} is not callable")
        self.function = function
        self.arguments = dict(arguments or {})
        self._output_shape, self.mask = output_shape, mask
        self.supports_masking = mask is not None
        code = getattr(function, "__code__", None)
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code else ()
        self._takes = frozenset(names) & {"mask", "training"}

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        """`function(inputs, **arguments)`."""
        optional = {"mask": mask, "training": training}
        return self.function(inputs, **{k: optional[k] for k in self._takes} | self.arguments)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask given to the layer, or that of its mask function."""
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        """What `output_shape` says, else what `function` gives."""
        if self._output_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self._output_shape):
            return self._output_shape(input_shape)
        return (input_shape[0], *self._output_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer; the function as it is."""
        return {
            **super().get_config(),
            "function": self.function,
            "output_shape": self._output_shape,
            "mask": self.mask,
            "arguments": self.arguments,
        }


def positive_integer(owner: str, name: str, value: Any) -> int:
    """`value` as an int, if it is a whole number above 0; else ValueError."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) <= 0:
        raise ValueError(f"{owner}: {name}={value!r}: expected a positive integer")
    return int(value)
