"""The networks, `compile` and `fit` arguments of the training record: values, no code.

Arrays are named as in `training.make_data`; regularizers and callbacks are `[class, arguments]`.
"""

from __future__ import annotations

from typing import Any

Case = dict[str, Any]

SGD = ["SGD", {"learning_rate": 0.1}]
ADAM = ["Adam", {"learning_rate": 0.01}]
CLASSIFIER: list[Any] = [["Dense", {"units": 5, "activation": "relu"}],
                         ["Dense", {"units": 3, "activation": "softmax"}]]  # fmt: skip
REGRESSOR: list[Any] = [["Dense", {"units": 6, "activation": "tanh"}], ["Dense", {"units": 2}]]
DETECTOR: list[Any] = [["Dense", {"units": 4, "activation": "relu"}],
                       ["Dense", {"units": 1, "activation": "sigmoid"}]]  # fmt: skip

CATEGORICAL: Case = {"loss": "categorical_crossentropy", "metrics": ["accuracy"]}
SPARSE: Case = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
FIT: Case = {"x": "x", "y": "one_hot", "batch_size": 8, "epochs": 3}
VALIDATION = ["x_val", "one_hot_val"]


def classifier(compiled: Case, fit: Case, layers: list[Any] = CLASSIFIER) -> Case:
    """A classifier trained with SGD unless told otherwise."""
    return {"layers": layers, "compile": {"optimizer": SGD} | CATEGORICAL | compiled,
            "fit": FIT | fit}  # fmt: skip


def regressor(compiled: Case, fit: Case, layers: list[Any] = REGRESSOR) -> Case:
    """A regression trained with SGD on the mean squared error unless told otherwise."""
    return {"layers": layers, "compile": {"optimizer": SGD, "loss": "mse"} | compiled,
            "fit": FIT | {"y": "target"} | fit}  # fmt: skip


LOSSES_AND_METRICS: dict[str, Case] = {
    "classifier_sgd": classifier({}, {}),
    "classifier_adam": classifier({"optimizer": ADAM}, {}),
    "classifier_whole_batches": classifier({}, {"batch_size": 23}),
    "classifier_default_batch": classifier({}, {"batch_size": None}),
    "classifier_sparse": classifier(SPARSE, {"y": "labels"}),
    "classifier_sparse_column": classifier(SPARSE, {"y": "labels_column"}),
    "classifier_two_metrics": classifier(
        {"metrics": ["categorical_accuracy", "top_k_categorical_accuracy", "mse"]}, {}),
    "classifier_acc_alias": classifier({"metrics": ["acc"]}, {}),
    "classifier_crossentropy": classifier({"loss": "crossentropy"}, {}),
    "classifier_sparse_crossentropy": classifier(
        {"loss": "crossentropy", "metrics": ["sparse_categorical_crossentropy", "acc"]},
        {"y": "labels"}),
    "detector_crossentropy": {"layers": DETECTOR, "compile": {"optimizer": SGD, "loss": "ce"},
                              "fit": FIT | {"y": "bits"}},
    "classifier_mse_loss": classifier({"loss": "mse"}, {}),
    "classifier_three_layers": classifier(
        {}, {}, [["Dense", {"units": 6, "activation": "sigmoid"}],
                 ["Dense", {"units": 5, "activation": "tanh"}],
                 ["Dense", {"units": 3}], ["Activation", {"activation": "softmax"}]]),
    "detector": {"layers": DETECTOR, "compile": {"optimizer": SGD, "loss": "binary_crossentropy",
                 "metrics": ["accuracy", "binary_crossentropy"]}, "fit": FIT | {"y": "bits"}},
    "regressor": regressor({"metrics": ["mae"]}, {}),
    "regressor_momentum": regressor(
        {"optimizer": ["SGD", {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}]}, {}),
    "regressor_rmsprop": regressor({"optimizer": ["RMSprop", {"learning_rate": 0.01}]}, {}),
    "regressor_huber": regressor({"loss": "huber", "metrics": ["mse", "mae"]}, {}),
    "regressor_list_of_loss": regressor({"loss": ["mse"], "metrics": [["mae"]]}, {}),
    "regressor_loss_weights": regressor({"loss_weights": [0.5]}, {}),
    "regressor_flat_target": regressor(
        {"metrics": ["mae"]}, {"y": "target_flat"},
        [["Dense", {"units": 6, "activation": "tanh"}], ["Dense", {"units": 1}]]),
    "no_loss": {"layers": [["Dense", {"units": 3, "activity_regularizer": ["L2", {"l2": 0.1}]}]],
                "compile": {"optimizer": SGD}, "fit": FIT},
}  # fmt: skip

WEIGHTS: dict[str, Case] = {
    "regressor_sample_weight": regressor({"metrics": ["mae"]}, {"sample_weight": "weights"}),
    "regressor_weighted_metrics": regressor(
        {"metrics": ["mae"], "weighted_metrics": ["mse", "mae"]}, {"sample_weight": "weights"}
    ),
    "classifier_class_weight": classifier({}, {"class_weight": {"0": 1.0, "1": 2.0, "2": 0.5}}),
    "classifier_class_weight_sparse": classifier(
        SPARSE, {"y": "labels", "class_weight": {"0": 1.0, "1": 2.0, "2": 0.5}}
    ),
    "classifier_class_weight_partial": classifier(
        SPARSE | {"weighted_metrics": ["accuracy"]}, {"y": "labels", "class_weight": {"1": 3.0}}
    ),
    "classifier_sample_weight_validation": classifier(
        {"weighted_metrics": ["accuracy"]},
        {"sample_weight": "weights", "validation_data": [*VALIDATION, "weights_val"]},
    ),
}

