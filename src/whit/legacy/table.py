"""The one table of old names: what programs for Keras 0, 1, 2 and tf.keras say, and what it is now.

Everything that `whit run` and `whit.legacy.enable()` translate is a row here; `rules` holds what
rows do beyond renaming, `finder` and `apply` apply them. To teach whit another old name, add a row,
and to tests/legacy a snippet that shows its meaning.
"""

from __future__ import annotations

from whit.legacy import logs, rules
from whit.legacy.rows import (
    DROP,
    K0,
    K1,
    K2,
    TF1,
    TF2,
    Argument,
    Gone,
    Hook,
    Member,
    Module,
    Name,
    Position,
    Row,
    Value,
)

# ---- where `keras` is: a program's module path that begins so continues below `keras`
ROOTS = (
    "keras",
    "keras.api",
    "keras.api.keras",
    "keras.src",
    "keras._tf_keras.keras",
    "tf_keras",
    "tensorflow.keras",
    "tensorflow.compat.v1.keras",
    "tensorflow.compat.v2.keras",
    "tensorflow.python.keras",
    "tensorflow.contrib.keras",
    "tensorflow.contrib.keras.api.keras",
    "tensorflow.contrib.keras.python.keras",
)
# The same for `tensorflow` itself.
TENSORFLOW_ROOTS = ("tensorflow", "tensorflow.compat.v1", "tensorflow.compat.v2")

# What `__version__` says in a translated program: the versions whose behaviour whit follows.
VERSIONS = {"keras": "3.10.0", "tensorflow": "2.19.0"}


# ---- modules
def _modules(old: str, new: str, era: str) -> list[Module]:
    """Several old modules whose names are all in the same ones today."""
    return [Module(o, tuple(new.split()), era) for o in old.split()]


MODULES: list[Module] = [
    *_modules("backend backend.tensorflow_backend", "legacy.backend backend", K2),
    *_modules("utils.np_utils utils.generic_utils utils.layer_utils", "utils", K2),
    *_modules("utils.data_utils utils.vis_utils utils.io_utils", "utils", K2),
    *_modules("utils.visualize_util", "utils", K1),
    *_modules("layers.core layers.noise layers.normalization layers.embeddings", "layers", K2),
    *_modules("layers.convolutional layers.pooling layers.recurrent layers.local", "layers", K2),
    *_modules("layers.advanced_activations layers.merge layers.wrappers", "layers", K2),
    *_modules("layers.containers", "models layers", K0),
    *_modules("engine engine.topology engine.training engine.base_layer", "layers models", K2),
    *_modules("engine.input_layer engine.input_spec engine.network", "layers models", K2),
    *_modules("engine.sequential engine.functional", "models layers", K2),
    *_modules("objectives", "losses", K1),
    *_modules("initializations", "initializers", K1),
    *_modules("optimizers.legacy optimizers.experimental", "optimizers", TF2),
    Module("optimizers.adam", ("optimizers",), TF2, calls="Adam"),
    Module("optimizers.adamax", ("optimizers",), TF2, calls="Adamax"),
    Module("optimizers.adagrad", ("optimizers",), TF2, calls="Adagrad"),
    Module("optimizers.adadelta", ("optimizers",), TF2, calls="Adadelta"),
    Module("optimizers.nadam", ("optimizers",), TF2, calls="Nadam"),
    Module("optimizers.rmsprop", ("optimizers",), TF2, calls="RMSprop"),
    Module("optimizers.sgd", ("optimizers",), TF2, calls="SGD"),
    *_modules("optimizers.adam_v2 optimizers.adamax_v2 optimizers.adagrad_v2", "optimizers", K2),
    *_modules("optimizers.adadelta_v2 optimizers.nadam_v2 optimizers.rmsprop_v2", "optimizers", K2),
    *_modules("optimizers.gradient_descent_v2 optimizers.optimizer_v2", "optimizers", K2),
    *_modules("optimizer_v1 optimizer_v2 optimizer_v2.adam optimizer_v2.adamax", "optimizers", TF2),
    *_modules("optimizer_v2.adagrad optimizer_v2.adadelta optimizer_v2.nadam", "optimizers", TF2),
    *_modules("optimizer_v2.rmsprop optimizer_v2.gradient_descent", "optimizers", TF2),
    *_modules("callbacks.callbacks", "callbacks", K2),
]


