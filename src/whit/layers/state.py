"""The half of a layer that holds: weights, seeds, sublayers, losses; to count, read and write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from whit import constraints, initializers, regularizers, tree
from whit.graph import Trace, dtypes
from whit.layers import context, tracking
from whit.layers.arguments import dtype_name
from whit.layers.input_spec import describe
from whit.ops import core
from whit.variables import Variable


class LayerState:
    """What `Layer` has of variables and losses."""

    name: str
    built: bool
    _dtype: str
    _trainable: bool
    _weights: list[Variable]
    _frozen: list[Variable]  # made trainable, and not trainable while the layer is not
    _losses: list[tuple[Trace | None, Any]]

    # ---- making
    def add_weight(
        self,
        shape: Sequence[int] | None = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Make a variable that belongs to this layer.

        Args:
            shape: its shape; a scalar by default.
            initializer: a name, an initializer or a callable `(shape, dtype) -> array`;
                "glorot_uniform" for floats and "zeros" for other types by default.
            dtype: the layer's `variable_dtype` by default.
            trainable: whether training may change it through a gradient.
            autocast: whether it may be cast to the layer's compute dtype.
            regularizer: adds a penalty on it to the loss.
            constraint: applied to it after each update.
            aggregation: accepted for Keras' sake; it speaks of several machines.
            overwrite_with_gradient: an optimizer sets it to its gradient.
            name: the last part of its path.

        Returns:
            The Variable.
        """
        dtype = self.variable_dtype if dtype is None else dtype_name(dtype)
        if initializer is None:
            initializer = "glorot_uniform" if dtypes.is_float(dtype) else "zeros"
        variable = Variable(
            initializers.get(initializer), shape or (), dtype, trainable, autocast, name
        )
        variable.path = "/".join(filter(None, [self._variable_scope(), variable.name]))
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        self._weights.append(variable)
        if trainable and not self._trainable:
            self._freeze([variable])
        return variable

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
    ) -> Variable:
        """`add_weight`, under the name and with the arguments that Keras has it as well."""
        return self.add_weight(
            shape, initializer, dtype, trainable, autocast, regularizer, constraint, name=name
        )

    def _variable_scope(self) -> str:
        path = context.path()
        inside = path == self.name or path.endswith(f"/{self.name}")
        return path if inside else "/".join(filter(None, [path, self.name]))

    @property
    def variable_dtype(self) -> str:
        """The dtype of the layer's weights."""
        return self._dtype

    # ---- sublayers
    def _sublayers(self) -> list[LayerState]:
        """The layers in the attributes of this one, in order."""
        return tracking.unique(tracking.search(self, lambda v: isinstance(v, LayerState)))

    def _flatten_layers(self) -> Iterator[LayerState]:
        """This layer and all below it, each once, before those below it."""
        seen: set[int] = set()
        stack: list[LayerState] = [self]
        while stack:
            layer = stack.pop()
            if id(layer) not in seen:
                seen.add(id(layer))
                yield layer
                stack.extend(reversed(layer._sublayers()))

    # ---- variables
    def _own(self) -> list[Variable]:
        """This layer's own variables: those made trainable first."""
        found = tracking.variables(self)
        frozen = set(self._frozen)
        return sorted(found, key=lambda v: not (v.trainable or v in frozen))

    def _collect(self, of_layer: Callable[[Any], list[Variable]]) -> list[Variable]:
        return tracking.unique(v for layer in self._flatten_layers() for v in of_layer(layer))

    @property
    def weights(self) -> list[Variable]:
        """All weights, those of sublayers included: each layer's trainable ones first."""
        return self._collect(lambda layer: layer._own())

    @property
    def variables(self) -> list[Variable]:
        """The weights and the states of seed generators (metrics are not included)."""
        return self._collect(
            lambda layer: [*layer._own(), *(s.state for s in tracking.seeds(layer))]
        )

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes."""
        return [v for v in self.weights if v.trainable] if self._trainable else []

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that training changes: the trainable weights."""
        return self.trainable_weights

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that training leaves alone."""
        return [v for v in self.weights if not (self._trainable and v.trainable)]

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that gradients do not change, states of seed generators included."""
        return [v for v in self.variables if not (self._trainable and v.trainable)]

    @property
    def metrics(self) -> list[Any]:
        """The metrics among the attributes of this layer and of those below it."""
        return tracking.unique(
            m for layer in self._flatten_layers() for m in tracking.metrics(layer)
        )

    @property
    def metrics_variables(self) -> list[Variable]:
        """The variables of `metrics`."""
        return [v for metric in self.metrics for v in metric.variables]

    @property
    def trainable(self) -> bool:
        """Whether training changes the layer; setting it sets every layer below it too."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        value = bool(value)
        self._trainable = value
        if value:
            for v in self._frozen:
                v.trainable = True
            self._frozen = []
        else:
            self._freeze([v for v in tracking.variables(self) if v.trainable])
        for layer in self._sublayers():
            layer.trainable = value

    def _freeze(self, variables: Sequence[Variable]) -> None:
        for v in variables:
            v.trainable = False
        self._frozen += variables

    def count_params(self) -> int:
        """The number of scalars in the weights.

        Raises:
            ValueError: the layer is not built, so its weights are not there yet.
        """
        if not self.built:
            raise ValueError(
                f"count_params: {describe(self)} is not built, so it has no weights yet; call it "
                "on data, or call build(input_shape) first"
            )
        return sum(v.size for v in self.weights)

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights' values, in the order of `weights`."""
        return [np.array(v.array) for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the weights' values.

        Args:
            weights: arrays of the weights' shapes, in the order of `weights`.

        Raises:
            ValueError: another number of arrays, or an array of another shape.
        """
        own = self.weights
        if len(own) != len(weights):
            hint = "" if self.built else "; it is not built: call build(input_shape) first"
            raise ValueError(
                f"set_weights: {describe(self)} has {len(own)} weights, "
                f"got {len(weights)} arrays{hint}"
            )
        arrays = [np.asarray(w) for w in weights]
        for v, a in zip(own, arrays, strict=True):
            if v.shape != a.shape:
                raise ValueError(
                    f"set_weights: {describe(self)}: weight {v.path!r} has shape {v.shape}, "
                    f"got {a.shape}"
                )
        for v, a in zip(own, arrays, strict=True):
            v.assign(a)

    # ---- losses
    def add_loss(self, loss: Any) -> None:
        """Add scalars to what training minimises; called from `call`, each time it runs.

        Args:
            loss: a scalar tensor, or a list of them.
        """
        for value in tree.flatten(loss):
            if callable(value):
                raise ValueError(
                    f"add_loss: {describe(self)}: got the function {value!r}; call it, and give "
                    "the scalar that it returns"
                )
            self._losses.append((Trace.current(), core.convert(value)))

    @property
    def losses(self) -> list[Any]:
        """Scalars of `add_loss` in the last call, and the penalties of weights' regularizers."""
        now = Trace.current()
        added = [v for layer in self._flatten_layers() for t, v in layer._losses if t is now]
        penalties = [v.regularizer(v) for v in self.trainable_weights if v.regularizer is not None]
        return added + penalties

    def _clear_losses(self) -> None:
        for layer in self._flatten_layers():
            layer._losses.clear()
