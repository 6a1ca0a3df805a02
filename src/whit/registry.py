"""How a name, a config or a class becomes an object: one table for each family of Keras objects.

Initializers, regularizers, constraints, optimizers and schedules are all asked for in the same
ways: `"adam"`, `{"class_name": "Adam", "config": {...}}`, `Adam` or `Adam()`.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from whit.naming import did_you_mean, to_snake_case


class Registry:
    """The named classes of one family.

    Args:
        kind: what one of them is called in messages: "initializer".
        module: where Keras keeps them; written into serialized configs.
        classes: the classes, each found by its name and by the name's snake case.
        aliases: more names.
        ignore_case: find names whatever their case (optimizers).
    """

    def __init__(
        self,
        kind: str,
        module: str,
        classes: Iterable[type],
        aliases: Mapping[str, type] | None = None,
        ignore_case: bool = False,
    ) -> None:
        self.kind, self.module, self.ignore_case = kind, module, ignore_case
        self.names: dict[str, type] = {}
        for cls in classes:
            self.names[cls.__name__] = cls
            self.names[cls.__name__.lower() if ignore_case else to_snake_case(cls.__name__)] = cls
        self.names.update(aliases or {})
        self.classes = frozenset(self.names.values())

    def find(self, name: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The class called `name`.

        Raises:
            ValueError: there is none; says which is the nearest.
        """
        found = (custom_objects or {}).get(name) or self.names.get(name)
        if found is None and self.ignore_case:
            found = self.names.get(name.lower())
        if found is None:
            known = sorted(n for n in self.names if n == n.lower())
            raise ValueError(
                f"{self.kind}={name!r} is not a known {self.kind}."
                f"{did_you_mean(name, self.names if name != name.lower() else known)} "
                f"Known: {', '.join(known)}"
            )
        return found

    def get(self, identifier: Any) -> Any:
        """An object from a name, a config, a class, or a callable (returned as it is).

        Raises:
            ValueError: an unknown name, or something that is none of these.
        """
        if isinstance(identifier, str):
            identifier = self.find(identifier)
        elif isinstance(identifier, Mapping):
            return self.deserialize(identifier)
        if inspect.isclass(identifier):
            return identifier()
        ours = isinstance(identifier, tuple(c for c in self.classes if inspect.isclass(c)))
        if ours or identifier is None or callable(identifier):
            return identifier
        raise ValueError(
            f"{self.kind}={identifier!r}: expected a name, a config (a dict with 'class_name' and "
            f"'config'), a callable or None, got {type(identifier).__name__}"
        )

    def serialize(self, obj: Any) -> Any:
        """The config that `deserialize` takes; None stays None."""
        if obj is None:
            return None
        if not hasattr(obj, "get_config"):
            raise ValueError(
                f"{self.kind} {obj!r} has no get_config(), so it cannot be serialized; "
                f"make it a class with get_config()"
            )
        ours = type(obj) in self.classes
        return {
            "module": self.module if ours else type(obj).__module__,
            "class_name": type(obj).__name__,
            "config": obj.get_config(),
            "registered_name": None if ours else type(obj).__name__,
        }

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The object that a config describes.

        Args:
            config: a name, or a dict with "class_name" and "config".
            custom_objects: classes of the user's own, by name.

        Raises:
            ValueError: not such a config, or an unknown class name.
        """
        if config is None:
            return None
        if isinstance(config, str):
            found = self.find(config, custom_objects)
            return found() if inspect.isclass(found) else found
        if not isinstance(config, Mapping) or "class_name" not in config:
            raise ValueError(
                f"config={config!r}: expected a dict with 'class_name' and 'config' that "
                f"describes a {self.kind}"
            )
        cls = self.find(config["class_name"], custom_objects)
        inner = copy.deepcopy(dict(config.get("config") or {}))
        return cls.from_config(inner)
