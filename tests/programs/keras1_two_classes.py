# ruff: noqa
# fmt: off
# In the words of Keras 1, as tutorials of 2016 have it: init, nb_epoch, metrics_names.
from keras.models import Sequential
from keras.layers import Dense
from keras.regularizers import l2, activity_l2
from keras.constraints import maxnorm
import numpy
numpy.random.seed(7)
X = numpy.random.rand(400, 8)
Y = (X[:, 0] + X[:, 1] > 1).astype(int)
model = Sequential()
model.add(Dense(12, input_dim=8, init='uniform', activation='relu', W_constraint=maxnorm(4)))
model.add(Dense(output_dim=8, init='normal', activation='relu', W_regularizer=l2(0.0001), bias=True))
model.add(Dense(1, init='normal', activation='sigmoid', activity_regularizer=activity_l2(0.00001)))
model.compile(loss='binary_crossentropy', optimizer='adam', metrics=['accuracy'])
model.fit(X, Y, nb_epoch=60, batch_size=20, validation_split=0.2, verbose=0)
scores = model.evaluate(X, Y, verbose=0)
print("%s: %.2f%%" % (model.metrics_names[1], scores[1]*100))
rounded = [round(x[0]) for x in model.predict(X, verbose=0)]
assert rounded == model.predict_classes(X).ravel().tolist()
