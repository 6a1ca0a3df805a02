"""The base of every layer: state, and a function of tensors that uses it.

A subclass makes its weights in `build(input_shape)` and computes in `call`. Calling a layer
converts and checks the inputs, builds it the first time, and passes `training` on to the layers
inside; on arrays it computes at once, in a trace it extends the graph, and on a KerasTensor it
works out shapes.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from whit import regularizers, tree
from whit.graph import dtypes, origin
from whit.layers import context, shapes
from whit.layers.arguments import (
    check_constructor,
    constructor_arguments,
    constructor_config,
    convert,
    dtype_config,
    dtype_name,
    input_batch_shape,
    unknown_argument,
)
from whit.layers.input_spec import check_inputs, describe
from whit.layers.state import LayerState
from whit.naming import auto_name
from whit.variables import outside_trace


class Layer(LayerState):
    """A function of tensors with state.

    Args:
        activity_regularizer: adds a penalty on the layer's output to the loss.
        trainable: whether training changes its weights.
        dtype: of its weights and computations; `whit.config.floatx()` by default.
        autocast: whether floating inputs are cast to that dtype.
        name: unique in a model; made from the class by default: "dense", "dense_1", ...
        **kwargs: the input's shape, for the first layer of a Sequential model: `input_shape`
            (without the batch axis), `input_dim`, `batch_shape`, `batch_size`.

    Raises:
        ValueError: an unknown argument, or a name with "/" in it.
    """

    input_spec: Any = None
    _made_with: tuple[tuple, dict[str, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        check_constructor(cls, kwargs)
        layer = super().__new__(cls)
        layer._made_with = (args, kwargs)
        return layer

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _finished(cls.__dict__["build"])  # type: ignore[method-assign]

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self._weights = []
        self._frozen = []
        self._losses = []
        self._trainable = bool(trainable)
        self._batch_input_shape = input_batch_shape(kwargs)
        if kwargs:
            cls = type(self)
            known = constructor_arguments(cls)  # type: ignore[arg-type]
            raise unknown_argument(cls.__name__, next(iter(kwargs)), known)
        self.name = _checked_name(name, type(self))
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._dtype = dtype_name(dtype)
        self.autocast = bool(autocast)
        self.supports_masking = False
        self.built = False
        self._build_shape: Any = None
        self._seen_output: Any = None

    # ---- what it computes with
    @property
    def dtype(self) -> str:
        """The dtype of the weights."""
        return self._dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype of the computations."""
        return self._dtype

    @property
    def path(self) -> str:
        """The layer's name, with the names of the layers in which it was built in front."""
        own = [v.path.rpartition("/")[0] for v in self._weights]
        return own[0] if own else self.name

    # ---- building
    def build(self, input_shape: Any) -> None:
        """Make the weights; a subclass that has weights of its own overrides this.

        Args:
            input_shape: the shape of the input, None for the batch axis.
        """
        self.built = True

    def _build_for(self, args: tuple, kwargs: dict[str, Any]) -> None:
        """Build for the arguments of a call, unless it is built."""
        if self.built:
            return
        given = _bound(type(self).call, args, kwargs)
        wanted = list(_parameters(type(self).build))[1:]
        if len(wanted) == 1 and given:
            self.build(_shapes(next(iter(given.values()))))
        else:
            by_name = {w: given.get(w.removesuffix("_shape")) for w in wanted}
            self.build(**{w: _shapes(v) for w, v in by_name.items() if v is not None})

    # ---- calling
    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The computation; a subclass overrides this."""
        raise TypeError(
            f"{describe(self)} has no call(): define {type(self).__name__}.call(self, inputs)"
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if "_seen_output" not in self.__dict__:
            raise RuntimeError(_no_super_init(type(self)))
        dtype = self._dtype if self.autocast and dtypes.is_float(self._dtype) else None
        args = tuple(convert(a, dtype) for a in args)
        kwargs = {k: convert(v, dtype) for k, v in kwargs.items()}
        if shapes.has_keras_tensors(args, kwargs):
            return self.symbolic_call(*args, **kwargs)
        if not context.calling():
            self._clear_losses()
        training = self._settle_training(args, kwargs)
        try:
            check_inputs(self.input_spec, _first(args, kwargs), self)
            with context.frame(self, training, calling=True), origin(self.name):
                self._build_for(args, kwargs)
                check_inputs(self.input_spec, _first(args, kwargs), self)
                outputs = self.call(*args, **kwargs)
        except Exception as error:
            self._note(error, args, kwargs)
            raise
        self._regularize_activity(outputs)
        self._seen_output = tree.map_structure(lambda t: getattr(t, "shape", None), outputs)
        return outputs

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """The result's shapes and dtypes: KerasTensors from KerasTensors. Builds the layer."""
        check_inputs(self.input_spec, _first(args, kwargs), self)
        self._build_for(args, kwargs)
        return self.compute_output_spec(*args, **kwargs)

    def _settle_training(self, args: tuple, kwargs: dict[str, Any]) -> bool | None:
        """What `training` is in this call; put into `kwargs` if `call` takes it."""
        names = list(_parameters(type(self).call))[1:]
        at = names.index("training") if "training" in names else None
        given = args[at] if at is not None and at < len(args) else kwargs.get("training")
        value = context.training() if given is None else given
        if at is None:
            kwargs.pop("training", None)
            return value
        if at < len(args):
            return value
        if value is None:
            default = _parameters(type(self).call)["training"].default
            value = None if default is inspect.Parameter.empty else default
        kwargs["training"] = value
        return value

    def _regularize_activity(self, outputs: Any) -> None:
        if self.activity_regularizer is not None:
            for x in tree.flatten(outputs):
                samples = max(x.shape[0], 1) if x.shape else 1
                self.add_loss(self.activity_regularizer(x) / samples)  # a mean over the batch

    def _note(self, error: Exception, args: tuple, kwargs: dict[str, Any]) -> None:
        """Say once where in the model an error arose, unless its message does."""
        if hasattr(error, "__notes__") or describe(self) in str(error):
            return
        shown = [
            f"{t.dtype}{list(t.shape)}" for t in tree.iterate((args, kwargs)) if hasattr(t, "shape")
        ]
        where = "/".join(filter(None, [context.path(), self.name]))
        error.add_note(
            f'while calling layer "{where}" ({type(self).__name__}) on {", ".join(shown)}'
        )

    # ---- shapes
    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """KerasTensors of the result for KerasTensors of the arguments: `call`, traced."""
        return shapes.infer(self, *args, **kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the result for an input of this shape (None for unknown extents).

        Computed by tracing `call` on such an input, which builds the layer.
        """
        dtype = self.compute_dtype
        inputs = shapes.map_shapes(lambda s: shapes.KerasTensor(s, dtype, "input"), input_shape)
        return tree.map_structure(lambda t: t.shape, self.symbolic_call(inputs))

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the output: that of the input."""
        return previous_mask

    # ---- configs
    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer (without its weights).

        A subclass with arguments of its own adds them; one that does not override this gets the
        plain values that it was made with.

        Raises:
            TypeError: such a value cannot be put into a config.
        """
        config = {"name": self.name, "trainable": self.trainable, "dtype": dtype_config(self.dtype)}
        if type(self).get_config is Layer.get_config and type(self).__init__ is not Layer.__init__:
            return {**constructor_config(self), **_accepted(config, type(self))}
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer that `get_config` described."""
        return cls(**config)

    def get_build_config(self) -> dict[str, Any] | None:
        """What `build` was called with; None if it was not, or there is nothing to build."""
        return None if self._build_shape is None else {"input_shape": self._build_shape}

    def build_from_config(self, config: dict[str, Any] | None) -> None:
        """Build as `get_build_config` described."""
        if config:
            self.build(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _checked_name(name: str | None, cls: type) -> str:
    if name is None:
        return auto_name(cls.__name__)
    if not isinstance(name, str) or "/" in name or not name:
        raise ValueError(f"name={name!r}: a layer's name must be a non-empty string without '/'")
    return name


def _finished(build: Callable) -> Callable:
    """`build` outside any trace, inside the layer's name; then the layer is built."""

    @functools.wraps(build)
    def wrapped(self: Layer, *args: Any, **kwargs: Any) -> None:
        with outside_trace(), context.frame(self, context.training(), calling=False):
            build(self, *args, **kwargs)
        given = list(_bound(build, args, kwargs).values())
        self._build_shape = given[0] if len(given) == 1 else self._build_shape
        self.built = True

    return wrapped


@functools.lru_cache(maxsize=1024)
def _parameters(function: Callable) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(function).parameters)


def _bound(function: Callable, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a method's call by name, `self` left out; those it does not name dropped."""
    names = [
        p.name
        for p in list(_parameters(function).values())[1:]
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    by_position = dict(zip(names, args, strict=False)) or {str(n): a for n, a in enumerate(args)}
    return {**by_position, **kwargs}


def _first(args: tuple, kwargs: dict[str, Any]) -> Any:
    return args[0] if args else next(iter(kwargs.values()), None)


def _shapes(value: Any) -> Any:
    """The shapes in a structure of tensors, the batch axis unknown."""

    def shape(x: Any) -> Any:
        s = getattr(x, "shape", None)
        return (None, *s[1:]) if s else s

    return tree.map_structure(shape, value)


def _accepted(config: dict[str, Any], cls: type) -> dict[str, Any]:
    """Those base arguments that the class' constructor takes."""
    parameters = _parameters(cls.__init__)  # type: ignore[misc]
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return config
    return {k: v for k, v in config.items() if k in parameters}


def _no_super_init(cls: type) -> str:
    return (
        f"{cls.__name__}.__init__ did not call super().__init__(); call it first, before anything "
        "else, and pass it **kwargs"
    )
