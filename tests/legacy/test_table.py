"""Every row of the table: an old snippet, and what it means today.

Most rows say that two expressions are one; these are in `SAME`, and both sides are evaluated and
compared. The last test fails when a row of the table has no snippet.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest

import whit
from whit.legacy import journal, table
from whit.legacy.apply import find
from whit.legacy.rows import Module

# What snippets may use without importing it.
WORLD = """
import numpy as np
import keras
import tensorflow as tf
from keras import backend as K
from keras.layers import *
from keras.models import Sequential
from keras.optimizers import SGD, Adam, Adagrad, Adadelta, Adamax, Nadam, RMSprop
"""

# old expression, today's expression: equal objects, by value or by config
SAME = [
    ("Dense(output_dim=3)", "Dense(units=3)"),
    ("Dense(3, init='normal')", "Dense(3, kernel_initializer='normal')"),
    (
        "Dense(3, init='orthogonal')",
        "Dense(3, kernel_initializer=keras.initializers.Orthogonal(gain=1.1))",
    ),
    ("Dense(3, W_regularizer='l2')", "Dense(3, kernel_regularizer='l2')"),
    ("Dense(3, b_regularizer='l1')", "Dense(3, bias_regularizer='l1')"),
    ("Dense(3, W_constraint='maxnorm')", "Dense(3, kernel_constraint='max_norm')"),
    ("Dense(3, b_constraint='nonneg')", "Dense(3, bias_constraint='non_neg')"),
    ("Dense(3, bias=False)", "Dense(3, use_bias=False)"),
    ("Dense(4, 3)", "Dense(3, input_dim=4)"),
    (
        "Dense(4, 3, 'uniform', 'tanh')",
        "Dense(3, 'tanh', kernel_initializer='uniform', input_dim=4)",
    ),
    ("Dense(3, 'normal')", "Dense(3, kernel_initializer='normal')"),
    ("Dense(3, 'zero', 'relu')", "Dense(3, 'relu', kernel_initializer='zeros')"),
    ("Dense(3, 'relu')", "Dense(3, activation='relu')"),
    ("Dropout(p=0.3)", "Dropout(0.3)"),
    ("Reshape(dims=(2, 3))", "Reshape((2, 3))"),
    ("Reshape(1, 2, 3)", "Reshape((1, 2, 3))"),
    ("LeakyReLU(alpha=0.1)", "LeakyReLU(negative_slope=0.1)"),
    ("PReLU(init='one')", "PReLU(alpha_initializer='ones')"),
    ("keras.regularizers.l1(l=0.2)", "keras.regularizers.L1(0.2)"),
    ("keras.regularizers.l2(l=0.2)", "keras.regularizers.L2(0.2)"),
    ("keras.regularizers.l1l2(l1=0.1, l2=0.2)", "keras.regularizers.L1L2(0.1, 0.2)"),
    ("keras.regularizers.activity_l1(0.1)", "keras.regularizers.L1L2(l1=0.1)"),
    ("keras.regularizers.activity_l2(0.1)", "keras.regularizers.L1L2(l2=0.1)"),
    ("keras.regularizers.activity_l1l2()", "keras.regularizers.L1L2(0.01, 0.01)"),
    ("keras.regularizers.WeightRegularizer(l1=0.3)", "keras.regularizers.L1L2(l1=0.3)"),
    ("keras.regularizers.ActivityRegularizer(l2=0.3)", "keras.regularizers.L1L2(l2=0.3)"),
    ("keras.constraints.maxnorm(m=3)", "keras.constraints.MaxNorm(3)"),
    ("keras.constraints.nonneg()", "keras.constraints.NonNeg()"),
    ("keras.constraints.unitnorm()", "keras.constraints.UnitNorm()"),
    ("keras.utils.np_utils.to_categorical([0, 2], nb_classes=4)", "np.eye(4)[[0, 2]]"),
    ("keras.utils.np_utils.probas_to_classes(np.array([[.1, .9], [.6, .4]]))", "np.array([1, 0])"),
    ("keras.utils.np_utils.probas_to_classes(np.array([[.7], [.2]]))", "np.array([1, 0])"),
    ("keras.utils.np_utils.categorical_probas_to_classes(np.eye(3))", "np.arange(3)"),
    ("SGD(lr=0.1, momentum=0.9)", "SGD(0.1, momentum=0.9)"),
    ("Adam(lr=0.1, epsilon=None)", "Adam(0.1)"),
    ("Adam(epsilon=1e-3)", "Adam(epsilon=0.001)"),
    ("keras.optimizers.adam(lr=0.1)", "Adam(0.1)"),
    ("Adadelta(decay=0.0)", "Adadelta(1.0)"),
    ("Adadelta(lr=0.5, decay=0.0)", "Adadelta(0.5)"),
    ("Adadelta(rho=0.95)", "Adadelta(0.001)"),
    ("Adagrad(decay=0.0)", "Adagrad(0.01)"),
    ("Adamax(decay=0.0)", "Adamax(0.002)"),
    ("Nadam(lr=0.1, schedule_decay=0.004)", "Nadam(0.1)"),
    ("keras.callbacks.ReduceLROnPlateau(epsilon=0.3).min_delta", "0.3"),
    ("keras.objectives.mse([[1.]], [[3.]])", "np.array([4.])"),
    ("keras.objectives.cosine_proximity([[1., 0.]], [[1., 0.]])", "np.array([-1.])"),
    ("keras.losses.cosine_proximity([[1., 0.]], [[1., 0.]])", "np.array([-1.])"),
    ("keras.utils.multi_gpu_model('the model', gpus=2)", "'the model'"),
    ("tf.config.list_physical_devices('GPU')", "[]"),
    ("len(tf.config.experimental.list_physical_devices())", "1"),
    ("tf.config.experimental.set_memory_growth('gpu', True)", "None"),
    ("tf.config.experimental.enable_op_determinism()", "None"),
    ("tf.test.is_gpu_available(), tf.test.is_built_with_cuda()", "(False, False)"),
    ("tf.test.gpu_device_name()", "''"),
    ("tf.executing_eagerly()", "True"),
    ("tf.compat.v1.disable_eager_execution()", "None"),
    ("tf.compat.v1.enable_eager_execution()", "None"),
    ("tf.compat.v1.disable_v2_behavior()", "None"),
    ("tf.get_logger().name", "'tensorflow'"),
    ("tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)", "None"),
    ("(tf.logging.DEBUG, tf.logging.INFO, tf.logging.WARN)", "('DEBUG', 'INFO', 'WARN')"),
    ("tf.Variable([1., 2.]).numpy()", "np.array([1., 2.])"),
    ("tf.random.uniform((2,), 3., 4., seed=1)", "keras.random.uniform((2,), 3., 4., seed=1)"),
    ("tf.random.normal((2,), seed=1)", "keras.random.normal((2,), seed=1)"),
    ("tf.reduce_mean([[1., 2.], [5., 6.]], axis=0)", "np.array([3., 4.])"),
    ("tf.cast([1.7], tf.int32)", "np.array([1])"),
    ("K.get_value(keras.initializations.one((2,)))", "np.ones(2)"),
    ("K.get_value(keras.initializations.zero((2,), name='b'))", "np.zeros(2)"),
    ("K.get_value(keras.initializations.identity((2, 2), scale=3.))", "3 * np.eye(2)"),
    ("K.get_value(keras.initializations.normal((2, 9), scale=0.)).sum()", "0.0"),
    ("np.abs(K.get_value(keras.initializations.uniform((9, 9), 0.5))).max() <= 0.5", "True"),
    ("K.get_value(keras.initializations.orthogonal((3, 3), 2.)).shape", "(3, 3)"),
    ("K.int_shape(keras.initializations.glorot_normal((3, 4)))", "(3, 4)"),
    ("K.int_shape(keras.initializations.glorot_uniform((3, 4)))", "(3, 4)"),
    ("K.int_shape(keras.initializations.he_normal((3, 4)))", "(3, 4)"),
    ("K.int_shape(keras.initializations.he_uniform((3, 4)))", "(3, 4)"),
    ("K.int_shape(keras.initializations.lecun_uniform((3, 4)))", "(3, 4)"),
]


def evaluate(expression: str) -> Any:
    """The value of an expression in an old program."""
    world: dict[str, Any] = {}
    exec(compile(WORLD, "program.py", "exec"), world)
    return eval(compile(expression, "program.py", "eval"), world)


def plain(value: Any) -> Any:
    """What of a value is compared: an object's class and config without names."""
    if not hasattr(value, "get_config"):
        return value
    config = {k: plain(v) for k, v in value.get_config().items() if k != "name"}
    return type(value).__name__, config