# ---- names
def _math(module: str, era: str, **names: str) -> list[Name]:
    """Functions of an old module that are in `ops` today, as old="new"."""
    return [Name(module, old, f"ops.{new}", era) for old, new in names.items()]


NAMES: list[Name] = [
    Name("keras.objectives", "cosine_proximity", "losses.cosine_similarity", K1),
    Name("keras.losses", "cosine_proximity", "losses.cosine_similarity", K2),
    *(
        Name(
            "keras.initializations",
            old,
            "",
            K1,
            rules.old_initialization(*how),
            f"keras.initializers.{how[0]}",
        )
        for old, how in {
            "normal": ("RandomNormal", "stddev"),
            "uniform": ("RandomUniform", "minval"),
            "zero": ("Zeros",),
            "one": ("Ones",),
            "orthogonal": ("Orthogonal", "gain"),
            "identity": ("Identity", "gain"),
            "glorot_normal": ("GlorotNormal",),
            "glorot_uniform": ("GlorotUniform",),
            "he_normal": ("HeNormal",),
            "he_uniform": ("HeUniform",),
            "lecun_uniform": ("LecunUniform",),
        }.items()
    ),
    *(
        Name("keras.regularizers", old, "", K1, new, "keras.regularizers.L1L2")
        for old, new in {
            "WeightRegularizer": rules.weight_regularizer,
            "ActivityRegularizer": rules.weight_regularizer,
            "l1l2": rules.l1l2,
            "activity_l1": rules.activity_l1,
            "activity_l2": rules.activity_l2,
            "activity_l1l2": rules.l1l2,
        }.items()
    ),
    Name("keras.constraints", "maxnorm", "constraints.MaxNorm", K1),
    Name("keras.constraints", "nonneg", "constraints.NonNeg", K1),
    Name("keras.constraints", "unitnorm", "constraints.UnitNorm", K1),
    Name(
        "keras.utils", "probas_to_classes", "", K1, rules.probas_to_classes, "np.argmax(…, axis=-1)"
    ),
    Name(
        "keras.utils",
        "categorical_probas_to_classes",
        "",
        K1,
        rules.categorical_probas_to_classes,
        "np.argmax(…, axis=-1)",
    ),
    Name("keras.utils", "multi_gpu_model", "", K2, rules.same_model, "the model itself"),
    Name(
        "keras.utils.training_utils",
        "multi_gpu_model",
        "",
        K2,
        rules.same_model,
        "the model itself",
    ),
    # TensorFlow itself, as far as ordinary Keras programs use it
    Name("tensorflow", "set_random_seed", "utils.set_random_seed", TF1),
    Name("tensorflow.random", "set_seed", "utils.set_random_seed", TF2),
    Name("tensorflow.random", "set_random_seed", "utils.set_random_seed", TF1),
    Name("tensorflow.random", "uniform", "random.uniform", TF2),
    Name("tensorflow.random", "normal", "random.normal", TF2),
    Name(
        "tensorflow.config", "list_physical_devices", "", TF2, rules.devices, "the processor alone"
    ),
    Name(
        "tensorflow.config.experimental",
        "list_physical_devices",
        "",
        TF2,
        rules.devices,
        "the processor alone",
    ),
    Name(
        "tensorflow.config.experimental",
        "set_memory_growth",
        "",
        TF2,
        rules.nothing,
        "has no effect",
    ),
    Name(
        "tensorflow.config.experimental",
        "enable_op_determinism",
        "",
        TF2,
        rules.nothing,
        "always so",
    ),
    Name("tensorflow.test", "is_gpu_available", "", TF2, rules.false, "False"),
    Name("tensorflow.test", "is_built_with_cuda", "", TF2, rules.false, "False"),
    Name("tensorflow.test", "gpu_device_name", "", TF2, rules.no_name, '""'),
    Name("tensorflow", "executing_eagerly", "", TF2, rules.true, "True"),
    Name("tensorflow", "disable_v2_behavior", "", TF2, rules.nothing, "has no effect"),
    Name("tensorflow", "disable_eager_execution", "", TF2, rules.nothing, "has no effect"),
    Name("tensorflow", "enable_eager_execution", "", TF1, rules.nothing, "has no effect"),
    Name("tensorflow", "get_logger", "", TF2, rules.logger, 'logging.getLogger("tensorflow")'),
    Name("tensorflow.logging", "set_verbosity", "", TF1, rules.nothing, "has no effect"),
    *(
        Name("tensorflow.logging", n, "", TF1, n, "has no effect")
        for n in ("DEBUG", "INFO", "WARN", "ERROR")
    ),
    *(
        Name("tensorflow", name, "", TF2, name, f'"{name}"')
        for name in (
            "float32",
            "float64",
            "int8",
            "int16",
            "int32",
            "int64",
            "uint8",
            "uint32",
            "bool",
        )
    ),
    Name("tensorflow", "Variable", "Variable", TF2),
    *_math("tensorflow", TF2, constant="convert_to_tensor", convert_to_tensor="convert_to_tensor"),
    *_math("tensorflow", TF2, cast="cast", shape="shape", reshape="reshape", transpose="transpose"),
    *_math("tensorflow", TF2, concat="concatenate", stack="stack", squeeze="squeeze", tile="tile"),
    *_math("tensorflow", TF2, expand_dims="expand_dims", where="where", one_hot="one_hot"),
    *_math(
        "tensorflow",
        TF2,
        zeros="zeros",
        ones="ones",
        zeros_like="zeros_like",
        ones_like="ones_like",
    ),
    *_math(
        "tensorflow", TF2, matmul="matmul", clip_by_value="clip", argmax="argmax", argmin="argmin"
    ),
    *_math("tensorflow", TF2, add="add", subtract="subtract", multiply="multiply", divide="divide"),
    *_math("tensorflow", TF2, abs="abs", square="square", sqrt="sqrt", exp="exp", pow="power"),
    *_math("tensorflow", TF2, maximum="maximum", minimum="minimum", sign="sign", round="round"),
    *_math("tensorflow", TF2, sin="sin", cos="cos", tanh="tanh", sigmoid="sigmoid"),
    *_math("tensorflow", TF2, equal="equal", greater="greater", less="less", not_equal="not_equal"),
    *_math("tensorflow", TF2, reduce_mean="mean", reduce_sum="sum", reduce_prod="prod"),
    *_math("tensorflow", TF2, reduce_max="max", reduce_min="min", stop_gradient="stop_gradient"),
    *_math(
        "tensorflow.math", TF2, abs="abs", square="square", sqrt="sqrt", rsqrt="rsqrt", exp="exp"
    ),
    *_math(
        "tensorflow.math", TF2, log="log", log1p="log1p", pow="power", sign="sign", round="round"
    ),
    *_math("tensorflow.math", TF2, sin="sin", cos="cos", tanh="tanh", sigmoid="sigmoid"),
    *_math(
        "tensorflow.math", TF2, add="add", subtract="subtract", multiply="multiply", divide="divide"
    ),
    *_math("tensorflow.math", TF2, maximum="maximum", minimum="minimum", argmax="argmax"),
    *_math("tensorflow.math", TF2, reduce_mean="mean", reduce_sum="sum", reduce_max="max"),
    *_math("tensorflow.math", TF2, reduce_min="min", reduce_std="std", reduce_variance="var"),
    *_math("tensorflow.nn", TF2, relu="relu", softmax="softmax", sigmoid="sigmoid", tanh="tanh"),
    *_math(
        "tensorflow.nn", TF2, elu="elu", selu="selu", softplus="softplus", leaky_relu="leaky_relu"
    ),
    *_math(
        "tensorflow.nn", TF2, log_softmax="log_softmax", relu6="relu6", gelu="gelu", swish="silu"
    ),
]

