"""What `compile` made: the loss of all outputs as one function, and the metrics of all outputs as
one.

Names are looked up when `compile` is called, so a typing error shows there; which accuracy or
cross-entropy is meant can only be said once the shapes of targets and outputs are known, in the
first trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from whit import losses, metrics, ops, tree
from whit.errors import ArgumentError, DataError, did_you_mean

_BY_SHAPE = ("accuracy", "acc", "crossentropy", "ce")


class CompiledLoss:
    """The loss of a model with one output or several.

    Args:
        loss: a loss, its name, a function; a list or dict of such, one for each output; None for an
            output without loss.
        loss_weights: a number, or a list or dict of numbers, in the same way.
        output_names: names of the outputs, if the model has any.

    Attributes:
        metrics: the mean of each output's loss, if there are several.

    Raises:
        UnknownNameError: no loss has this name. ArgumentError: `loss_weights` of another type.
    """

    def __init__(self, loss: Any, loss_weights: Any = None, output_names: Any = None) -> None:
        if loss_weights is not None and not isinstance(
            loss_weights, list | tuple | dict | float | int
        ):
            raise ArgumentError(
                f"loss_weights={loss_weights!r}: expected a number, or a list, tuple or dict of "
                f"numbers for a model with several outputs, got {type(loss_weights).__name__}"
            )
        for one in tree.iterate(loss):
            if not (isinstance(one, str) and one.lower() in _BY_SHAPE):
                losses.get(one)
        self._loss, self._weights = loss, loss_weights
        self._names = output_names
        self._parts: list[tuple[int, Any, Any]] | None = None  # (output, loss, weight)
        self.metrics: list[Any] = []

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The weighted sum of the outputs' losses; None if no output has one."""
        names = output_names(y_pred, self._names)
        predictions = by_output(y_pred, names)
        targets = _targets(y_true, names, len(predictions))
        weights = _sample_weights(sample_weight, names, len(predictions))
        if self._parts is None:
            self._parts = self._resolve(targets, predictions, names)
        total = None
        for q, (output, loss, weight) in enumerate(self._parts):
            value = loss(targets[output], predictions[output], sample_weight=weights[output])
            if self.metrics:
                self.metrics[q].update_state(value, sample_weight=_batch(predictions[output]))
            value = value if weight is None else ops.multiply(value, weight)
            total = value if total is None else ops.add(total, value)
        return total

    def _resolve(self, targets: list, predictions: list, names: list) -> list:
        chosen = _per_output("loss", self._loss, names, len(predictions))
        weights = _per_output("loss_weights", self._weights, names, len(predictions))
        parts = []
        for q, (loss, weight) in enumerate(zip(chosen, weights, strict=True)):
            if loss is None:
                continue
            if targets[q] is None:
                raise DataError(
                    f"y is missing: the loss {loss!r} needs targets; pass y, or batches of (x, y)"
                )
            shapes = tuple(targets[q].shape), tuple(predictions[q].shape)
            parts.append((q, losses.resolve_loss(loss, *shapes), weight))
        if len(parts) > 1:
            labels = [names[q] or str(getattr(loss, "name", q)) for q, loss, _ in parts]
            self.metrics = [metrics.Mean(name=f"{n}_loss") for n in unique_names(labels)]
        return parts


class CompiledMetrics:
    """All metrics given to `compile`.

    Args:
        metrics, weighted_metrics: a list of metrics, names and functions; for several outputs a
            list of lists, or a dict by the outputs' names. Weighted metrics see `sample_weight`.
        output_names: names of the outputs, if the model has any.

    Raises:
        UnknownNameError: no metric has this name. ArgumentError: not a list, tuple or dict.
    """

    name = "compile_metrics"

    def __init__(
        self, metrics: Any, weighted_metrics: Any = None, output_names: Any = None
    ) -> None:
        for argument, given in (("metrics", metrics), ("weighted_metrics", weighted_metrics)):
            _check_metrics(argument, given)
        self._given = metrics, weighted_metrics
        self._names = output_names
        self._rows: list[tuple[int, Any, bool]] | None = None  # (output, metric, weighted)
        self._keys: list[str] = []

    @property
    def built(self) -> bool:
        """Whether the shapes of targets and outputs have been seen."""
        return self._rows is not None

    @property
    def metrics(self) -> list[Any]:
        """The metrics, once they are known."""
        return [m for _, m, _ in self._rows or ()]

    @property
    def variables(self) -> list[Any]:
        """The variables of all metrics."""
        return [v for m in self.metrics for v in m.variables]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        names = output_names(y_pred, self._names)
        predictions = by_output(y_pred, names)
        targets = _targets(y_true, names, len(predictions))
        weights = _sample_weights(sample_weight, names, len(predictions))
        if self._rows is None:
            self._resolve(targets, predictions, names)
        for output, metric, weighted in self._rows or ():
            given = {"sample_weight": weights[output]} if weighted else {}
            metric.update_state(targets[output], predictions[output], **given)

    def _resolve(self, targets: list, predictions: list, names: list) -> None:
        rows, labels = [], []
        for argument, given in zip(("metrics", "weighted_metrics"), self._given, strict=True):
            weighted = argument == "weighted_metrics"
            for q, wanted in enumerate(
                _metrics_per_output(argument, given, names, len(predictions))
            ):
                for m in wanted:
                    if targets[q] is None:
                        raise DataError(f"y is missing: the metric {m!r} needs targets")
                    shapes = tuple(targets[q].shape), tuple(predictions[q].shape)
                    metric = metrics.resolve_accuracy(m, *shapes)
                    rows.append((q, metric, weighted))
                    labels.append((names[q], metric.name, weighted))
        self._rows, self._keys = rows, _metric_names(labels, len(predictions) > 1)

    def reset_state(self) -> None:
        """Forget all batches."""
        for m in self.metrics:
            m.reset_state()

    def result(self) -> dict[str, Any]:
        """The value of each metric, by its name in the logs."""
        return {k: m.result() for k, m in zip(self._keys, self.metrics, strict=True)}


