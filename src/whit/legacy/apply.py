"""Applying the table to whit's own classes and functions: old arguments, values, methods, habits.

`enable` puts a translating wrapper around everything that a row names, `disable` takes all of them
away again. A wrapper looks only at what it was given: a call without an old name goes straight on.
"""

from __future__ import annotations

import functools
import inspect
from collections import defaultdict
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from whit.errors import ArgumentError
from whit.legacy import journal
from whit.legacy.rows import DROP, Argument, Call, Member, Position, Value, short

_ABSENT = object()
_undo: list[tuple[Any, str, Any]] = []


def enable() -> None:
    """Let whit understand old arguments, values and methods from now on, in this whole process.

    Old module paths and names need no help where `keras` is imported through `whit run`.
    """
    if _undo:
        return
    try:
        _apply_table()
    except BaseException:
        disable()
        raise


def _apply_table() -> None:
    from whit.legacy import table

    for member in table.MEMBERS:
        _set(find(member.owner), member.old, _noting(member))
    for hook in table.HOOKS:  # before the arguments, so that they see calls in today's words
        for holder, name in _callables(hook.owner):
            _wrap(holder, name, hook.wrap)
    for owner, rows in _by_owner([*table.ARGUMENTS, *table.VALUES, *table.POSITIONS]).items():
        for holder, name in _callables(owner):
            _wrap(holder, name, functools.partial(translating, owner, rows))
    _forget_signatures()


def disable() -> None:
    """Undo `enable`."""
    while _undo:
        holder, name, before = _undo.pop()
        if before is _ABSENT:
            delattr(holder, name)
        else:
            setattr(holder, name, before)
    _forget_signatures()


def enabled() -> bool:
    """Whether old arguments, values and methods are understood."""
    return bool(_undo)


# ---- translating a call
def translating(
    owner: str, rows: Iterable[Argument | Value | Position], function: Callable[..., Any]
) -> Callable[..., Any]:
    """`function` that understands these rows' old words."""
    arguments = {row.old: row for row in rows if isinstance(row, Argument)}
    values = [row for row in rows if isinstance(row, Value)]
    positions = [row for row in rows if isinstance(row, Position)]
    parameters = inspect.signature(function).parameters
    method = next(iter(parameters), "") == "self"

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        own, rest = (args[:1], args[1:]) if method else ((), args)
        call = Call(own[0] if own else None, rest, kwargs)
        for row in positions:
            _reorder(call, row)
        for name in [n for n in call.kwargs if n in arguments]:
            _rename(call, arguments[name], owner)
        for value in values:
            _revalue(call, value)
        result = function(*own, *call.args, **call.kwargs)
        for step in call.after:
            result = step(result)
        return result

    wrapped.__also_takes__ = tuple(arguments)  # type: ignore[attr-defined]
    return wrapped


def _reorder(call: Call, row: Position) -> None:
    if not row.applies(call.args):
        return
    journal.note(row)
    if row.order[0].startswith("*"):
        call.kwargs[row.order[0][1:]] = call.args
    else:
        call.kwargs.update(zip(row.order, call.args, strict=False))
    call.args = ()


def _rename(call: Call, row: Argument, owner: str) -> None:
    if row.old == row.new:
        return
    if row.new and row.new in call.kwargs:
        raise ArgumentError(
            f"{short(owner)} got {row.old}= and {row.new}=, the old and the new name of one thing; "
            f"leave {row.old}= out"
        )
    journal.note(row)
    value = call.kwargs.pop(row.old)
    if row.rule is not None:
        row.rule(call, value)
    elif row.new:
        call.kwargs[row.new] = value


def _revalue(call: Call, row: Value) -> None:
    if row.argument not in call.kwargs:
        return
    value = call.kwargs[row.argument]
    if type(value) is not type(row.old) or value != row.old:
        return
    journal.note(row)
    if row.new is DROP:
        del call.kwargs[row.argument]
    else:
        call.kwargs[row.argument] = row.new


# ---- finding and replacing
def _by_owner(rows: Iterable[Any]) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        groups[row.owner].append(row)
    return groups


def find(path: str) -> Any:
    """The object at a dotted path below whit."""
    found: Any = import_module("whit")
    for part in path.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            found = import_module(f"{found.__name__}.{part}")
    return found


def _callables(owner: str) -> list[tuple[Any, str]]:
    """What to wrap for an owner: of a class its constructor, where it is defined."""
    path, _, name = owner.rpartition(".")
    holder = find(path)
    if name == "*":
        classes = [
            c for c in vars(holder).values() if inspect.isclass(c) and "__init__" in c.__dict__
        ]
        return [
            (c, "__init__")
            for c in dict.fromkeys(classes)
            if c.__module__.startswith(holder.__name__)
        ]
    found = getattr(holder, name)
    if not inspect.isclass(found):
        return [(_definer(holder, name), name)]
    return [(_definer(found, "__init__"), "__init__")]


def _definer(holder: Any, name: str) -> Any:
    if not inspect.isclass(holder):
        return holder
    return next(c for c in holder.__mro__ if name in c.__dict__)


def _wrap(holder: Any, name: str, wrap: Callable[[Any], Any]) -> None:
    _set(holder, name, wrap(getattr(holder, name)))


def _set(holder: Any, name: str, value: Any) -> None:
    _undo.append((holder, name, holder.__dict__.get(name, _ABSENT)))
    setattr(holder, name, value)


def _noting(member: Member) -> Any:
    """The member's function or property, its use written into the journal."""

    def noting(function: Any) -> Any:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            journal.note(member)
            return function(*args, **kwargs)

        return wrapped

    if isinstance(member.value, property):
        return property(
            noting(member.value.fget), noting(member.value.fset), doc=member.value.fget.__doc__
        )
    return noting(member.value)


def _forget_signatures() -> None:
    """The layers' cached lists of arguments are made anew, with or without the old names."""
    from whit.layers.arguments import constructor_arguments

    constructor_arguments.cache_clear()
