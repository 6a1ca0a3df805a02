"""What all optimizers share: state, clipping, weight decay, averaging, accumulation, constraints.

An optimizer is imperative code over Variables. Run on arrays it updates them at once; run in a
trace it becomes part of the program, where the engine fuses the elementwise rule into the kernel of
the gradient. So nothing here branches in Python on a value: `choose` does, in both worlds.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypedDict, Unpack

import numpy as np

from whit import config, ops
from whit.naming import auto_name, did_you_mean
from whit.optimizers.branch import choose
from whit.optimizers.checks import check_hyperparameters, keras_signature
from whit.optimizers.clipping import clip
from whit.optimizers.schedules import LearningRateSchedule
from whit.optimizers.schedules import serialize as serialize_schedule
from whit.variables import Variable


class OtherArguments(TypedDict, total=False):
    """The common arguments but for `weight_decay`; see `Optimizer`."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None


class CommonArguments(OtherArguments, total=False):
    """The arguments of every optimizer; see `Optimizer`."""

    weight_decay: float | None


COMMON_DEFAULTS: dict[str, Any] = {
    "weight_decay": None,
    "clipnorm": None,
    "clipvalue": None,
    "global_clipnorm": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
    "name": None,
}
LearningRate = float | LearningRateSchedule | Callable[[], Any]


