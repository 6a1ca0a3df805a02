# ruff: noqa
# fmt: off
# In the words of tf.keras.
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers, regularizers
from tensorflow.keras.callbacks import EarlyStopping
from tensorflow.python.keras.layers import Dense

print('TensorFlow', tf.__version__.split('.')[0])
tf.random.set_seed(3)
print('GPUs', len(tf.config.list_physical_devices('GPU')))

x = np.random.RandomState(0).uniform(-1, 1, (500, 3))
y = x @ [[1.], [-2.], [.5]] + 0.1

def mean_absolute(y_true, y_pred):
    return tf.reduce_mean(tf.abs(y_true - y_pred))

normalizer = tf.keras.layers.Normalization(axis=-1)
normalizer.adapt(x)
model = keras.Sequential([
    normalizer,
    layers.Dense(16, activation='tanh', kernel_regularizer=regularizers.l2(1e-5)),
    Dense(1),
])
model.compile(optimizer=tf.keras.optimizers.Adam(learning_rate=0.05), loss='mse', metrics=['mae', mean_absolute])
history = model.fit(x, y, epochs=30, validation_split=0.2, verbose=0, callbacks=[EarlyStopping(monitor='val_loss', patience=10)])
assert history.history['mae'] == history.history['mean_absolute_error']
loss, mae, same = model.evaluate(x, y, verbose=0)
assert abs(mae - same) < 1e-3
print('error below 0.1:', mae < 0.1)
print(type(model.predict(x[:2], verbose=0)).__name__, model(x[:2].astype('float32')).shape)