GONE: list[Gone] = [
    Gone(
        "keras.models",
        "Graph",
        K0,
        "Keras 1 replaced it by the functional Model: Input(...) and calls of layers.",
    ),
    Gone(
        "keras.layers",
        "Merge",
        K1,
        "Call a merging layer on several inputs: keras.layers.concatenate([a, b]), add, multiply.",
    ),
    Gone(
        "keras.layers",
        "MaxoutDense",
        K1,
        "Keras 2 dropped it: use Dense(output_dim * nb_feature), a Reshape and a maximum.",
    ),
    Gone(
        "keras.layers",
        "Highway",
        K1,
        "Keras 2 dropped it: write a Layer that mixes its input with a Dense layer's output.",
    ),
    Gone(
        "tensorflow",
        "Session",
        TF1,
        "There are no sessions: models compute at once. Remove the session, keep what it ran.",
    ),
    Gone(
        "tensorflow",
        "placeholder",
        TF1,
        "There are no placeholders: pass arrays to models, or describe a model with keras.Input.",
    ),
    Gone(
        "tensorflow",
        "GradientTape",
        TF2,
        "Write the loss as a function of arrays and differentiate it: whit.value_and_grad(loss).",
    ),
    Gone(
        "tensorflow",
        "data",
        TF2,
        "Give fit the arrays themselves; it makes the batches (batch_size=…, shuffle=True).",
    ),
]

