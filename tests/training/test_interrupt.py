"""Ctrl-C in the middle of an epoch, by a real signal to a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from typing import IO

import pytest

PROGRAM = textwrap.dedent(
    """
    import sys, threading
    import numpy as np
    import whit as keras
    from whit import layers

    n = 400_000
    x = np.ones((n, 4), "float32")
    y = np.zeros((n, 1), "float32")
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(1e-6), "mse")

    def batches():
        while True:
            yield x[:1], y[:1]

    class Ready(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            print("ready", flush=True)

    class EveryBatch(Ready):
        def on_train_batch_end(self, batch, logs=None):
            pass

    kind = sys.argv[1]
    data = (batches(), None) if kind == "stream" else (x, y)
    watch = EveryBatch() if kind == "batches" else Ready()
    try:
        model.fit(*data, batch_size=None if kind == "stream" else 1, callbacks=[watch], verbose=1)
        print("finished")
    except KeyboardInterrupt:
        steps = int(model.optimizer.iterations)
        kernel, bias = np.ones(4, "float32"), np.float32(0)
        for _ in range(steps):
            error = kernel.sum(dtype="float32") + bias
            kernel, bias = kernel - np.float32(2e-6) * error, bias - np.float32(2e-6) * error
        found = model.get_weights()[0][:, 0]
        print("steps", steps, "close", np.allclose(found, kernel, rtol=1e-4), flush=True)
        others = [t for t in threading.enumerate() if t is not threading.main_thread()]
        print("threads", [t.name for t in others if not t.name.startswith("whit-team")], flush=True)
        raise
    """
)


def _until_the_bar_moves(stream: IO[str]) -> str:
    """Read until the bar has shown a step, however slow the machine; what was read."""
    seen = ""
    while "/step" not in seen:
        character = stream.read(1)
        if not character:
            break
        seen += character
    return seen


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("kind", ["arrays", "batches", "stream"])
def test_interrupt_leaves_whole_steps(kind: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, kind],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "WHIT_ENGINE": "reference"},
    ) as child:
        assert child.stdout is not None and child.stderr is not None
        assert child.stdout.readline().strip() == "ready"
        seen = _until_the_bar_moves(child.stdout)
        child.send_signal(signal.SIGINT)
        out, err = seen + child.stdout.read(), child.stderr.read()
    assert child.returncode in (-signal.SIGINT, 130, 1)
    assert "KeyboardInterrupt" in err
    assert "finished" not in out
    *bar, steps, threads = out.rstrip("\n").split("\n")
    words = steps.split()
    assert words[0] == "steps" and int(words[1]) > 0  # the bar's line has ended before it
    assert words[3] == "True"
    assert threads == "threads []"
    assert "/step" in bar[-1]
