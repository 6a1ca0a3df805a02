"""Attention: each query takes the values in proportion to its keys (Vaswani et al. 2017)."""

from __future__ import annotations

from typing import Any

from whit.graph import Tensor, apply, build
from whit.ops.activation import soft_max
from whit.ops.lift import Array, ArrayLike, floating, op
from whit.ops.shaping import triangle

_HIDDEN = -0.7 * 3.4028235e38  # finite, so that a row without any key is uniform and not NaN


@op("query", "key", "value", "bias", "mask")
def dot_product_attention(
    query: ArrayLike,
    key: ArrayLike,
    value: ArrayLike,
    bias: ArrayLike = None,
    mask: ArrayLike = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Array:
    """softmax(scale * query . key + bias) . value.

    Args:
        query: (batch, T, heads, size). key, value: (batch, S, heads or a divisor of it, size).
        bias: added to the scores; broadcasts to (batch, heads, T, S).
        mask: true where a query may look; broadcasts likewise.
        scale: 1 / sqrt(size) by default.
        is_causal: no query looks at a later key.
        flash_attention: accepted for Keras' sake; the compiler chooses.
        attn_logits_soft_cap: scores s become cap * tanh(s / cap).

    Returns:
        (batch, T, heads, size).
    """
    if not query.ndim == key.ndim == value.ndim == 4:
        raise ValueError(
            "dot_product_attention: query, key and value need four axes (batch, length, heads, "
            f"size), got {query.shape}, {key.shape} and {value.shape}"
        )
    q, k, v = (build.transpose(floating(x), (0, 2, 1, 3)) for x in (query, key, value))
    k, v = (_repeat_heads(x, q.shape[1]) for x in (k, v))
    scores = build.dot(q, build.swap_last(k)) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if attn_logits_soft_cap is not None:
        cap = float(attn_logits_soft_cap)
        scores = apply("tanh", scores * (1 / cap)) * cap
    scores = scores if bias is None else scores + bias
    scores = _hide(scores, mask, is_causal)
    return build.transpose(build.dot(soft_max(scores, (3,)), v), (0, 2, 1, 3))


def _repeat_heads(x: Tensor, heads: int) -> Tensor:
    """Heads of keys and values shared by groups of query heads."""
    batch, have, length, size = x.shape
    if have == heads:
        return x
    if heads % have:
        raise ValueError(f"dot_product_attention: {have} heads of keys do not divide {heads}")
    wide = build.broadcast(x, (batch, have, heads // have, length, size), (0, 1, 3, 4))
    return build.reshape(wide, (batch, heads, length, size))


def _hide(scores: Tensor, mask: Any, is_causal: bool) -> Tensor:
    if mask is not None:
        scores = build.where(build.broadcast_to(mask, scores.shape), scores, _HIDDEN)
    if is_causal:
        past = build.broadcast_to(triangle(scores.shape[2], scores.shape[3], 0), scores.shape)
        scores = build.where(past, scores, _HIDDEN)
    return scores
