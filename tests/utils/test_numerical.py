"""to_categorical and normalize: shapes, types and messages."""

import numpy as np
import pytest

from whit.utils import normalize, to_categorical


@pytest.mark.parametrize(
    ("shape", "expected"), [((3,), (3, 4)), ((3, 1), (3, 4)), ((2, 3), (2, 3, 4)), ((1,), (1, 4))]
)
def test_to_categorical_shapes(shape, expected):
    rows = to_categorical(np.full(shape, 3))
    assert rows.shape == expected
    assert rows.dtype == np.float64
    np.testing.assert_array_equal(rows.sum(-1), 1)
    assert rows[..., 3].all()


def test_to_categorical_takes_anything_like_an_array():
    expected = [[0, 0, 1], [1, 0, 0]]
    for x in ([2, 0], np.array([2.0, 0.0]), np.array([2, 0], "uint8"), [[2], [0]]):
        np.testing.assert_array_equal(to_categorical(x), expected)
    assert to_categorical([1], num_classes=5).shape == (1, 5)
    assert to_categorical([], num_classes=5).shape == (0, 5)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (([0, 1, 5], 3), "x holds 5, which is none of the classes 0 to 2"),
        (([0, -1],), "x holds -1, which is none of the classes 0 to 0"),
        (([],), "x is empty, so num_classes must be given"),
    ],
)
def test_to_categorical_mistakes(arguments, text):
    with pytest.raises(ValueError, match="to_categorical") as caught:
        to_categorical(*arguments)
    assert text in str(caught.value)


def test_normalize():
    np.testing.assert_allclose(normalize([[3.0, 4.0], [0.0, 0.0]]), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(normalize([[1.0, 3.0]], order=1), [[0.25, 0.75]])
    np.testing.assert_allclose(normalize(np.ones((4, 2)), axis=0), np.full((4, 2), 0.5))
    np.testing.assert_allclose(normalize([3.0, 4.0]), [0.6, 0.8])