# ---- arguments
_COMPILE, _FIT = "training.trainer.Trainer.compile", "training.trainer.Trainer.fit"
_EVALUATE = "training.trainer.Trainer.evaluate"
_FIT_GENERATOR = "models.Model.fit_generator"
_GENERATORS = (_FIT_GENERATOR, "models.Model.evaluate_generator", "models.Model.predict_generator")
_ON_BATCH = ("training.trainer.Trainer.train_on_batch", "training.trainer.Trainer.test_on_batch")

ARGUMENTS: list[Argument] = [
    Argument("layers.Dense", "output_dim", "units", K1),
    Argument("layers.Dense", "init", "", K1, rules.old_initializer, "kernel_initializer=…"),
    Argument("layers.Dense", "W_regularizer", "kernel_regularizer", K1),
    Argument("layers.Dense", "b_regularizer", "bias_regularizer", K1),
    Argument("layers.Dense", "W_constraint", "kernel_constraint", K1),
    Argument("layers.Dense", "b_constraint", "bias_constraint", K1),
    Argument("layers.Dense", "bias", "use_bias", K1),
    Argument(
        "layers.Layer",
        "weights",
        "",
        K2,
        rules.initial_weights,
        "layer.set_weights(…) once it is built",
    ),
    Argument("layers.Dropout", "p", "rate", K1),
    Argument("layers.Reshape", "dims", "target_shape", K0),
    Argument("layers.LeakyReLU", "alpha", "negative_slope", K2),
    Argument("layers.PReLU", "init", "alpha_initializer", K1),
    Argument("regularizers.L1", "l", "l1", K2),
    Argument("regularizers.L2", "l", "l2", K2),
    Argument("constraints.MaxNorm", "m", "max_value", K1),
    Argument("utils.to_categorical", "nb_classes", "num_classes", K1),
    Argument(_COMPILE, "class_mode", "", K0, meaning="is chosen by the shapes"),
    Argument(_COMPILE, "theano_mode", "", K0),
    Argument(
        _COMPILE, "sample_weight_mode", "", K2, meaning="is told by the shape of sample_weight"
    ),
    Argument(_FIT, "nb_epoch", "epochs", K1),
    Argument(
        _FIT, "show_accuracy", "", K0, rules.show_accuracy_in_fit, 'compile(metrics=["accuracy"])'
    ),
    Argument(_FIT, "workers", "", K2),
    Argument(_FIT, "use_multiprocessing", "", K2),
    Argument(_FIT, "max_queue_size", "", K2),
    Argument(
        _EVALUATE,
        "show_accuracy",
        "",
        K0,
        rules.show_accuracy_in_evaluate,
        'compile(metrics=["accuracy"])',
    ),
    *(
        Argument(
            owner,
            "accuracy",
            "",
            K0,
            rules.show_accuracy_in_evaluate,
            'compile(metrics=["accuracy"])',
        )
        for owner in _ON_BATCH
    ),
    *(
        Argument(owner, old, "", era)
        for owner in _GENERATORS
        for old, era in (("max_q_size", K1), ("nb_worker", K1), ("pickle_safe", K1))
    ),
    *(
        Argument(owner, old, "", K2)
        for owner in _GENERATORS[1:]
        for old in ("max_queue_size", "workers", "use_multiprocessing")
    ),
    Argument(
        _FIT_GENERATOR, "samples_per_epoch", "", K1, rules.samples_per_epoch, "steps_per_epoch=…"
    ),
    Argument(_FIT_GENERATOR, "nb_val_samples", "", K1, rules.nb_val_samples, "validation_steps=…"),
    Argument(_FIT_GENERATOR, "nb_epoch", "epochs", K1),
    *(
        Argument(owner, "val_samples", "", K1, rules.val_samples, "steps=…")
        for owner in _GENERATORS[1:]
    ),
    Argument("optimizers.*", "lr", "learning_rate", K2),
    Argument(
        "optimizers.*", "decay", "", K2, rules.decay, "schedules.InverseTimeDecay(rate, 1, decay)"
    ),
    Argument("optimizers.Nadam", "schedule_decay", "", K2),
    Argument("callbacks.ReduceLROnPlateau", "epsilon", "min_delta", K2),
]

