"""The exact messages of Keras for the mistakes people make, for reference.

`errors.json` maps each mistake to the code that makes it, the error's class and its text. whit
says more in its own words; these show which mistakes Keras catches, and where it is silent.
"""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from typing import Any

import keras

from .programs import HEADER
from .store import save_json

MODEL = """\
model = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="softmax")])
model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
"""
SPARSE = MODEL.replace("categorical", "sparse_categorical")

MISTAKES: dict[str, str] = {
    "fit_before_compile": "keras.Sequential([layers.Dense(3)]).fit(x, y, verbose=0)",
    "evaluate_before_compile": "keras.Sequential([layers.Dense(3)]).evaluate(x, y, verbose=0)",
    "compile_without_loss": "m = keras.Sequential([layers.Dense(3)]); m.compile('sgd')\n"
    "m.fit(x, y, verbose=0)",
    "wrong_width": MODEL + "model.fit(x[:, :3], y, verbose=0)",
    "wrong_width_predict": MODEL + "model.predict(x[:, :3], verbose=0)",
    "wrong_width_call": MODEL + "model(x[:, :3])",
    "one_sample_without_batch": MODEL + "model.predict(x[0], verbose=0)",
    "extra_axis": MODEL + "model.predict(x[None, None], verbose=0)",
    "integer_labels_categorical": MODEL + "model.fit(x, np.arange(10) % 3, verbose=0)",
    "one_hot_with_sparse": SPARSE + "model.fit(x, y, verbose=0)",
    "label_out_of_range": SPARSE + "print(model.fit(x, np.arange(10), verbose=0).history)",
    "label_negative": SPARSE + "print(model.fit(x, np.arange(10) - 5, verbose=0).history)",
    "wrong_target_width": MODEL + "model.fit(x, y[:, :2], verbose=0)",
    "flat_target_mse": "m = keras.Sequential([layers.Dense(1)]); m.compile('sgd', 'mse')\n"
    "print(m.fit(x, x[:, 0], verbose=0).history.keys())",
    "nan_input": MODEL + "print(model.fit(x * np.nan, y, verbose=0).history)",
    "mismatched_lengths": MODEL + "model.fit(x, y[:-1], verbose=0)",
    "mismatched_sample_weight": MODEL + "model.fit(x, y, sample_weight=np.ones(3), verbose=0)",
    "empty_fit": MODEL + "model.fit(x[:0], y[:0], verbose=0)",
    "empty_evaluate": MODEL + "model.evaluate(x[:0], y[:0], verbose=0)",
    "empty_predict": MODEL + "print(model.predict(x[:0], verbose=0))",
    "missing_y": MODEL + "model.fit(x, verbose=0)",
    "string_data": MODEL + "model.fit(np.array([['a'] * 4] * 10), y, verbose=0)",
    "object_data": MODEL + "model.fit(np.array([[None] * 4] * 10), y, verbose=0)",
    "list_data": MODEL + "model.fit(x.tolist(), y.tolist(), verbose=0)",
    "unknown_optimizer": "keras.Sequential([layers.Dense(3)]).compile('adm', 'mse')",
    "unknown_loss": "keras.Sequential([layers.Dense(3)]).compile('sgd', 'msee')",
    "unknown_metric": MODEL + "model.compile('sgd', 'mse', metrics=['acuracy'])\n"
    "model.fit(x, y, verbose=0)",
    "metrics_as_string": MODEL + "model.compile('sgd', 'mse', metrics='accuracy')\n"
    "print(model.fit(x, y, verbose=0).history.keys())",
    "unknown_activation": "layers.Dense(3, activation='rel')",
    "unknown_initializer": "layers.Dense(3, kernel_initializer='gloro')",
    "unknown_regularizer": "layers.Dense(3, kernel_regularizer='l3')",
    "unknown_constraint": "layers.Dense(3, kernel_constraint='nonneg')",
    "unknown_layer_argument": "layers.Dense(3, activaton='relu')",
    "unknown_optimizer_argument": "keras.optimizers.Adam(lrr=0.1)",
    "old_lr_argument": "keras.optimizers.Adam(lr=0.1)",
    "unknown_fit_argument": MODEL + "model.fit(x, y, nb_epoch=2)",
    "units_zero": "layers.Dense(0)",
    "units_negative": "layers.Dense(-3)",
    "units_float": "layers.Dense(2.5)",
    "units_string": "layers.Dense('3')",
    "dropout_rate": "layers.Dropout(1.5)",
    "dropout_negative": "layers.Dropout(-0.1)",
    "reshape_mismatch": "keras.Sequential([keras.Input((4,)), layers.Reshape((3, 2))])",
    "reshape_two_unknown": "keras.Sequential([keras.Input((4,)), layers.Reshape((-1, -1))])",
    "add_not_a_layer": "keras.Sequential().add(3)",
    "add_class": "keras.Sequential().add(layers.Dense)",
    "same_layer_name": "keras.Sequential([keras.Input((4,)), layers.Dense(3, name='a'), "
    "layers.Dense(3, name='a')])",
    "pop_empty": "keras.Sequential().pop()",
    "unbuilt_weights": "print(keras.Sequential([layers.Dense(3)]).weights)",
    "unbuilt_get_weights": "print(keras.Sequential([layers.Dense(3)]).get_weights())",
    "unbuilt_count_params": "keras.Sequential([layers.Dense(3)]).count_params()",
    "unbuilt_layer_count_params": "layers.Dense(3).count_params()",
    "unbuilt_output_shape": "keras.Sequential([layers.Dense(3)]).output_shape",
    "unbuilt_set_weights": "keras.Sequential([layers.Dense(3)]).set_weights([x])",
    "set_weights_count": MODEL + "model.set_weights([kernel])",
    "set_weights_shape": MODEL + "model.set_weights([kernel.T, np.zeros(3)])",
    "get_layer_name": MODEL + "model.get_layer('nope')",
    "get_layer_index": MODEL + "model.get_layer(index=5)",
    "get_layer_nothing": MODEL + "model.get_layer()",
    "dense_scalar_input": "layers.Dense(3)(np.float32(1))",
    "dense_unknown_last": "layers.Dense(3)(keras.Input((None,)))",
    "built_then_other_width": "d = layers.Dense(3); d(x); d(x[:, :2])",
    "negative_batch_size": MODEL + "model.fit(x, y, batch_size=-1, verbose=0)",
    "zero_batch_size": MODEL + "model.fit(x, y, batch_size=0, verbose=0)",
    "zero_epochs": MODEL + "print(model.fit(x, y, epochs=0, verbose=0).history)",
    "validation_split_one": MODEL + "model.fit(x, y, validation_split=1.0, verbose=0)",
    "validation_split_tiny": MODEL + "model.fit(x, y, validation_split=0.01, verbose=0)",
    "validation_data_one": MODEL + "model.fit(x, y, validation_data=(x,), verbose=0)",
    "class_weight_missing": MODEL + "print(model.fit(x, y, class_weight={0: 1.0}, verbose=0)"
    ".history)",
    "class_weight_and_sample_weight": MODEL + "print(model.fit(x, y, class_weight={0: 1., 1: 1., "
    "2: 1.}, sample_weight=np.ones(10), verbose=0).history.keys())",
    "class_weight_out_of_range": SPARSE + "model.fit(x, np.arange(10) % 3, "
    "class_weight={0: 1., 5: 2.}, verbose=0)",
    "steps_too_many": MODEL + "print(model.fit(x, y, steps_per_epoch=100, verbose=0).history)",
    "loss_shape_mismatch": "keras.losses.MeanSquaredError()(np.ones((3, 2)), np.ones((3, 4)))",
    "loss_reduction_unknown": "keras.losses.MeanSquaredError(reduction='average')",
    "categorical_loss_on_scalar_output": "m = keras.Sequential([layers.Dense(1)])\n"
    "m.compile('sgd', 'categorical_crossentropy'); m.fit(x, x[:, :1], verbose=0)",
    "accuracy_shape_mismatch": "keras.metrics.CategoricalAccuracy()(np.ones((3, 2)), "
    "np.ones((3, 4)))",
    "constant_initializer_shape": "keras.initializers.Identity()((2, 3, 4))",
    "orthogonal_1d": "keras.initializers.Orthogonal()((3,))",
    "variance_scaling_mode": "keras.initializers.VarianceScaling(mode='fan')",
    "variance_scaling_scale": "keras.initializers.VarianceScaling(scale=-1)",
    "variance_scaling_distribution": "keras.initializers.VarianceScaling(distribution='gamma')",
    "two_clips": "keras.optimizers.SGD(clipnorm=1.0, clipvalue=0.5)",
    "momentum_range": "keras.optimizers.SGD(momentum=1.5)",
    "ema_momentum_range": "keras.optimizers.SGD(use_ema=True, ema_momentum=2.0)",
    "piecewise_lengths": "keras.optimizers.schedules.PiecewiseConstantDecay([1, 2], [0.1])",
    "learning_rate_of_schedule": "o = keras.optimizers.SGD(keras.optimizers.schedules."
    "ExponentialDecay(0.1, 1, 0.5)); o.learning_rate = 0.2",
    "optimizer_unknown_variable": "a, b = keras.Variable(x), keras.Variable(x)\n"
    "o = keras.optimizers.SGD(); o.build([a]); o.apply([x], [b])",
    "optimizer_none_gradients": "a = keras.Variable(x)\no = keras.optimizers.SGD()\n"
    "o.apply([None], [a])",
    "early_stopping_missing_monitor": MODEL + "model.fit(x, y, verbose=0, "
    "callbacks=[keras.callbacks.EarlyStopping('val_loss')])",
    "early_stopping_mode": "keras.callbacks.EarlyStopping(mode='up')",
    "not_a_callback": MODEL + "model.fit(x, y, verbose=0, callbacks=[3])",
    "normalization_not_adapted": "print(layers.Normalization()(x)[0])",
    "normalization_mean_only": "layers.Normalization(mean=1.0)",
    "relu_arguments": "keras.activations.relu(x, negative_slope=-1)",
    "leaky_relu_none": "keras.layers.LeakyReLU(negative_slope=None)",
    "to_categorical_range": "keras.utils.to_categorical([0, 1, 5], 3)",
    "ops_shape_mismatch": "keras.ops.matmul(np.ones((2, 3)), np.ones((4, 5)))",
    "ops_broadcast_mismatch": "keras.ops.add(np.ones((2, 3)), np.ones((4, 5)))",
    "ops_reshape_mismatch": "keras.ops.reshape(np.ones((2, 3)), (4, 5))",
    "symbolic_to_numpy": "np.array(keras.Input((3,)))",
    "symbolic_bool": "bool(keras.Input((3,)) > 0)",
    "numpy_on_symbolic": "np.exp(keras.Input((3,)))",
    "variable_assign_shape": "keras.Variable(x).assign(np.ones(3))",
    "load_missing_file": "keras.models.load_model('missing.keras')",
    "save_bad_suffix": MODEL + "model.save('model.weights')",
}


def attempt(code: str) -> dict[str, Any]:
    """Run one mistake: its error, or what it printed where Keras lets it pass."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(1)
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            exec(compile(HEADER + code, "<mistake>", "exec"), {})
    except Exception as error:  # The record is of whatever Keras raises.
        return {"code": code, "error": type(error).__name__, "message": str(error)}
    return {"code": code, "error": None, "printed": printed.getvalue()}


def record() -> None:
    """Write `errors.json`."""
    mistakes = {name: attempt(code) for name, code in MISTAKES.items()}
    save_json("errors", {"header": HEADER, "mistakes": mistakes})
