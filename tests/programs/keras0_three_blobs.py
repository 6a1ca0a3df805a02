# ruff: noqa
# fmt: off
# In the words of Keras 0.1: both sizes of a layer, class_mode, nb_epoch, show_accuracy.
import numpy as np
np.random.seed(1337)

from keras.models import Sequential
from keras.layers.core import Dense, Dropout, Activation
from keras.optimizers import SGD
from keras.utils import np_utils

nb_classes = 3
centers = np.array([[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0]], 'float32')
y = np.arange(600) % nb_classes
X = centers[y] + 0.4 * np.random.randn(600, 4).astype('float32')
X_train, X_test, Y_train, Y_test = X[:500], X[500:], np_utils.to_categorical(y[:500], nb_classes), np_utils.to_categorical(y[500:], nb_classes)

model = Sequential()
model.add(Dense(4, 16, init='uniform'))
model.add(Activation('tanh'))
model.add(Dropout(0.1))
model.add(Dense(16, 3, init='glorot_uniform'))
model.add(Activation('softmax'))

sgd = SGD(lr=0.1, decay=1e-6, momentum=0.9, nesterov=True)
model.compile(loss='categorical_crossentropy', optimizer=sgd, class_mode="categorical")
model.fit(X_train, Y_train, nb_epoch=5, batch_size=50, show_accuracy=True, verbose=2,
          validation_data=(X_test, Y_test))
loss = model.evaluate(X_test, Y_test, verbose=0)
score = model.evaluate(X_test, Y_test, show_accuracy=True, verbose=0)
assert score[0] == loss
classes = model.predict_classes(X_test, verbose=0)
print('Test accuracy: %.2f' % score[1])
print('Classes right: %.2f' % np.mean(classes == y[500:]))
