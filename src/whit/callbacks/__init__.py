"""Callbacks: what happens beside training, at the end of each epoch or batch."""

from whit.callbacks.callback import Callback
from whit.callbacks.callback_list import CallbackList
from whit.callbacks.csv_logger import CSVLogger
from whit.callbacks.early_stopping import EarlyStopping
from whit.callbacks.history import History
from whit.callbacks.lambda_callback import LambdaCallback
from whit.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
from whit.callbacks.monitor import MonitorCallback
from whit.callbacks.progbar_logger import ProgbarLogger
from whit.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = [
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "MonitorCallback",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]
