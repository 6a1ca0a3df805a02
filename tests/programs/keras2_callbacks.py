# ruff: noqa
# fmt: off
# In the words of Keras 2: lr, decay, history['acc'], logs.get('acc'), monitor='val_acc', K.
import numpy as np
import keras
from keras import backend as K
from keras.callbacks import EarlyStopping, ReduceLROnPlateau, LearningRateScheduler
from keras.engine.topology import Layer
from keras.layers import Dense, Dropout
from keras.models import Sequential
from keras.optimizers import Adam, rmsprop

K.clear_session()
assert K.backend() == 'tensorflow' and K.image_data_format() == 'channels_last'

class Scale(Layer):
    def build(self, input_shape):
        self.kernel = self.add_weight(name='kernel', shape=(input_shape[1],), initializer='uniform', trainable=True)
        super(Scale, self).build(input_shape)

    def call(self, x):
        return x * (1 + self.kernel)

def soft_hinge(y_true, y_pred):
    return K.mean(K.square(K.maximum(1. - y_true * y_pred, 0.)), axis=-1)

def agreement(y_true, y_pred):
    return K.mean(K.cast(K.greater(y_true * y_pred, 0.), 'float32'))

class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs={}):
        self.seen = logs.get('acc'), logs['val_acc']
        if logs.get('acc') > 0.97:
            print('Reached 97% accuracy so cancelling training!')
            self.model.stop_training = True

np.random.seed(0)
x = np.random.randn(512, 10)
labels = (x @ np.random.randn(10, 2)).argmax(axis=1)
y = keras.utils.to_categorical(labels, num_classes=2)
model = Sequential([Dense(32, activation='relu', input_shape=(10,)), Dropout(0.1), Scale(), Dense(2, activation='softmax')])
model.compile(loss=keras.losses.categorical_crossentropy, optimizer=Adam(lr=0.02, decay=1e-3, epsilon=None), metrics=['acc'])
stop = Stop()
history = model.fit(x, y, epochs=40, batch_size=32, validation_split=0.25, verbose=0,
                    callbacks=[stop, EarlyStopping(monitor='val_acc', patience=30, mode='max'),
                               ReduceLROnPlateau(monitor='val_acc', factor=0.5, patience=30, epsilon=1e-4),
                               LearningRateScheduler(lambda epoch: 0.02)])
acc, val_acc = history.history['acc'], history.history['val_acc']
assert history.history['accuracy'] == acc and len(acc) == len(val_acc) == len(history.epoch)
assert stop.seen == (acc[-1], val_acc[-1])
print('lr: %.3f' % K.get_value(model.optimizer.lr))
K.set_value(model.optimizer.lr, 0.5)
assert float(model.optimizer.lr.numpy()) == 0.5

sign = Sequential([Dense(1, input_dim=10)])
sign.compile(loss=soft_hinge, optimizer=rmsprop(lr=0.02), metrics=[agreement])
sign.fit(x, 2 * labels - 1, epochs=15, verbose=0)
print('agreement: %.2f' % sign.evaluate(x, 2 * labels - 1, verbose=0)[1])
