"""Model: a layer that can be trained, called on arrays, looked into and summarised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from whit import tree
from whit.graph import Trace
from whit.layers import context, shapes
from whit.layers.arguments import convert
from whit.layers.input_spec import describe
from whit.layers.layer import Layer
from whit.naming import did_you_mean
from whit.training.trainer import Trainer
from whit.transforms import Jitted


class Model(Trainer, Layer):
    """A layer with `compile`, `fit`, `evaluate`, `predict` and `summary`.

    Write a subclass that makes layers in `__init__` and uses them in `call`; or use `Sequential`.
    Called on arrays, a model is compiled: one program for each shape of its input and each mode.

    Args:
        trainable: whether training changes the weights.
        dtype: of weights and computations.
        name: of the model.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        Trainer.__init__(self)
        if args:
            raise TypeError(
                f"{type(self).__name__}: unexpected arguments {args!r}; layers go into "
                "Sequential([...]), or into the attributes of a subclass of Model"
            )
        Layer.__init__(self, **kwargs)
        self._jitted: Jitted | None = None

    # ---- calling
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if Trace.current() is not None or context.calling():
            return Layer.__call__(self, *args, **kwargs)
        if kwargs or len(args) != 1 or type(args[0]) is not np.ndarray:
            args, kwargs = convert(args, None), {k: convert(v, None) for k, v in kwargs.items()}
            if shapes.has_keras_tensors(args, kwargs):
                return Layer.__call__(self, *args, **kwargs)
        if self.__dict__.get("run_eagerly"):
            return Layer.__call__(self, *args, **kwargs)
        if self.__dict__.get("_jitted") is None:
            self._jitted = Jitted(self._call_with_losses)
        outputs, added = self._jitted(*args, **kwargs)  # type: ignore[misc]
        if added or self.__dict__.get("_has_losses"):
            self._keep_losses(added)
        return outputs

    def _call_with_losses(self, *args: Any, **kwargs: Any) -> tuple[Any, dict[int, list]]:
        """The result, and what each layer added to the loss, by its place in the model."""
        outputs = Layer.__call__(self, *args, **kwargs)
        added = {
            n: [v for _, v in x._losses] for n, x in enumerate(self._flatten_layers()) if x._losses
        }
        self._clear_losses()
        return outputs, added

    def _keep_losses(self, added: dict[int, list]) -> None:
        self._has_losses = bool(added)
        for n, layer in enumerate(self._flatten_layers()):
            layer._losses[:] = [(None, value) for value in added.get(n, ())]

    def _forget_programs(self) -> None:
        """Drop what was compiled: the model has changed."""
        super()._forget_programs()
        self._jitted = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_jitted": None}

    # ---- building
    def build(self, input_shape: Any) -> None:
        """Build all layers, by running `call` on shapes alone.

        Args:
            input_shape: of the input, the batch axis included; a structure of shapes if `call`
                takes a structure.

        Raises:
            ValueError: `call` does not work on an input of this shape.
        """
        dtype = self.compute_dtype
        inputs = shapes.map_shapes(lambda s: shapes.KerasTensor(s, dtype, "input"), input_shape)
        self.built = True
        try:
            shapes.infer(self, inputs)
        except Exception as error:
            self.built = False
            raise ValueError(
                f"build: {describe(self)} cannot be built for input_shape={input_shape!r}: {error}"
            ) from error

    def _build_for(self, args: tuple, kwargs: dict[str, Any]) -> None:
        if type(self).build is Model.build:
            self.built = True  # the layers inside are built as `call` reaches them
        else:
            super()._build_for(args, kwargs)

    # ---- configs
    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Any:
        """The model that `get_config` described, with new weights.

        Args:
            config: what `get_config` gave.
            custom_objects: layer classes of your own, by name; for models that hold configs of
                layers.
        """
        return cls(**config)

    # ---- looking into it
    @property
    def layers(self) -> list[Layer]:
        """The layers directly inside."""
        return [x for x in self._sublayers() if isinstance(x, Layer)]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """One of `layers`, by name or by index.

        Raises:
            ValueError: neither or both are given, or there is no such layer.
        """
        if (name is None) == (index is None):
            raise ValueError(f"get_layer: give either name or index, got {name=} and {index=}")
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(
                    f"get_layer: index={index}, but {describe(self)} has {len(self.layers)} layers"
                )
            return self.layers[index]
        by_name = {layer.name: layer for layer in self.layers}
        if name not in by_name:
            raise ValueError(
                f"get_layer: no layer is called {name!r}.{did_you_mean(str(name), by_name)} "
                f"Layers: {', '.join(by_name)}"
            )
        return by_name[name]

    def _output_shape_of(self, layer: Any) -> Any:
        """The shape that a layer gave when it was last called, the batch axis left open."""
        seen = layer._seen_output
        if seen is None or not shapes.is_shape(seen):
            return seen and tree.map_structure(lambda _: None, seen)
        return (None, *seen[1:])

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Print a table of the layers, their output shapes and parameters, and what it all costs.

        Args:
            line_length: width of the table; that of the terminal, up to 88, by default.
            positions: where each column ends, as shares of the width.
            print_fn: called with the whole text in place of printing it.
            expand_nested: whether to show the layers of models inside the model.
            show_trainable: whether to show which layers training changes.
            layer_range: names (regular expressions) of the first and the last layer to show.

        Raises:
            ValueError: a width too small for the columns, or a range that matches no layer.
        """
        from whit.models.summary import print_summary

        print_summary(
            self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range
        )
