"""summary(): the text that Keras prints, and the lines below it."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

import whit as keras
from whit import layers
from whit.models import summary
from whit.models.cost import cost_per_sample

TEXTS = json.loads((Path(__file__).parents[1] / "golden" / "texts.json").read_text())
PROGRAMS = [n for n in TEXTS["programs"] if n.startswith("summary")]
# Keras cuts a table wider than the terminal; whit prints the width that was asked for.
LEFT_OUT = "model.summary(line_length=90, positions=[0.5, 0.8, 1.0])\n"
ADDED = (" FLOPs per sample:", " Memory per sample:")


@pytest.fixture(autouse=True)
def fixed_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", str(TEXTS["columns"]))
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((80, 24)))
    keras.utils.clear_session()


def run(source):
    code = (TEXTS["header"] + source).replace("import keras", "import whit as keras")
    exec(code.replace("from keras", "from whit"), {})


def tables(text):
    """The lines of each summary in a text, those that whit adds left out."""
    lines = [line for line in text.splitlines() if not line.startswith(ADDED)]
    starts = [n for n, line in enumerate(lines) if "Model:" in line]
    return [lines[a:b] for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)]


@pytest.mark.parametrize("name", [n for n in PROGRAMS if n != "summary_options"])
def test_the_text_is_that_of_keras(name, capsys):
    program = TEXTS["programs"][name]
    run(program["source"])
    assert tables(capsys.readouterr().out) == tables("".join(program["stdout"]))


def test_options_print_what_keras_prints(capsys):
    program = TEXTS["programs"]["summary_options"]
    run(program["source"].replace(LEFT_OUT, ""))
    ours, theirs = tables(capsys.readouterr().out), tables("".join(program["stdout"]))
    assert ours[:2] == theirs[:2]


def test_positions_and_length_are_obeyed():
    lines = []
    small().summary(80, [0.5, 0.8, 1.0], print_fn=lines.append)
    rule = lines[0].splitlines()[1]
    assert len(rule) == 80
    assert [n for n, c in enumerate(rule) if c == "┳"] == [40, 63]


def small():
    return keras.Sequential(
        [keras.Input((4,)), layers.Dense(5, activation="relu"), layers.Dense(2)], name="net"
    )


def text_of(model, **options):
    parts = []
    model.summary(print_fn=parts.append, **options)
    assert len(parts) == 1
    return parts[0]


def test_layer_range_and_nested_layers():
    model = keras.Sequential([keras.Input((4,)), small(), layers.Dense(1, name="out")])
    assert "dense (Dense)" not in text_of(model)
    nested = text_of(model, expand_nested=True)
    assert "└ dense (Dense)" in nested
    only = text_of(model, layer_range=["out", "out"])
    assert "net (Sequential)" not in only
    assert "out (Dense)" in only
    with pytest.raises(ValueError, match=r"layer_range=\['nothing', 'out'\] matches no layer"):
        text_of(model, layer_range=["nothing", "out"])


def test_a_subclass_shows_the_shapes_of_its_last_call():
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.a = layers.Dense(3)

        def call(self, x):
            return self.a(x)

    model = Net()
    assert "│ ?  " in text_of(model)
    model(np.ones((7, 2)))
    assert "(None, 3)" in text_of(model)


def test_a_width_too_small_is_refused():
    with pytest.raises(ValueError, match="line_length=10"):
        text_of(small(), line_length=10)


def test_costs_are_counted():
    cost = cost_per_sample(small(), (None, 4), "float32")
    # products 2*4*5 and 2*5*2, biases 5 and 2, relu 5
    assert cost.forward == 40 + 20 + 7 + 5
    assert cost.training >= cost.forward + 40 + 20 + 20  # both kernels, and back through the second
    assert cost.output_bytes == 4 * (5 + 2)
    assert " FLOPs per sample: 72 forward" in text_of(small())
    assert " Memory per sample: 28.00 B of layer outputs" in text_of(small())


def test_costs_of_other_dtypes_and_unknown_extents():
    model = keras.Sequential([keras.Input((None, 4)), layers.Dense(5, dtype="float64")])
    assert " FLOPs per sample: 45 forward" in text_of(model)
    assert "FLOPs" not in text_of(keras.Sequential([layers.Dense(1)]))


@pytest.mark.parametrize(
    ("nbytes", "text"),
    [
        (0, "0.00 B"),
        (1023, "1023.00 B"),
        (1024, "1.00 KB"),
        (3 * 2**20, "3.00 MB"),
        (2**50, "1.00 PB"),
    ],
)
def test_memory(nbytes, text):
    assert summary.memory(nbytes) == text


def test_colours_change_no_character():
    import re

    text = text_of(small(), show_trainable=True)
    coloured = summary._coloured(text)
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == text
    assert "(\x1b[38;5;33mDense\x1b[0m)" in coloured
    assert "(\x1b[38;5;45mNone\x1b[0m, \x1b[38;5;34m5\x1b[0m)" in coloured
    assert "\x1b[1m Total params: \x1b[0m\x1b[38;5;34m37\x1b[0m (148.00 B)" in coloured