VALIDATIONS: dict[str, Case] = {
    "classifier_validation_data": classifier({}, {"validation_data": VALIDATION}),
    "classifier_validation_batch_size": classifier(
        {}, {"validation_data": VALIDATION, "validation_batch_size": 4}
    ),
    "classifier_validation_split": classifier({}, {"validation_split": 0.3}),
    "regressor_validation_split_weights": regressor(
        {"metrics": ["mae"]}, {"validation_split": 0.25, "sample_weight": "weights"}
    ),
    "classifier_validation_freq": classifier(
        {}, {"validation_data": VALIDATION, "validation_freq": 2, "epochs": 4}
    ),
    "classifier_validation_freq_list": classifier(
        {}, {"validation_data": VALIDATION, "validation_freq": [1, 3], "epochs": 4}
    ),
    "classifier_validation_steps": classifier(
        {}, {"validation_data": VALIDATION, "validation_steps": 1, "validation_batch_size": 4}
    ),
    "classifier_steps_per_epoch": classifier({}, {"steps_per_epoch": 2}),
    "classifier_initial_epoch": classifier({}, {"epochs": 4, "initial_epoch": 2}),
    "classifier_steps_per_execution": classifier({"steps_per_execution": 2}, {}),
}

L2 = ["L2", {"l2": 0.05}]
L1 = ["L1", {"l1": 0.02}]
LAYERS: dict[str, Case] = {
    "kernel_regularizer": regressor(
        {"metrics": ["mae", "mse"]}, {"validation_data": ["x_val", "target_val"]},
        [["Dense", {"units": 6, "activation": "tanh", "kernel_regularizer": L2}],
         ["Dense", {"units": 2, "kernel_regularizer": L1, "bias_regularizer": L2}]]),
    "activity_regularizer": regressor(
        {"metrics": ["mse"]}, {},
        [["Dense", {"units": 6, "activation": "tanh", "activity_regularizer": L2}],
         ["Dense", {"units": 2}]]),
    "regularizer_and_sample_weight": regressor(
        {"weighted_metrics": ["mse"]}, {"sample_weight": "weights"},
        [["Dense", {"units": 6, "activation": "tanh", "kernel_regularizer": "l2"}],
         ["Dense", {"units": 2, "activity_regularizer": "l1"}]]),
    "constraints": regressor(
        {}, {}, [["Dense", {"units": 6, "activation": "tanh", "kernel_constraint": "max_norm"}],
                 ["Dense", {"units": 2, "kernel_constraint": "unit_norm",
                            "bias_constraint": "non_neg"}]]),
    "dropout_zero": classifier({}, {}, [CLASSIFIER[0], ["Dropout", {"rate": 0.0}], CLASSIFIER[1]]),
    "frozen_layer": classifier({}, {}, [["Dense", {"units": 5, "activation": "relu",
                                                   "trainable": False}], CLASSIFIER[1]]),
    "images": {"input_shape": [2, 2],
               "layers": [["Rescaling", {"scale": 1 / 255}], ["Flatten", {}], *CLASSIFIER],
               "compile": {"optimizer": SGD} | SPARSE,
               "fit": FIT | {"x": "images", "y": "labels"}},
    "reshape_head": {"layers": [["Dense", {"units": 6}], ["Reshape", {"target_shape": [3, 2]}],
                                ["Flatten", {}], ["Dense", {"units": 2}]],
                     "compile": {"optimizer": SGD, "loss": "mae"}, "fit": FIT | {"y": "target"}},
}  # fmt: skip

OPTIMIZERS: dict[str, Case] = {
    "adamw_clipnorm": classifier(
        {"optimizer": ["AdamW", {"learning_rate": 0.05, "weight_decay": 0.1, "clipnorm": 0.1}]},
        {}),
    "adam_global_clipnorm": classifier(
        {"optimizer": ["Adam", {"learning_rate": 0.05, "global_clipnorm": 0.1}]}, {}),
    "sgd_ema": classifier(
        {"optimizer": ["SGD", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.9,
                               "ema_overwrite_frequency": 4}]}, {"epochs": 4}),
    "sgd_ema_at_end": classifier(
        {"optimizer": ["SGD", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.9}]}, {}),
    "sgd_accumulation": classifier(
        {"optimizer": ["SGD", {"learning_rate": 0.1, "gradient_accumulation_steps": 2}]}, {}),
}  # fmt: skip

CALLBACKS: dict[str, Case] = {
    "early_stopping": regressor(
        {}, {"epochs": 10, "validation_data": ["x_val", "target_val"],
             "callbacks": [["EarlyStopping", {"min_delta": 0.05, "patience": 1,
                                              "restore_best_weights": True}]]}),
    "reduce_on_plateau": regressor(
        {}, {"epochs": 6, "callbacks": [["ReduceLROnPlateau", {
            "monitor": "loss", "min_delta": 0.1, "patience": 1, "factor": 0.3, "cooldown": 1,
            "min_lr": 0.005}]]}),
    "scheduler": regressor({}, {"callbacks": [["halve", {}]]}),
    "terminate_on_nan": regressor(
        {"optimizer": ["SGD", {"learning_rate": 1e20}]},
        {"epochs": 5, "callbacks": [["TerminateOnNaN", {}]]}),
}  # fmt: skip

CASES: dict[str, Case] = {
    **LOSSES_AND_METRICS, **WEIGHTS, **VALIDATIONS, **LAYERS, **OPTIMIZERS, **CALLBACKS,
}  # fmt: skip
