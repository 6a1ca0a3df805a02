"""Names of losses and metrics: as `whit.registry`, and functions have names and configs as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whit.errors import unknown_name
from whit.registry import Registry


class FunctionRegistry(Registry):
    """The named classes and functions of one family."""

    def find(self, name: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The class or function called `name`.

        Raises:
            UnknownNameError: there is none; says which is the nearest.
        """
        found = (custom_objects or {}).get(name) or self.names.get(name)
        if found is None:
            raise unknown_name(self.kind, name, self.names)
        return found

    def serialize(self, obj: Any) -> Any:
        """The config that `deserialize` takes, laid out as Keras does; functions by their names."""
        if obj is None or hasattr(obj, "get_config"):
            return super().serialize(obj)
        name = getattr(obj, "__name__", type(obj).__name__)
        return {
            "module": "builtins",
            "class_name": "function",
            "config": name,
            "registered_name": "function",
        }

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The object or function that a config describes; see `Registry.deserialize`."""
        if isinstance(config, Mapping) and config.get("class_name") == "function":
            return self.find(config["config"], custom_objects)
        return super().deserialize(config, custom_objects)
