"""The small user programs whose printed output is stored in `texts.json`.

Weights are constants and data are straight lines, so another implementation that runs the same
text must print the same losses; only the timings differ from run to run.
"""

from __future__ import annotations

HEADER = """\
import numpy as np
import keras
from keras import layers

x = np.linspace(-1, 1, 40, dtype="float32").reshape(10, 4)
y = np.eye(3, dtype="float32")[np.arange(10) % 3]
kernel = np.linspace(-0.5, 0.5, 12, dtype="float32").reshape(4, 3)
"""

CLASSIFIER = """\
model = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="softmax")])
model.set_weights([kernel, np.zeros(3, "float32")])
model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
"""

REGRESSOR = """\
model = keras.Sequential([keras.Input((4,)), layers.Dense(1, kernel_initializer="ones")])
model.compile("sgd", "mse", metrics=["mae"])
t = x.sum(axis=1, keepdims=True) * 2
"""

SUMMARIES = {
    "summary_plain": """\
model = keras.Sequential([
    keras.Input((784,)), layers.Dense(784, activation="relu"), layers.Dense(10)])
model.summary()
""",
    "summary_named_mixed": """\
model = keras.Sequential(name="net")
model.add(keras.Input((28, 28, 1), name="image"))
model.add(layers.Rescaling(1 / 255))
model.add(layers.Flatten())
model.add(layers.Dense(64, activation="relu", name="hidden"))
model.add(layers.Dropout(0.5))
model.add(layers.Dense(10, use_bias=False, trainable=False))
model.add(layers.Activation("softmax"))
model.add(layers.Reshape((2, 5)))
model.summary()
""",
    "summary_unbuilt": """\
model = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(2)])
model.summary()
model.build((None, 4))
model.summary()
""",
    "summary_compiled_and_trained": CLASSIFIER
    + """\
model.compile("adam", "categorical_crossentropy")
model.summary()
model.fit(x, y, verbose=0)
model.summary()
""",
    "summary_options": """\
model = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="a_rather_long_layer_name"),
                          layers.Normalization(), layers.Dense(2, trainable=False)])
model.summary(line_length=60)
model.summary(show_trainable=True)
model.summary(line_length=90, positions=[0.5, 0.8, 1.0])
lines = []
model.summary(print_fn=lambda line, **kwargs: lines.append(line))
print(lines)
""",
    "summary_big_counts": """\
model = keras.Sequential([keras.Input((20000,)), layers.Dense(4096), layers.Dense(4096)])
model.summary()
""",
    "summary_empty": "keras.Sequential().summary()\n",
    "summary_batch_shape": """\
keras.Sequential([keras.Input(batch_shape=(32, 4)), layers.Dense(3)]).summary()
""",
    "reprs": """\
dense = layers.Dense(3, kernel_initializer="ones")
print(dense, repr(dense))
print(keras.Input((4,)))
model = keras.Sequential([keras.Input((4,)), dense])
print(model)
print(model.layers, model.inputs, model.outputs)
print(model.weights)
print(keras.metrics.Mean(), keras.metrics.MeanSquaredError())
print(keras.optimizers.Adam().__class__, keras.losses.Huber().__class__)
""",
}