class Optimizer:
    """Base class. A subclass names its slots and hyperparameters and defines `update_step`.

    Args:
        learning_rate: a number, a `LearningRateSchedule`, or a function without arguments.
        weight_decay: before each update a weight loses `weight_decay * learning_rate` of itself.
        clipnorm: scale down each gradient whose norm is larger.
        clipvalue: clip each gradient's elements to [-clipvalue, clipvalue].
        global_clipnorm: scale down all gradients if their joint norm is larger.
        use_ema: keep exponential moving averages of the weights.
        ema_momentum: how much of the average stays at each step.
        ema_overwrite_frequency: every so many steps the weights become their averages; None: only
            at the end of training (`finalize_variable_values`).
        loss_scale_factor: `scale_loss` multiplies the loss by it, and gradients are divided by it.
        gradient_accumulation_steps: update only every so many steps, with the mean gradient.
        name: made from the class if not given.

    Raises:
        ValueError: an unknown argument or one out of its range.
    """

    hyperparameters: ClassVar[tuple[str, ...]] = ()
    name: str
    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None

    def __init_subclass__(cls) -> None:
        """Show the common arguments in the signature, for help() and inspection."""
        super().__init_subclass__()
        _show_signature(cls)

    def __init__(self, learning_rate: Any, **common: Unpack[CommonArguments]) -> None:
        given: dict[str, Any] = dict(common)
        if given.pop("decay", None) is not None:
            warnings.warn(
                "decay= has no effect any more; use a schedule such as "
                "optimizers.schedules.InverseTimeDecay as learning_rate",
                stacklevel=3,
            )
        self._check_known(given)
        arguments = {**COMMON_DEFAULTS, **given}
        check_hyperparameters(arguments)
        self.name = arguments.pop("name") or auto_name(type(self).__name__)
        self.__dict__.update(arguments)
        self.built = False
        self._variables: list[Variable] = []
        self._trainable_variables: list[Variable] = []
        self._index: dict[Variable, int] = {}
        self._slots: dict[str, list[Variable | None]] = {}
        self._undecayed_variables: frozenset[Variable] = frozenset()
        self._undecayed_names: re.Pattern[str] | None = None
        self._iterations = self.add_variable((), "zeros", "int32", name="iteration")
        self._learning_rate: Any = None
        self._set_learning_rate(learning_rate)

    def _check_known(self, given: Mapping[str, Any]) -> None:
        for name in given:
            if name not in COMMON_DEFAULTS:
                known = ("learning_rate", *self.hyperparameters, *COMMON_DEFAULTS)
                meant = "learning_rate" if name == "lr" else name
                raise ValueError(
                    f"{type(self).__name__} has no argument {name!r}."
                    f"{did_you_mean(meant, known)} "
                    f"It takes: {', '.join(known)}"
                )

    # ---- learning rate and step
    @property
    def learning_rate(self) -> Any:
        """The rate of this step: a Variable, or what the schedule gives. Settable."""
        if isinstance(self._learning_rate, LearningRateSchedule):
            return self._learning_rate(self._iterations)
        if isinstance(self._learning_rate, Variable):
            return self._learning_rate
        return self._learning_rate()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if isinstance(self._learning_rate, LearningRateSchedule) and not callable(value):
            raise TypeError(
                f"{self.name} was made with a {type(self._learning_rate).__name__}, so its "
                "learning_rate cannot be set to a number; make it with a number to set it later"
            )
        self._set_learning_rate(value)

    def _set_learning_rate(self, value: Any) -> None:
        previous = self._learning_rate
        if not isinstance(value, Variable) and callable(value):
            if isinstance(previous, Variable):
                self._variables.remove(previous)
            self._learning_rate = value
        elif isinstance(previous, Variable):
            previous.assign(value)
        else:
            self._learning_rate = self.add_variable(
                (), lambda shape, dtype: _number(value), config.floatx(), name="learning_rate"
            )

    @property
    def iterations(self) -> Any:
        """The number of updates so far (if gradients accumulate, not of steps)."""
        if self.gradient_accumulation_steps:
            return ops.floor_divide(self._iterations, self.gradient_accumulation_steps)
        return self._iterations

    def step(self, dtype: str) -> Any:
        """The number of the update being made, 1 for the first, as a scalar of `dtype`."""
        return ops.cast(ops.add(self.iterations, 1), dtype)

    # ---- variables
    @property
    def variables(self) -> list[Variable]:
        """Everything that the optimizer remembers, in the order that Keras saves it."""
        return self._variables[:]

    def slot_groups(self) -> Iterable[Mapping[str, Any]]:
        """The slots of each weight, as {name: initializer}; one mapping a run over the weights."""
        return ()

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the slots of these weights; happens by itself at the first update."""
        if self.built:
            return
        variables = list(variables)
        self._index = {v: i for i, v in enumerate(variables)}
        self._trainable_variables = variables
        if self.use_ema:
            self._add_slots({"average": "zeros"})
        if self.gradient_accumulation_steps:
            self._add_slots({"gradient_accumulator": "zeros"}, all_variables=True)
        for group in self.slot_groups():
            self._add_slots(group)
        self.built = True

    def _add_slots(self, group: Mapping[str, Any], all_variables: bool = False) -> None:
        self._slots.update({name: [] for name in group})
        for v in self._trainable_variables:
            for name, initializer in group.items():
                skip = v.overwrite_with_gradient and not all_variables
                slot = None if skip else self.add_variable_from_reference(v, name, initializer)
                self._slots[name].append(slot)

    def slot(self, name: str, variable: Variable) -> Any:
        """The slot `name` that belongs to a weight."""
        return self._slots[name][self._index[variable]]

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """A new Variable of the optimizer's state; `aggregation` and `layout` have no effect."""
        variable = Variable(initializer, shape, dtype, trainable=False, autocast=False, name=name)
        variable.path = f"{self.name}/{variable.name}"
        self._variables.append(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """A new Variable with the shape and dtype of a weight."""
        path = reference_variable.path.replace("/", "_")
        shape, dtype = reference_variable.shape, reference_variable.dtype
        return self.add_variable(shape, initializer, dtype, name=f"{path}_{name or 'var'}")

    def add_optimizer_variables(
        self, trainable_variables: Iterable[Variable], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """Slots for weights: a list if `name` is a string, a tuple of lists if it is several."""
        names = [name] if isinstance(name, str) else list(name)
        several = isinstance(initializer, list | tuple)
        initializers = list(initializer) if several else [initializer] * len(names)
        if len(names) != len(initializers):
            raise ValueError(
                f"name={name!r} has {len(names)} names, initializer={initializer!r} has "
                f"{len(initializers)}; give one initializer, or one for each name"
            )
        slots: tuple[list[Variable | None], ...] = tuple([] for _ in names)
        for v in trainable_variables:
            for q, slot_name in enumerate(names):
                slots[q].append(
                    None
                    if v.overwrite_with_gradient
                    else self.add_variable_from_reference(v, slot_name, initializers[q])
                )
        return slots[0] if isinstance(name, str) else slots

    def _get_variable_index(self, variable: Variable) -> int:
        return self._index[variable]

    def __setattr__(self, name: str, value: Any) -> None:
        """A Variable assigned to an attribute joins the optimizer's state."""
        tracked = self.__dict__.get("_variables")
        if isinstance(value, Variable) and tracked is not None and value not in tracked:
            tracked.append(value)
        super().__setattr__(name, value)

    # ---- Keras' spelling of assignment
    def assign(self, variable: Variable, value: Any) -> None:
        """variable = value"""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """variable += value"""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """variable -= value"""
        variable.assign_sub(value)

    # ---- updating
    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one weight and its slots from its gradient."""
        raise TypeError(
            f"{type(self).__name__} does not define update_step(self, gradient, variable, "
            "learning_rate), which every Optimizer must"
        )

    def update_steps(self, grads: Sequence[Any], variables: Sequence[Variable], rate: Any) -> None:
        """Update all weights; a subclass with state of its own for each step extends this."""
        for gradient, variable in zip(grads, variables, strict=True):
            self.update_step(gradient, variable, rate)

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """`apply` for pairs; returns the step counter."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def apply(
        self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None
    ) -> None:
        """Update the weights by their gradients.

        Args:
            grads: one for each weight, None where there is none.
            trainable_variables: the weights; may be left out once the optimizer is built.

        Raises:
            ValueError: not built, other weights than it was built with, or no gradient at all.
        """
        grads = list(grads)
        if not grads:
            return
        grads, variables = self._paired(grads, trainable_variables)
        grads, variables = self._overwrite(grads, variables)
        if grads:
            if self.loss_scale_factor is not None:
                grads = [ops.divide(g, self.loss_scale_factor) for g in grads]
            if self.gradient_accumulation_steps:
                self._accumulate(grads, variables)
            else:
                self._update(grads, variables)
            self._average()
            for v in variables:
                if v.constraint is not None:
                    v.assign(v.constraint(v))
        self._iterations.assign_add(1)

    def _update(self, grads: Sequence[Any], variables: Sequence[Variable]) -> None:
        grads = clip(grads, self.clipnorm, self.clipvalue, self.global_clipnorm)
        self._decay(variables)
        self.update_steps(grads, variables, self.learning_rate)

    def _paired(
        self, grads: list[Any], variables: Sequence[Variable] | None
    ) -> tuple[list[Any], list[Variable]]:
        """Gradients and weights side by side, without the weights that have no gradient."""
        if variables is None:
            if not self.built:
                raise ValueError(self._unbuilt())
            variables = self._trainable_variables
        variables = list(variables)
        if len(grads) != len(variables):
            raise ValueError(
                f"{len(grads)} gradients for {len(variables)} variables; expected one each"
            )
        if not self.built:
            self.build(variables)
        for v in variables:
            if v not in self._index:
                raise ValueError(
                    f"variable {v.path!r} is not among those that {self.name} was built with; "
                    "make a new optimizer for new variables"
                )
        missing = [v.path for g, v in zip(grads, variables, strict=True) if g is None]
        if len(missing) == len(variables):
            raise ValueError(
                "no gradient was given for any variable: the loss depends on none of them"
            )
        if missing:
            warnings.warn(
                f"the loss does not depend on {', '.join(missing)}: they are not trained",
                stacklevel=4,
            )
        kept = [(g, v) for g, v in zip(grads, variables, strict=True) if g is not None]
        return [g for g, _ in kept], [v for _, v in kept]

    def _overwrite(
        self, grads: list[Any], variables: list[Variable]
    ) -> tuple[list[Any], list[Variable]]:
        """Set the variables that want their gradient as value; the others remain."""
        rest: tuple[list[Any], list[Variable]] = ([], [])
        for g, v in zip(grads, variables, strict=True):
            if not v.overwrite_with_gradient:
                rest[0].append(g)
                rest[1].append(v)
            elif not self.gradient_accumulation_steps:
                v.assign(g)
            else:
                self._overwrite_when_due(ops.maximum(g, self.slot("gradient_accumulator", v)), v)
        return rest

    def _overwrite_when_due(self, largest: Any, variable: Variable) -> None:
        slot = self.slot("gradient_accumulator", variable)
        largest = _snapshot(largest)

        def set_and_clear() -> None:
            variable.assign(largest)
            slot.assign(ops.zeros_like(largest))

        choose(self._due(), set_and_clear, lambda: slot.assign(largest))

    def _due(self) -> Any:
        n = self.gradient_accumulation_steps
        return ops.equal(ops.mod(ops.add(self._iterations, 1), n), 0)

    def _accumulate(self, grads: Sequence[Any], variables: Sequence[Variable]) -> None:
        """Add to the accumulators; every so many steps update with their mean and clear them."""
        slots = [self.slot("gradient_accumulator", v) for v in variables]
        totals = [_snapshot(ops.add(g, s)) for g, s in zip(grads, slots, strict=True)]

        def update() -> None:
            n = self.gradient_accumulation_steps
            self._update([ops.divide(total, n) for total in totals], variables)
            for slot in slots:
                slot.assign(ops.zeros(slot.shape, slot.dtype))

        def wait() -> None:
            for slot, total in zip(slots, totals, strict=True):
                slot.assign(total)

        choose(self._due(), update, wait)

    # ---- weight decay
    def exclude_from_weight_decay(
        self,
        var_list: Iterable[Variable] | None = None,
        var_names: Iterable[str] | None = None,
    ) -> None:
        """Spare weights from decay. Call it before the first update.

        Args:
            var_list: the weights themselves.
            var_names: patterns; a weight whose name contains one of them is spared ("bias").
        """
        if self.built:
            raise ValueError(
                "exclude_from_weight_decay() must be called before the optimizer is built, "
                "that is, before the first update"
            )
        self._undecayed_variables = frozenset(var_list or ())
        self._undecayed_names = re.compile("|".join(var_names)) if var_names else None

    def _undecayed(self, variable: Variable) -> bool:
        pattern = self._undecayed_names
        named = pattern is not None and pattern.search(variable.name) is not None
        return named or variable in self._undecayed_variables

    def _decay_rate(self, variable: Variable) -> float | None:
        """The weight decay of one weight."""
        return None if self._undecayed(variable) else self.weight_decay

    def _decay(self, variables: Iterable[Variable]) -> None:
        for v in variables:
            rate = self._decay_rate(v)
            if rate is not None:
                v.assign(v.value - v.value * (ops.cast(self.learning_rate, v.dtype) * rate))

    # ---- averages
    def _average(self) -> None:
        if not self.use_ema:
            return
        iterations = self.iterations
        for v, average in zip(self._trainable_variables, self._slots["average"], strict=True):
            if average is not None:
                started = ops.cast(ops.not_equal(iterations, 0), v.dtype)
                momentum = started * self.ema_momentum
                average.assign(momentum * average.value + (1 - momentum) * v.value)
        if self.ema_overwrite_frequency:
            n = self.ema_overwrite_frequency
            due = ops.equal(ops.mod(ops.add(iterations, 1), n), 0)
            choose(due, lambda: self._use_averages(self._trainable_variables), lambda: None)

    def _use_averages(self, variables: Sequence[Variable]) -> None:
        averages = self._slots["average"]
        if len(variables) != len(averages):
            raise ValueError(
                f"{len(variables)} variables, but {self.name} keeps averages of {len(averages)}; "
                "give the variables that it was built with"
            )
        for v, average in zip(variables, averages, strict=True):
            if average is not None:
                v.assign(average.value)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """End of training: with `use_ema` the weights become their averages."""
        if self.use_ema:
            self._use_averages(list(var_list))

    # ---- loss scale, state, config
    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`."""
        scale = self.loss_scale_factor
        return loss if scale is None else ops.multiply(loss, scale)

    def stateless_apply(
        self,
        optimizer_variables: Sequence[Any],
        grads: Sequence[Any],
        trainable_variables: Sequence[Any],
    ) -> tuple[list[Any], list[Any]]:
        """`apply` from values to values, changing no Variable.

        Args:
            optimizer_variables: one value for each of `variables`.
            grads: one for each weight.
            trainable_variables: one value for each weight.

        Returns:
            The new values of the weights, and of `variables`.
        """
        if not self.built:
            raise ValueError(self._unbuilt())
        groups = [
            ("trainable_variables", self._trainable_variables, trainable_variables),
            ("optimizer_variables", self.variables, optimizer_variables),
        ]
        for argument, ours, values in groups:
            if len(ours) != len(values):
                raise ValueError(f"{argument} has {len(values)} values, expected {len(ours)}")
        everything = [v for _, ours, _ in groups for v in ours]
        before = [_snapshot(v.value) for v in everything]
        try:
            for v, value in zip(
                everything, [*trainable_variables, *optimizer_variables], strict=True
            ):
                v.assign(value)
            self.apply(grads)
            after = [_snapshot(v.value) for v in everything]
        finally:
            for v, value in zip(everything, before, strict=True):
                v.assign(value)
        n = len(self._trainable_variables)
        return after[:n], after[n:]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the optimizer's state, in the order of `variables`."""
        if not self.built:
            raise ValueError(self._unbuilt())
        if len(weights) != len(self._variables):
            raise ValueError(f"weights has {len(weights)} arrays, expected {len(self._variables)}")
        for v, w in zip(self._variables, weights, strict=True):
            v.assign(w)

    def _unbuilt(self) -> str:
        return f"{self.name} has not been built: call build(trainable_variables) first"

    def save_own_variables(self, store: Any) -> None:
        """Write the state into a mapping, under "0", "1", ..."""
        for i, v in enumerate(self.variables):
            store[str(i)] = np.array(v.numpy())

    def load_own_variables(self, store: Any) -> None:
        """Read the state from such a mapping; if it does not fit, warn and leave all as it is."""
        if len(store.keys()) != len(self.variables):
            warnings.warn(
                f"the state of {self.name} was not loaded: it has {len(self.variables)} variables, "
                f"what was saved has {len(store.keys())}"
                + ("" if self.built else " (the optimizer has not been built yet)"),
                stacklevel=2,
            )
            return
        for i, v in enumerate(self.variables):
            v.assign(np.asarray(store[str(i)]))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer, without its state."""
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            rate = serialize_schedule(rate)
        elif isinstance(rate, Variable):
            rate = float(rate.numpy())
        names = [n for n in COMMON_DEFAULTS if n != "name"] + list(self.hyperparameters)
        values = {n: getattr(self, n) for n in names}
        return {"name": self.name, "learning_rate": rate, **values}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Optimizer:
        """The optimizer with this config."""
        from whit.optimizers.schedules import deserialize

        config = dict(config)
        if isinstance(config.get("learning_rate"), Mapping):
            config["learning_rate"] = deserialize(config["learning_rate"], custom_objects)
        return cls(**config)


def _show_signature(cls: type) -> None:
    if "__init__" in cls.__dict__:
        cls.__signature__ = keras_signature(cls, COMMON_DEFAULTS)  # type: ignore[attr-defined]


_show_signature(Optimizer)


def _number(value: Any) -> np.ndarray:
    array = np.asarray(value)
    if array.shape != () or array.dtype.kind not in "fiu":
        raise ValueError(
            f"learning_rate={value!r}: expected a number, a LearningRateSchedule or a function "
            "without arguments"
        )
    return array


def _snapshot(value: Any) -> Any:
    """A value that later assignments do not change."""
    return value.copy() if isinstance(value, np.ndarray) else value
