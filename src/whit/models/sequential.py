"""Sequential: layers one after the other, built when the shape of the data is known."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from whit import layers as layers_api
from whit import ops
from whit.layers import context, shapes
from whit.layers.arguments import dtype_config
from whit.layers.input import InputLayer
from whit.layers.input_spec import InputSpec, check_inputs, describe
from whit.layers.layer import Layer
from whit.layers.shapes import KerasTensor
from whit.models.model import Model
from whit.variables import outside_trace


class Sequential(Model):
    """A stack of layers, each taking what the one before it gives.

    The model is built, layer by layer, as soon as the shape of its input is known: from `Input` as
    its first entry, from `input_shape` or `input_dim` of its first layer, from `build`, or from the
    first data.

    Args:
        layers: the layers, and `Input(...)` in front if the shape is known.
        trainable: whether training changes the weights.
        name: of the model.

    Raises:
        TypeError: something that is not a layer. ValueError: two layers of one name.

    >>> import whit as keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> model.output_shape
    (None, 3)
    """

    def __init__(
        self, layers: Iterable[Any] | None = None, trainable: bool = True, name: str | None = None
    ) -> None:
        super().__init__(trainable=trainable, name=name)
        self._layers: list[Layer] = []
        self._outputs: list[KerasTensor] = []  # after each of `_layers`, as far as they are built
        for layer in layers or ():
            self.add(layer)

    # ---- putting together
    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer at the end.

        Args:
            layer: a layer, or at the beginning an `Input(...)`.
            rebuild: whether to build it at once if the shape of its input is known.

        Raises:
            TypeError: not a layer. ValueError: a name that is taken, or an Input that is not first.
        """
        layer = self._checked(layer)
        if not self._layers and layer._batch_input_shape is not None:
            self._layers.append(InputLayer(batch_shape=layer._batch_input_shape, dtype=layer.dtype))
        self._layers.append(layer)
        self._changed()
        if rebuild and isinstance(self._layers[0], InputLayer):
            try:
                self._extend()
            except Exception:
                self._layers.pop()
                raise

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer off and return it.

        Raises:
            TypeError: there is none.
        """
        if not self.layers:
            raise TypeError(f"pop: {describe(self)} has no layers")
        layer = self._layers.pop()
        del self._outputs[len(self._layers) :]
        self._changed()
        if rebuild and self._layers and isinstance(self._layers[0], InputLayer):
            self._extend()
        return layer

    def _checked(self, layer: Any) -> Layer:
        if isinstance(layer, KerasTensor):
            name = layer.name if not layer.name.startswith("keras_tensor") else None
            layer = InputLayer(name=name, input_tensor=layer)
        if not isinstance(layer, Layer):
            raise TypeError(_not_a_layer(layer))
        if isinstance(layer, InputLayer) and self._layers:
            raise ValueError(
                f"{describe(self)}: an Input can only be the first entry; the model already starts "
                f'with "{self._layers[0].name}"'
            )
        if any(layer.name == other.name for other in self._layers):
            again = "the same layer" if layer in self._layers else "another layer"
            raise ValueError(
                f'{describe(self)}: the name "{layer.name}" is already that of {again} in this '
                "model; layers need names of their own: pass name=..."
            )
        return layer

    def _changed(self) -> None:
        self._forget_programs()
        self.built = False

    # ---- building
    def build(self, input_shape: Any = None) -> None:
        """Make the weights of all layers.

        Args:
            input_shape: with the batch axis first, None for a free extent; not needed if the model
                starts with an Input.

        Raises:
            ValueError: no layers, no shape, or another shape than that of the model's Input.
        """
        if not self._layers:
            raise ValueError(f"build: {describe(self)} has no layers; add some first")
        first = self._layers[0]
        if isinstance(first, InputLayer):
            if (
                input_shape is not None
                and shapes.standardize_shape(input_shape) != first.batch_shape
            ):
                raise ValueError(
                    f"build: input_shape={input_shape!r}, but {describe(self)} was made for "
                    f"{first.batch_shape}"
                )
        elif input_shape is None:
            raise ValueError(
                f"build: {describe(self)} does not know the shape of its input; pass input_shape, "
                "or begin with an Input"
            )
        else:
            self._start(input_shape, first.compute_dtype)
        self._extend()

    def _start(self, input_shape: Any, dtype: str) -> None:
        self._layers.insert(0, InputLayer(batch_shape=input_shape, dtype=dtype))
        try:
            self._extend()
        except Exception:
            del self._layers[0], self._outputs[:]
            raise

    def _extend(self) -> None:
        """Build the layers that are not built yet and work out what they give."""
        with outside_trace(), context.frame(self, None, calling=False):
            for layer in self._layers[len(self._outputs) :]:
                if isinstance(layer, InputLayer):
                    self._outputs.append(layer.output)
                else:
                    self._outputs.append(layer(self._outputs[-1]))
        declared = self._layers[0].batch_shape  # type: ignore[attr-defined]
        self._declared = InputSpec(shape=(None, *declared[1:]), allow_last_axis_squeeze=True)
        self._build_shape = declared
        self.built = bool(self.layers)

    def _build_for(self, args: tuple, kwargs: dict[str, Any]) -> None:
        if self.built:
            return
        shape = getattr(args[0] if args else None, "shape", None)
        if shape is None:  # several inputs: the first layer sees to them
            self.built = True
        elif self._layers and isinstance(self._layers[0], InputLayer):
            self.build()
        else:
            self.build((None, *shape[1:]) if shape else shape)

    # ---- computing
    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The layers' result, one after the other."""
        if not self.layers:
            raise ValueError(f"{describe(self)} has no layers; add some first")
        x = inputs
        if self._outputs:
            x = self._ranked(x)
            check_inputs(self.layers[0].input_spec, x, self.layers[0])
            check_inputs(self._declared, x, self)
        for layer in self.layers:
            x = layer(x)
        return x

    def _ranked(self, x: Any) -> Any:
        """Give or take a last axis of 1 where nothing else differs from the model's Input."""
        declared = self._declared.shape or ()
        if len(x.shape) == len(declared) - 1 and declared[-1] == 1:
            return ops.expand_dims(x, -1)
        if len(x.shape) == len(declared) + 1 and x.shape[-1] == 1:
            return ops.squeeze(x, -1)
        return x

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the result for an input of this shape."""
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    # ---- what it is made of
    @property
    def layers(self) -> list[Layer]:
        """The layers, without the Input."""
        return [layer for layer in self._layers if not isinstance(layer, InputLayer)]

    @property
    def inputs(self) -> list[KerasTensor]:
        """A KerasTensor of the input's shape, in a list."""
        return [self._symbol(0, "inputs")]

    @property
    def outputs(self) -> list[KerasTensor]:
        """A KerasTensor of the output's shape, in a list."""
        return [self._symbol(-1, "outputs")]

    @property
    def input(self) -> KerasTensor:
        """A KerasTensor of the input's shape."""
        return self._symbol(0, "input")

    @property
    def output(self) -> KerasTensor:
        """A KerasTensor of the output's shape."""
        return self._symbol(-1, "output")

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """The input's shape, None for the batch axis."""
        return self._symbol(0, "input_shape").shape

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """The output's shape, None for the batch axis."""
        return self._symbol(-1, "output_shape").shape

    def _symbol(self, at: int, asked: str) -> KerasTensor:
        if not self._outputs or not self.built:
            raise AttributeError(
                f"{describe(self)} has no {asked} yet: it is not built. Begin with an Input, or "
                "call build(input_shape)"
            )
        return self._outputs[at]

    def _output_shape_of(self, layer: Any) -> Any:
        """The shape that one of the layers gives, or None if it is not known yet."""
        known = dict(zip(map(id, self._layers), self._outputs, strict=False))
        return known[id(layer)].shape if id(layer) in known else None

    # ---- configs
    def get_config(self) -> dict[str, Any]:
        """The configs of the layers, and the input's shape."""
        config = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": dtype_config(self.dtype),
            "layers": [layers_api.serialize(layer) for layer in self._layers],
        }
        return {**config, "build_input_shape": self._build_shape} if self.built else config

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Sequential:
        """The model that `get_config` described, with new weights.

        Args:
            config: what `get_config` gave.
            custom_objects: layer classes of your own, by name.
        """
        model = cls(trainable=config.get("trainable", True), name=config.get("name"))
        for entry in config["layers"]:
            model.add(layers_api.deserialize(entry, custom_objects))
        shape = config.get("build_input_shape")
        if not model.built and model.layers and shape:
            model.build(tuple(shape))
        return model


def _not_a_layer(value: Any) -> str:
    if inspect.isclass(value) and issubclass(value, Layer):
        hint = f": that is the class; add an instance, {value.__name__}(...)"
    elif callable(value):
        hint = "; to use a function as a layer, wrap it: layers.Lambda(function)"
    elif isinstance(value, list | tuple):
        hint = "; add the layers one by one, or pass them to Sequential([...])"
    elif isinstance(value, str):
        hint = f'; for an activation, layers.Activation("{value}")'
    else:
        hint = ""
    return f"add: only layers can be added to a Sequential model, got {value!r}{hint}"