@pytest.mark.parametrize(("before", "today"), SAME)
def test_old_and_new_are_one(old: None, before: str, today: str) -> None:
    first, second = plain(evaluate(before)), plain(evaluate(today))
    if isinstance(second, np.ndarray):
        np.testing.assert_allclose(first, second, rtol=1e-6)
    else:
        assert first == second


@pytest.mark.parametrize("row", table.MODULES, ids=lambda row: row.key)
def test_old_module_has_the_names_of_todays(old: None, row: Module) -> None:
    stand_in = import_module(row.key)
    todays = import_module(f"whit.{row.new[-1]}")
    for name in [
        n for n in todays.__all__ if f"{row.old}.{n}" not in {m.old for m in table.MODULES}
    ]:
        assert getattr(stand_in, name) is not None
    assert set(todays.__all__) <= set(dir(stand_in))
    assert row.old == "backend" or row.key in {use.row.key for use in journal.uses()}


@pytest.mark.parametrize("row", table.NAMES, ids=lambda row: row.key)
def test_old_name_is_todays(old: None, row: Any) -> None:
    value = getattr(import_module(row.module), row.old)
    todays = find(row.new) if row.new else row.value
    assert value is todays or value.__wrapped__ is todays


@pytest.mark.parametrize("root", table.ROOTS)
def test_every_root_has_the_same_layers(old: None, root: str) -> None:
    assert import_module(root).layers.Dense is whit.layers.Dense
    assert import_module(f"{root}.layers").Dense is whit.layers.Dense


