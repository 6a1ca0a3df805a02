"""whit: deep learning with its own compiler, under Keras' names (`import whit as keras`).

This is the public face and nothing else. Every name is imported when it is first used, so that
importing whit costs little more than importing NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whit._lazy import lazy_names
from whit._version import __version__

_SUBMODULES = (
    "activations",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "datasets",
    "errors",
    "initializers",
    "layers",
    "legacy",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "random",
    "regularizers",
    "tree",
    "utils",
)
_NAMES = {
    "Initializer": "whit.initializers",
    "Input": "whit.layers",
    "InputSpec": "whit.layers",
    "KerasTensor": "whit.layers.shapes",
    "Layer": "whit.layers",
    "Loss": "whit.losses",
    "Metric": "whit.metrics",
    "Model": "whit.models",
    "Optimizer": "whit.optimizers",
    "Regularizer": "whit.regularizers",
    "Sequential": "whit.models",
    "Variable": "whit.variables",
    "grad": "whit.transforms",
    "jit": "whit.transforms",
    "value_and_grad": "whit.transforms",
}

version = lambda: __version__  # noqa: E731
__getattr__, __dir__ = lazy_names(__name__, {**dict.fromkeys(_SUBMODULES, ""), **_NAMES})
__all__ = sorted((*_SUBMODULES, *_NAMES, "__version__", "version"))

if TYPE_CHECKING:  # for type checkers and editors; at run time names are found by __getattr__
    from whit import activations as activations
    from whit import backend as backend
    from whit import callbacks as callbacks
    from whit import config as config
    from whit import constraints as constraints
    from whit import datasets as datasets
    from whit import errors as errors
    from whit import initializers as initializers
    from whit import layers as layers
    from whit import legacy as legacy
    from whit import losses as losses
    from whit import metrics as metrics
    from whit import models as models
    from whit import ops as ops
    from whit import optimizers as optimizers
    from whit import random as random
    from whit import regularizers as regularizers
    from whit import tree as tree
    from whit import utils as utils
    from whit.initializers import Initializer as Initializer
    from whit.layers import Input as Input
    from whit.layers import InputSpec as InputSpec
    from whit.layers import Layer as Layer
    from whit.layers.shapes import KerasTensor as KerasTensor
    from whit.losses import Loss as Loss
    from whit.metrics import Metric as Metric
    from whit.models import Model as Model
    from whit.models import Sequential as Sequential
    from whit.optimizers import Optimizer as Optimizer
    from whit.regularizers import Regularizer as Regularizer
    from whit.transforms import grad as grad
    from whit.transforms import jit as jit
    from whit.transforms import value_and_grad as value_and_grad
    from whit.variables import Variable as Variable