FITS = {
    "fit_verbose_1": CLASSIFIER
    + """\
history = model.fit(x, y, epochs=3, batch_size=4, shuffle=False, verbose=1)
print(history.history, history.epoch, history.params)
""",
    "fit_verbose_2": CLASSIFIER
    + """\
model.fit(x, y, epochs=3, batch_size=4, shuffle=False, verbose=2)
""",
    "fit_verbose_auto": CLASSIFIER
    + """\
model.fit(x, y, epochs=1, batch_size=4, shuffle=False)
""",
    "fit_verbose_1_validation": CLASSIFIER
    + """\
model.fit(x, y, epochs=2, batch_size=4, shuffle=False, validation_data=(x, y))
""",
    "fit_verbose_2_validation": CLASSIFIER
    + """\
model.fit(x, y, epochs=2, batch_size=4, shuffle=False, verbose=2, validation_split=0.2)
""",
    "fit_no_metrics": """\
model = keras.Sequential([keras.Input((4,)), layers.Dense(1, kernel_initializer="ones")])
model.compile("sgd", "mse")
model.fit(x, x[:, :1], epochs=1, shuffle=False)
""",
    "fit_tiny_loss": REGRESSOR
    + """\
model.fit(x, x.sum(axis=1, keepdims=True) + 1e-3, epochs=2, shuffle=False)
model.fit(x, x.sum(axis=1, keepdims=True) + 1e-3, epochs=2, shuffle=False, verbose=2)
""",
    "fit_initial_epoch": REGRESSOR
    + """\
model.fit(x, t, epochs=4, initial_epoch=2, shuffle=False)
""",
    "fit_steps_per_epoch": REGRESSOR
    + """\
model.fit(x, t, epochs=2, batch_size=4, steps_per_epoch=2, shuffle=False)
""",
    "fit_generator": REGRESSOR
    + """\
def batches():
    for first in range(0, 10, 5):
        yield x[first:first + 5], t[first:first + 5]
model.fit(batches(), epochs=1)
""",
    "evaluate_predict_verbose_1": CLASSIFIER
    + """\
print(model.evaluate(x, y, batch_size=4))
print(model.predict(x, batch_size=4))
""",
    "evaluate_predict_verbose_2": CLASSIFIER
    + """\
print(model.evaluate(x, y, batch_size=4, verbose=2, return_dict=True))
print(model.predict(x, batch_size=4, verbose=2).shape)
""",
    "evaluate_predict_verbose_0": CLASSIFIER
    + """\
print(model.evaluate(x, y, verbose=0))
print(model.predict(x, verbose=0).dtype)
""",
}

CALLBACKS = {
    "callback_early_stopping": REGRESSOR
    + """\
stop = keras.callbacks.EarlyStopping("loss", min_delta=10, patience=1, verbose=1,
                                     restore_best_weights=True)
model.fit(x, t, epochs=5, shuffle=False, verbose=2, callbacks=[stop])
""",
    "callback_reduce_lr": REGRESSOR
    + """\
plateau = keras.callbacks.ReduceLROnPlateau("loss", min_delta=10, patience=1, verbose=1)
model.fit(x, t, epochs=4, shuffle=False, verbose=2, callbacks=[plateau])
""",
    "callback_scheduler": REGRESSOR
    + """\
scheduler = keras.callbacks.LearningRateScheduler(lambda epoch, lr: lr * 0.5, verbose=1)
model.fit(x, t, epochs=2, shuffle=False, verbose=2, callbacks=[scheduler])
model.fit(x, t, epochs=2, shuffle=False, verbose=1, callbacks=[scheduler])
""",
    "callback_terminate_on_nan": REGRESSOR
    + """\
model.fit(x, t * np.inf, epochs=3, verbose=1, callbacks=[keras.callbacks.TerminateOnNaN()])
""",
    "callback_checkpoint": REGRESSOR
    + """\
saver = keras.callbacks.ModelCheckpoint("best.weights.h5", monitor="loss", save_best_only=True,
                                        save_weights_only=True, verbose=1)
model.fit(x, t, epochs=2, shuffle=False, verbose=2, callbacks=[saver])
""",
    "callback_order": REGRESSOR
    + """\
class Spy(keras.callbacks.Callback):
    pass
def spy(name):
    def method(self, *args, **kwargs):
        rounded = [sorted(a) if isinstance(a, dict) else a for a in args]
        print(name, rounded, kwargs, sorted(self.params))
    return method
for name in dir(keras.callbacks.Callback):
    if name.startswith("on_"):
        setattr(Spy, name, spy(name))
model.fit(x, t, epochs=2, batch_size=5, verbose=0, callbacks=[Spy()], validation_data=(x, t))
model.evaluate(x, t, verbose=0, callbacks=[Spy()])
model.predict(x, verbose=0, callbacks=[Spy()])
""",
    "progbar": """\
bar = keras.utils.Progbar(5, stateful_metrics=["acc"])
for step in range(1, 6):
    bar.update(step, [("loss", 1.0 / step), ("acc", 0.1 * step)], finalize=step == 5)
bar = keras.utils.Progbar(None)
bar.update(3, [("loss", 2.0)])
bar = keras.utils.Progbar(1200, verbose=2)
bar.update(1200, [("loss", 2e-5)])
""",
}

PROGRAMS = SUMMARIES | FITS | CALLBACKS
TERMINAL = ("fit_verbose_auto", "fit_verbose_1_validation", "summary_plain",
            "evaluate_predict_verbose_1", "progbar")  # fmt: skip
