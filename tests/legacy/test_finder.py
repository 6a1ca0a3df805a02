"""The stand-ins for `keras` and `tensorflow`: what they show and say, and that they go away."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import whit
from whit.legacy.finder import canonical, shadowing


@pytest.mark.parametrize(
    ("path", "meaning"),
    [
        ("keras", "keras"),
        ("keras.layers.core", "keras.layers.core"),
        ("tensorflow.keras", "keras"),
        ("tensorflow.python.keras.utils.np_utils", "keras.utils.np_utils"),
        ("tensorflow.compat.v1.keras.layers", "keras.layers"),
        ("tensorflow.compat.v1", "tensorflow"),
        ("tensorflow.compat.v1.logging", "tensorflow.logging"),
        ("tensorflow.random", "tensorflow.random"),
        ("kerastuner", "kerastuner"),
        ("tensorflow_datasets", "tensorflow_datasets"),
    ],
)
def test_canonical(path: str, meaning: str) -> None:
    assert canonical(path) == meaning


@pytest.mark.parametrize(
    "statement",
    [
        "import keras; assert keras.layers.Dense is Dense",
        "import keras.layers as layers; assert layers.Dense is Dense",
        "from keras.layers import *; assert Dense is whit.layers.Dense",
        "import tensorflow as tf; assert tf.keras.layers.Dense is Dense",
        "import tensorflow.keras as keras; assert keras.Sequential is whit.Sequential",
        "from tensorflow import keras; assert keras.Sequential is whit.Sequential",
        "from tensorflow.keras import layers; assert layers.Dense is Dense",
        "from tensorflow.keras.optimizers.schedules import CosineDecay",
        "from keras.optimizers.schedules import CosineDecay",
        "from keras.datasets import mnist; assert mnist.load_data is whit.datasets.mnist.load_data",
        "import tensorflow.compat.v1 as tf; tf.disable_v2_behavior(); assert tf.keras.layers.Dense",
        "from tensorflow.python.keras.engine.topology import Layer; assert Layer is whit.Layer",
        "import keras; assert keras.utils.np_utils.to_categorical and keras.callbacks.History",
        "import keras; assert keras.__version__[0] == '3' and not hasattr(keras, 'Kernels')",
        "import tensorflow as tf; assert int(tf.__version__.split('.')[0]) >= 2",
        "import keras; assert 'Dense' in dir(keras.layers) and 'np_utils' not in dir(keras.layers)",
    ],
)
def test_import(old: None, statement: str) -> None:
    exec(statement, {"whit": whit, "Dense": whit.layers.Dense})


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "from keras.layers import Densee",
            "keras.layers has no name 'Densee' in whit .* Did you mean \"Dense\"",
        ),
        ("import keras; keras.optimizers.Adan", "keras.optimizers has no name 'Adan' .*\"Adam\""),
        ("import keras.layerz", "keras has no name 'layerz' in whit .* Did you mean \"layers\""),
        ("from tensorflow.keras.losess import mse", 'tensorflow.keras has no name .*"losses"'),
        ("import tensorflow as tf; tf.reduce_meann", 'tensorflow has no name .*"reduce_mean"'),
        ("from keras import backend as K; K.logaddexp", "Today it is keras.ops.logaddexp"),
        ("import keras; keras.layers.core()", "the module keras.layers.core cannot be called"),
        ("import keras.engines", "keras has no name 'engines'"),
    ],
)
def test_a_name_that_is_not_there(old: None, statement: str, message: str) -> None:
    with pytest.raises((ImportError, AttributeError, TypeError), match=message):
        exec(statement, {})


def test_nothing_is_left_installed() -> None:
    before = sys.meta_path[:]
    with shadowing():
        assert isinstance(import_module("keras.layers"), ModuleType)
        assert len(sys.meta_path) == len(before) + 1
    assert sys.meta_path == before
    assert not [n for n in sys.modules if n.partition(".")[0] in ("keras", "tensorflow")]


def test_an_installed_keras_is_shadowed_and_comes_back(tmp_path: Path) -> None:
    (tmp_path / "keras.py").write_text("WHO = 'the real one'\n")
    code = (
        "import keras\n"
        "from whit.legacy.finder import shadowing\n"
        "with shadowing():\n"
        "    import keras as stand_in\n"
        "    assert not hasattr(stand_in, 'WHO')\n"
        "    assert stand_in.layers.Dense\n"
        "import keras as again\n"
        "assert again is keras and again.WHO == 'the real one'\n"
    )
    subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{code}"],
        check=True,
    )


def test_the_backend_in_old_words(old: None) -> None:
    from keras import backend as K  # type: ignore[import-not-found]

    assert K.image_dim_ordering() == "tf"
    K.set_image_dim_ordering("th")
    assert K.image_data_format() == "channels_first"
    with pytest.raises(ValueError, match=r"expected 'tf' or 'th'.*set_image_data_format"):
        K.set_image_dim_ordering("channels_last")
    v = K.variable([[1.0, 2.0]])
    K.set_value(v, [[3.0, 4.0]])
    assert K.get_value(K.sum(v)) == 7 and K.int_shape(v) == (1, 2) and K.ndim(v) == 2
    assert K.floatx() == "float32" and K.epsilon() == 1e-7 and K.learning_phase() == 0
    K.clear_session()
    assert whit.layers.Dense(1).name == "dense"
