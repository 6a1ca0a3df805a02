"""What a row of the table of old names can be: a module, a name, an argument, a value, a habit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

K0, K1, K2, TF1, TF2 = "Keras 0", "Keras 1", "Keras 2", "TensorFlow 1", "tf.keras"


@dataclass
class Call:
    """A call that is being translated.

    Attributes:
        target: the object whose method is called, None for a function.
        args, kwargs: of the call, `target` left out; rules change them.
        after: what is still to be done to the result, in order.
    """

    target: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    after: list[Callable[[Any], Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Module:
    """An old module path.

    Attributes:
        old: dotted, below `keras` ("utils.np_utils").
        new: modules of whit that hold its names today, the first that has a name wins.
        era: when it was in use.
        calls: the class that the same name was as well: `keras.optimizers.adam(lr=0.01)`.
    """

    old: str
    new: tuple[str, ...]
    era: str
    calls: str = ""

    @property
    def key(self) -> str:
        """How the program writes it."""
        return f"keras.{self.old}"

    @property
    def today(self) -> str:
        """How one writes it today."""
        return "keras." + self.new[0]


@dataclass(frozen=True)
class Name:
    """An old name in a module.

    Attributes:
        module: with its root: "keras.regularizers", "tensorflow.random".
        old: the name.
        new: what it is today, a path below `whit`; empty if `value` is given.
        era: when it was in use.
        value: what it is today, if that is nothing in a module.
        meaning: said by `--explain` where `new` does not say it.
    """

    module: str
    old: str
    new: str
    era: str
    value: Any = None
    meaning: str = ""

    @property
    def key(self) -> str:
        """How the program writes it."""
        return f"{self.module}.{self.old}"

    @property
    def today(self) -> str:
        """How one writes it today."""
        return self.meaning or f"keras.{self.new}"


@dataclass(frozen=True)
class Gone:
    """An old name that nothing replaces: using it is an error that says what to do instead.

    Attributes:
        module, old, era: as in `Name`.
        instead: what to write today, a whole sentence.
    """

    module: str
    old: str
    era: str
    instead: str

    @property
    def key(self) -> str:
        """How the program writes it."""
        return f"{self.module}.{self.old}"

    @property
    def today(self) -> str:
        """What to do instead."""
        return self.instead


@dataclass(frozen=True)
class Argument:
    """An old argument.

    Attributes:
        owner: what takes it, a path below `whit` ("layers.Dense", "models.Model.fit"); a final
            `.*` means every class of the module.
        old: its name.
        new: its name today; empty if a rule does the work or if it has no effect any more.
        era: when it was in use.
        rule: `rule(call, value)` puts the old meaning into the call.
        meaning: said by `--explain` where `new` does not say it.
    """

    owner: str
    old: str
    new: str
    era: str
    rule: Callable[[Call, Any], None] | None = None
    meaning: str = ""

    @property
    def key(self) -> str:
        """How the program writes it."""
        return f"{short(self.owner)}({self.old}=…)"

    @property
    def today(self) -> str:
        """How one writes it today."""
        return self.meaning or (f"{self.new}=…" if self.new else "has no effect")


@dataclass(frozen=True)
class Value:
    """An old value of an argument that today has another, or none.

    Attributes:
        owner, era: as in `Argument`.
        argument: its name today.
        old: the value.
        new: the value today; `DROP` leaves the argument out.
    """

    owner: str
    argument: str
    old: Any
    new: Any
    era: str

    @property
    def key(self) -> str:
        """How the program writes it."""
        return f"{short(self.owner)}({self.argument}={self.old!r})"

    @property
    def today(self) -> str:
        """How one writes it today."""
        return "the default" if self.new is DROP else f"{self.argument}={self.new!r}"


@dataclass(frozen=True)
class Position:
    """An old order of arguments, recognised by their types.

    Attributes:
        owner, era: as in `Argument`.
        order: the arguments' names, in today's words or, if a row translates them, in old ones.
        applies: whether these positional arguments are in the old order.
        example: how a program writes it.
    """

    owner: str
    order: tuple[str, ...]
    era: str
    applies: Callable[[tuple[Any, ...]], bool]
    example: str

    @property
    def key(self) -> str:
        """How the program writes it."""
        return self.example

    @property
    def today(self) -> str:
        """How one writes it today."""
        return f"{short(self.owner)}({', '.join(self.order[:3])}, …)"


@dataclass(frozen=True)
class Member:
    """An old method or attribute of a class.

    Attributes:
        owner, era: as in `Argument`.
        old: its name.
        value: the function or property put in its place.
        meaning: what it is today.
    """

    owner: str
    old: str
    era: str
    value: Any
    meaning: str

    @property
    def key(self) -> str:
        """How the program writes it."""
        return f"{short(self.owner)}.{self.old}"

    @property
    def today(self) -> str:
        """How one writes it today."""
        return self.meaning


@dataclass(frozen=True)
class Hook:
    """An old way in which something behaved.

    Attributes:
        owner: a function or method, a path below `whit`.
        era: when it was so.
        wrap: makes the function that behaves so from today's.
        old: what a program relies on.
        meaning: what happens.
    """

    owner: str
    era: str
    wrap: Callable[[Callable[..., Any]], Callable[..., Any]]
    old: str
    meaning: str

    @property
    def key(self) -> str:
        """What a program relies on."""
        return self.old

    @property
    def today(self) -> str:
        """What happens."""
        return self.meaning


Row = Module | Name | Gone | Argument | Value | Position | Member | Hook
DROP: Any = object()


def short(owner: str) -> str:
    """`"models.Model.fit"` -> `"fit"`, `"optimizers.*"` -> `"optimizer"`."""
    *path, name = owner.split(".")
    return path[-1].removesuffix("s") if name == "*" else name