VALUES: list[Value] = [
    Value("optimizers.*", "epsilon", None, DROP, K2),
    Value(_COMPILE, "loss", "cosine_proximity", "cosine_similarity", K2),
]

_DENSE = (
    "init",
    "activation",
    "weights",
    "kernel_regularizer",
    "bias_regularizer",
    "activity_regularizer",
    "kernel_constraint",
    "bias_constraint",
)
POSITIONS: list[Position] = [
    Position(
        "layers.Dense",
        ("input_dim", "units", *_DENSE),
        K0,
        rules.is_old_dense_with_input,
        "Dense(784, 128)",
    ),
    Position(
        "layers.Dense",
        ("units", *_DENSE, "use_bias", "input_dim"),
        K1,
        rules.is_old_dense_with_init,
        'Dense(128, "normal")',
    ),
    Position("layers.Reshape", ("*target_shape",), K0, rules.is_old_reshape, "Reshape(1, 28, 28)"),
    Position(
        "layers.Layer.add_weight",
        ("name", "shape", "dtype", "initializer", "regularizer", "trainable", "constraint"),
        K2,
        rules.is_old_add_weight,
        'add_weight("kernel", shape)',
    ),
]

# ---- methods, attributes, habits
MEMBERS: list[Member] = [
    Member("models.Model", "predict_proba", K2, rules.predict_proba, "model.predict(…)"),
    Member(
        "models.Model",
        "predict_classes",
        K2,
        rules.predict_classes,
        "model.predict(…).argmax(axis=-1)",
    ),
    Member(
        "models.Model",
        "metrics_names",
        K2,
        property(rules.metrics_names),
        "names of evaluate's results",
    ),
    Member("models.Model", "fit_generator", K2, rules.fit_generator, "model.fit(…)"),
    Member("models.Model", "evaluate_generator", K2, rules.evaluate_generator, "model.evaluate(…)"),
    Member("models.Model", "predict_generator", K2, rules.predict_generator, "model.predict(…)"),
    Member(
        "optimizers.Optimizer",
        "lr",
        K2,
        property(rules.rate_of, rules.set_rate_of),
        "optimizer.learning_rate",
    ),
]

HOOKS: list[Hook] = [
    Hook(_EVALUATE, K0, rules.loss_alone, "evaluate without show_accuracy", "the loss alone"),
    Hook(_FIT, K2, logs.named_both_ways, 'history.history["acc"]', 'history.history["accuracy"]'),
    Hook(
        "optimizers.Optimizer._update",
        K2,
        rules.decaying,
        "optimizer.decay",
        "learning_rate / (1 + decay * t)",
    ),
    *(
        Hook(owner, TF2, rules.with_numpy, f"{call}.numpy()", f"{call}, an array")
        for owner, call in (
            ("models.Model.__call__", "model(x)"),
            ("layers.Layer.__call__", "layer(x)"),
            ("losses.Loss.__call__", "loss(y_true, y_pred)"),
        )
    ),
    Hook(
        "metrics.MeanMetricWrapper.update_state",
        K2,
        rules.with_column_targets,
        "a metric of targets (n,) and outputs (n, 1)",
        "targets are (n, 1)",
    ),
    Hook(
        "callbacks.monitor.MonitorCallback._direction",
        K2,
        logs.guessing_direction,
        'monitor="val_acc"',
        'monitor="val_accuracy", mode="max"',
    ),
    Hook(
        "callbacks.callback_list.pythonify_logs",
        K2,
        logs.with_old_names,
        'logs["acc"]',
        'logs["accuracy"]',
    ),
]

# Results of training that one program reads under one name and another under the other.
LOG_NAMES = (
    ("acc", "accuracy"),
    ("mse", "mean_squared_error"),
    ("mae", "mean_absolute_error"),
    ("mape", "mean_absolute_percentage_error"),
    ("msle", "mean_squared_logarithmic_error"),
)

ROWS: list[Row] = [*MODULES, *NAMES, *GONE, *ARGUMENTS, *VALUES, *POSITIONS, *MEMBERS, *HOOKS]