# ---- outputs and names
def output_names(y_pred: Any, names: Sequence[str] | None) -> list[str | None]:
    """A name for each output: the keys of a dict, the model's own names, or None."""
    if isinstance(y_pred, dict):
        return tree.sorted_keys(y_pred)
    count = len(tree.flatten(y_pred))
    return list(names) if names and len(names) == count > 1 else [None] * count


def by_output(value: Any, names: Sequence[str | None]) -> list[Any]:
    """The leaves of a structure, in the order of the outputs."""
    if isinstance(value, dict) and names and set(value) == set(names):
        return [value[n] for n in names]
    return tree.flatten(value)


def unique_names(names: Iterable[str]) -> list[str]:
    """The names, with "_1", "_2", ... from a name's second appearance on."""
    seen: dict[str, int] = {}
    result = []
    for n in names:
        seen[n] = seen.get(n, -1) + 1
        result.append(f"{n}_{seen[n]}" if seen[n] else n)
    return result


def _targets(y_true: Any, names: Sequence[str | None], count: int) -> list[Any]:
    targets = by_output(y_true, names)
    if len(targets) != count:
        raise DataError(
            f"y has {len(targets)} arrays, but the model has {count} outputs"
            + (f" ({', '.join(map(str, names))})" if any(names) else "")
            + "; give one array of targets for each output"
        )
    return targets


def _sample_weights(given: Any, names: Sequence[str | None], count: int) -> list[Any]:
    weights = by_output(given, names)
    if len(weights) == 1:
        return weights * count
    if len(weights) != count:
        raise DataError(
            f"sample_weight has {len(weights)} arrays, but the model has {count} outputs; give one "
            "for all, or one for each output"
        )
    return weights


def _per_output(argument: str, given: Any, names: Sequence[str | None], count: int) -> list[Any]:
    """What `loss=` or `loss_weights=` means for each output."""
    if isinstance(given, dict):
        _check_keys(argument, given, names)
        return [given.get(n) for n in names]
    if not isinstance(given, list | tuple):
        return [given] * count
    if len(given) != count:
        raise ArgumentError(
            f"{argument} has {len(given)} entries, but the model has {count} outputs: "
            f"{argument}={given!r}"
        )
    return list(given)


def _metrics_per_output(argument: str, given: Any, names: Sequence, count: int) -> list[list[Any]]:
    """What `metrics=` means for each output."""
    if not given:
        return [[] for _ in range(count)]
    if count == 1:
        return [tree.flatten(given)]
    if isinstance(given, dict):
        _check_keys(argument, given, names)
        return [tree.flatten(given.get(n) or []) for n in names]
    if len(given) == count:
        return [tree.flatten(g or []) for g in given]
    if any(tree.is_nested(g) for g in given):
        raise ArgumentError(
            f"{argument} has {len(given)} lists, but the model has {count} outputs: "
            f"{argument}={given!r}"
        )
    return [list(given) for _ in range(count)]


def _check_keys(argument: str, given: dict, names: Sequence[str | None]) -> None:
    known = [n for n in names if n is not None]
    for key in given:
        if key not in known:
            raise ArgumentError(
                f"{argument}: no output is called {key!r}.{did_you_mean(str(key), known)} "
                f"Outputs: {', '.join(known) or 'one, without a name'}"
            )


def _check_metrics(argument: str, given: Any) -> None:
    if given is not None and not isinstance(given, list | tuple | dict):
        raise ArgumentError(
            f"{argument}={given!r}: expected a list, tuple or dict, got {type(given).__name__}; "
            f"write {argument}=[{given!r}]"
        )
    for one in tree.iterate(given or []):
        if isinstance(one, str) and one.lower() not in _BY_SHAPE:
            metrics.get(one)


def _metric_names(labels: Sequence[tuple[str | None, str, bool]], several: bool) -> list[str]:
    """Names in the logs: after the output's if there are several; "weighted_" if one repeats."""
    taken: set[str] = set()
    names = []
    for output, name, weighted in labels:
        front = f"{output}_" if several and output else ""
        wanted = front + name
        if wanted in taken and weighted:
            wanted = f"{front}weighted_{name}"
        number, unique = 0, wanted
        while unique in taken:
            number += 1
            unique = f"{wanted}_{number}"
        taken.add(unique)
        names.append(unique)
    return names


def _batch(prediction: Any) -> float:
    return float(prediction.shape[0])