@pytest.mark.parametrize("row", table.GONE, ids=lambda row: row.key)
def test_what_is_gone_says_what_to_do(old: None, row: Any) -> None:
    with pytest.raises(ImportError) as imported:
        exec(f"from {row.module} import {row.old}", {})
    with pytest.raises(AttributeError) as looked_up:
        getattr(import_module(row.module), row.old)
    for caught in (imported, looked_up):
        assert row.instead in str(caught.value)


def test_every_row_has_a_snippet(old: None) -> None:
    """Rows about calls: those that `SAME` used, and those that tests of their own are about."""
    tested_elsewhere = {
        "Layer(weights=…)",
        'add_weight("kernel", shape)',
        "compile(class_mode=…)",
        "compile(theano_mode=…)",
        "compile(sample_weight_mode=…)",
        "compile(loss='cosine_proximity')",
        *(f"fit({name}=…)" for name in ("nb_epoch", "show_accuracy")),
        *(f"fit({name}=…)" for name in ("workers", "use_multiprocessing", "max_queue_size")),
        "evaluate(show_accuracy=…)",
        "train_on_batch(accuracy=…)",
        "test_on_batch(accuracy=…)",
        *(row.key for row in table.ARGUMENTS if "_generator" in row.owner),
        *(row.key for row in (*table.MEMBERS, *table.HOOKS)),
    }
    for before, _ in SAME:
        evaluate(before)
    used = {use.row.key for use in journal.uses()}
    rows = [*table.ARGUMENTS, *table.VALUES, *table.POSITIONS, *table.MEMBERS, *table.HOOKS]
    missing = {row.key for row in rows} - used - tested_elsewhere
    assert not missing
    assert not tested_elsewhere & used
