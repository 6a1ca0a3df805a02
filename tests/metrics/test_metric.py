"""The class Metric: state, resets, traces, statelessness; and metrics against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from whit import metrics, ops
from whit.errors import ArgumentError, ShapeError
from whit.graph import Trace
from whit.ops.core import evaluate

RNG = np.random.default_rng(3)


class Positives(metrics.Metric):
    """A metric as a user writes it."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)
        self.count = self.add_weight(name="count", initializer="zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.count.assign_add(ops.sum(ops.cast(ops.greater(y_pred, 0.5), "float32")))

    def result(self) -> Any:
        return self.count.value


def test_a_metric_of_the_user() -> None:
    metric = Positives()
    p = np.array([0.1, 0.7, 0.9], np.float32)
    assert metric(p, p) == 2
    assert metric(p, p) == 4
    assert [v.path for v in metric.variables] == [f"{metric.name}/count"]
    assert not metric.variables[0].trainable
    metric.reset_state()
    assert metric.result() == 0
    assert Positives(name="n").get_config() == {"name": "n", "dtype": "float32"}


def test_metrics_inside_a_metric_are_its_state() -> None:
    class Pair(metrics.Metric):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = metrics.Sum(name="one"), metrics.Mean(name="two")

    assert len(Pair().variables) == 3


def test_forgetting_super_is_explained() -> None:
    class Hasty(metrics.Metric):
        def __init__(self) -> None:
            self.count = self.add_weight(name="count")

    with pytest.raises(RuntimeError, match=r"Hasty.__init__ must call super\(\).__init__\(\)"):
        Hasty()
    for call in (metrics.Metric().update_state, metrics.Metric().result):
        with pytest.raises(TypeError, match="Metric must define"):
            call()


def test_results_do_not_change_afterwards() -> None:
    for metric in (metrics.Sum(), metrics.Mean(), metrics.TruePositives()):
        batch = (np.ones(2), np.ones(2)) if "positives" in metric.name else (np.ones(2),)
        metric.update_state(*batch)
        before = metric.result()
        kept = float(before)
        metric.update_state(*batch)
        metric.reset_state()
        assert float(before) == kept, metric


def test_stateless_calls_leave_no_trace() -> None:
    metric = metrics.Mean()
    metric.update_state([1.0, 3.0])
    state = metric.stateless_update_state([10.0, 1.0], [2.0, 2.0])
    np.testing.assert_allclose(np.array(state), [14, 3])
    np.testing.assert_allclose(metric.stateless_result(state), 14 / 3, rtol=1e-6)
    np.testing.assert_allclose(np.array(metric.stateless_reset_state()), 0)
    assert metric.result() == 2
    with pytest.raises(ShapeError, match="Mean has 2 variables, got 1 values"):
        metric.stateless_result([1.0])


MAKERS: dict[str, tuple[Any, tuple[np.ndarray, ...]]] = {
    "mean": (metrics.Mean, (RNG.normal(size=6),)),
    "sum": (metrics.Sum, (RNG.normal(size=6),)),
    "rmse": (metrics.RootMeanSquaredError, tuple(RNG.normal(size=(2, 6, 2)))),
    "accuracy": (
        metrics.CategoricalAccuracy, (np.eye(3)[[0, 1, 2, 0]], RNG.dirichlet(np.ones(3), 4)),
    ),
    "sparse": (
        metrics.SparseCategoricalAccuracy, (np.array([0, 1, 2, 0]), RNG.dirichlet(np.ones(3), 4)),
    ),
    "top k": (
        lambda: metrics.SparseTopKCategoricalAccuracy(k=2),
        (np.array([0, 1, 2, 0]), RNG.dirichlet(np.ones(3), 4)),
    ),
    "precision": (metrics.Precision, (np.array([0, 1, 1, 1]), np.array([0.6, 0.7, 0.2, 0.9]))),
    "auc": (
        lambda: metrics.AUC(num_thresholds=11),
        (np.array([0, 1, 1, 0]), np.array([0.6, 0.7, 0.2, 0.1])),
    ),
    "f1": (metrics.F1Score, (np.eye(3)[[0, 1, 2, 0]], RNG.dirichlet(np.ones(3), 4))),
    "r2": (metrics.R2Score, tuple(RNG.normal(size=(2, 6, 2)))),
    "iou": (lambda: metrics.MeanIoU(3), (np.array([0, 1, 2, 0]), np.array([0, 1, 1, 0]))),
}  # fmt: skip


@pytest.mark.parametrize("name", MAKERS)
def test_a_traced_update_is_the_eager_one(name: str) -> None:
    make, batch = MAKERS[name]
    eager, metric = make(), make()
    eager.update_state(*batch)
    eager.update_state(*batch)
    metric.update_state(*batch)  # the first batch at once: some build their variables here
    trace = Trace()
    with trace.active():
        inputs = [trace.input("batch", x.shape, x.dtype.name) for x in batch]
        metric.update_state(*inputs)
        result = metric.result()
    known = dict(zip(inputs, batch, strict=True))
    known |= {trace.variables[v]: v.array.copy() for v in trace.variables}
    np.testing.assert_allclose(evaluate(result, known), eager.result(), rtol=1e-6)
    for v, other in zip(metric.variables, eager.variables, strict=True):
        np.testing.assert_allclose(evaluate(trace.values[v], known), other.numpy(), rtol=1e-6)


def test_reset_in_a_trace() -> None:
    metric = metrics.Mean()
    metric.update_state([5.0])
    with Trace().active() as trace:
        metric.reset_state()
        value = trace.values[metric.total]
    assert evaluate(value, {}) == 0
    assert metric.result() == 5


def test_dtype() -> None:
    metric = metrics.Mean(dtype="float64")
    metric.update_state(np.array([0.1, 0.2]))
    assert metric.result().dtype == np.float64
    assert metric.dtype == "float64"


# ---- against NumPy
def test_top_k_counts_classes_with_larger_scores() -> None:
    scores = RNG.integers(0, 4, (200, 6)).astype(np.float32)  # many ties
    labels = RNG.integers(0, 6, 200)
    own = scores[np.arange(200), labels]
    for k in (1, 2, 5):
        expected = (scores > own[:, None]).sum(1) < k
        np.testing.assert_array_equal(
            metrics.sparse_top_k_categorical_accuracy(labels, scores, k=k), expected
        )
        np.testing.assert_array_equal(
            metrics.top_k_categorical_accuracy(np.eye(6)[labels], scores, k=k), expected
        )


def test_accuracies_take_the_first_of_equal_scores() -> None:
    scores = np.array([[0.5, 0.5], [0.5, 0.5]], np.float32)
    np.testing.assert_array_equal(metrics.sparse_categorical_accuracy([0, 1], scores), [1, 0])
    np.testing.assert_array_equal(metrics.categorical_accuracy(np.eye(2), scores), [1, 0])


def test_small_label_types_do_not_wrap_around() -> None:
    scores = np.zeros((1, 300), np.float32)
    scores[0, 260] = 1
    label = np.array([260 - 256], np.uint8)
    np.testing.assert_array_equal(metrics.sparse_categorical_accuracy(label, scores), [0])


def test_nan_is_never_right() -> None:
    scores = np.full((2, 3), np.nan, np.float32)
    labels = np.array([0, 2])
    assert metrics.SparseCategoricalAccuracy()(labels, scores) == 0
    assert metrics.CategoricalAccuracy()(np.eye(3)[labels], scores) == 0
    assert metrics.SparseTopKCategoricalAccuracy(k=3)(labels, scores) == 0


def exact_auc(t: np.ndarray, p: np.ndarray) -> float:
    """The share of pairs in the right order (Mann and Whitney)."""
    positive, negative = p[t == 1], p[t == 0]
    more = (positive[:, None] > negative).sum() + 0.5 * (positive[:, None] == negative).sum()
    return float(more / (len(positive) * len(negative)))


def test_auc_is_the_share_of_pairs_in_order() -> None:
    t = RNG.integers(0, 2, 500)
    p = np.clip(0.4 * t + RNG.uniform(0, 0.6, 500), 0, 1)
    for thresholds in (None, sorted(p[:100])):
        got = metrics.AUC(num_thresholds=1000, thresholds=thresholds)(t, p)
        np.testing.assert_allclose(got, exact_auc(t, p), atol=2e-3)
    logits = np.log(p.clip(1e-6, 1 - 1e-6) / (1 - p.clip(1e-6, 1 - 1e-6)))
    got = metrics.AUC(num_thresholds=1000, from_logits=True)(t, logits)
    np.testing.assert_allclose(got, exact_auc(t, p), atol=2e-3)


def test_auc_of_labels_is_their_mean() -> None:
    t, p = RNG.integers(0, 2, (100, 3)), RNG.uniform(size=(100, 3))
    each = [float(metrics.AUC()(t[:, q], p[:, q])) for q in range(3)]
    np.testing.assert_allclose(metrics.AUC(multi_label=True)(t, p), np.mean(each), rtol=1e-5)
    weighted = metrics.AUC(multi_label=True, num_labels=3, label_weights=[1, 2, 3])
    np.testing.assert_allclose(weighted(t, p), np.average(each, weights=[1, 2, 3]), rtol=1e-5)
    assert metrics.AUC(multi_label=True).result() == 0


def test_auc_bounds_enclose_the_interpolation() -> None:
    t, p = RNG.integers(0, 2, 100), RNG.uniform(size=100)
    for curve in ("ROC", "PR", "PRGAIN"):
        areas = [
            float(metrics.AUC(curve=curve, summation_method=m, num_thresholds=50)(t, p))
            for m in ("minoring", "interpolation", "majoring")
        ]
        assert areas == sorted(areas), curve


def counts(t: np.ndarray, p: np.ndarray, w: np.ndarray, limit: float) -> tuple[float, ...]:
    above = p > limit
    return tuple(
        float(w[(t == label) & (above == found)].sum())
        for label, found in ((1, True), (0, True), (0, False), (1, False))
    )


def test_confusion_counts_and_ratios() -> None:
    t, p, w = RNG.integers(0, 2, 50), RNG.uniform(size=50), RNG.uniform(size=50)
    for limit in (0.2, 0.5, 0.9):
        tp, fp, tn, fn = counts(t, p, w, limit)
        for cls, expected in [
            (metrics.TruePositives, tp), (metrics.FalsePositives, fp),
            (metrics.TrueNegatives, tn), (metrics.FalseNegatives, fn),
            (metrics.Precision, tp / (tp + fp)), (metrics.Recall, tp / (tp + fn)),
        ]:  # fmt: skip
            np.testing.assert_allclose(
                cls(thresholds=limit)(t, p, w), expected, rtol=1e-5, atol=5e-6
            )


def test_class_id_and_top_k() -> None:
    t = np.eye(3)[[0, 1, 2, 1]]
    p = np.array([[0.9, 0.8, 0.1], [0.2, 0.7, 0.6], [0.1, 0.2, 0.3], [0.6, 0.1, 0.5]])
    assert metrics.Recall(class_id=1)(t, p) == 0.5
    assert metrics.Precision(top_k=1)(t, p) == 0.75
    assert metrics.Recall(top_k=2)(t, p) == 0.75
    tied = np.array([[0.5, 0.5, 0.5]])
    assert metrics.Precision(top_k=1)(np.array([[1, 0, 0]]), tied) == 1
    with pytest.raises(ShapeError, match=r"class_id=1: y_pred has shape \(4,\)"):
        metrics.Precision(class_id=1)(t[:, 0], p[:, 0])


def test_the_best_ratio_where_another_is_good_enough() -> None:
    t, p = RNG.integers(0, 2, 80), RNG.uniform(size=80)
    limits = [q / 199 for q in range(200)]
    table = np.array([counts(t, p, np.ones(80), limit) for limit in limits])
    tp, fp, tn, fn = table.T
    with np.errstate(invalid="ignore"):
        recall, specificity, precision = tp / (tp + fn), tn / (tn + fp), tp / (tp + fp)
    precision = np.nan_to_num(precision)
    for cls, wanted, given, least in [
        (metrics.SensitivityAtSpecificity, recall, specificity, 0.5),
        (metrics.SpecificityAtSensitivity, specificity, recall, 0.5),
        (metrics.PrecisionAtRecall, precision, recall, 0.4),
        (metrics.RecallAtPrecision, recall, precision, 0.5),
    ]:
        np.testing.assert_allclose(cls(least)(t, p), wanted[given >= least].max(), rtol=1e-5)
    assert metrics.PrecisionAtRecall(0.5).result() == 0


def test_intersection_over_union() -> None:
    t, p = RNG.integers(0, 4, (2, 60))
    w = RNG.integers(0, 3, 60)

    def one(c: int) -> float:
        return w[(t == c) & (p == c)].sum() / w[(t == c) | (p == c)].sum()

    each = [one(c) for c in range(4)]
    np.testing.assert_allclose(metrics.MeanIoU(4)(t, p, w), np.mean(each), rtol=1e-5)
    np.testing.assert_allclose(metrics.IoU(4, [2])(t, p, w), each[2], rtol=1e-5)
    np.testing.assert_allclose(
        metrics.OneHotMeanIoU(4)(np.eye(4)[t], np.eye(4)[p], w), np.mean(each), rtol=1e-5
    )
    np.testing.assert_allclose(
        metrics.OneHotIoU(4, [1, 3])(np.eye(4)[t], np.eye(4)[p], w), (each[1] + each[3]) / 2,
        rtol=1e-5,
    )  # fmt: skip
    scores = np.where(p > 1, 0.5, 0.1)
    bits = t > 1
    expected = ((scores >= 0.5) & bits).sum() / ((scores >= 0.5) | bits).sum()
    np.testing.assert_allclose(metrics.BinaryIoU([1])(bits, scores), expected, rtol=1e-5)
    ignoring = metrics.MeanIoU(4, ignore_class=0)(t, p)
    outside = metrics.MeanIoU(4)(np.where(t == 0, 99, t), p)
    assert ignoring == outside
    with pytest.warns(UserWarning, match="weights are rounded towards 0"):
        metrics.MeanIoU(4)(t, p, w / 2)
    with pytest.raises(ArgumentError, match=r"target_class_ids=\[4\].*num_classes=4"):
        metrics.IoU(4, [4])


def test_f_scores() -> None:
    labels, found = RNG.integers(0, 3, (2, 90))
    p = np.eye(3)[found] * 0.6 + 0.1
    t = np.eye(3)[labels]
    tp = np.array([((labels == c) & (found == c)).sum() for c in range(3)])
    precision = tp / np.bincount(found, minlength=3)
    recall = tp / np.bincount(labels, minlength=3)
    each = 5 * precision * recall / (4 * precision + recall)
    for average, expected in [
        (None, each), ("macro", each.mean()),
        ("weighted", np.average(each, weights=np.bincount(labels))),
        ("micro", tp.sum() / 90),
    ]:  # fmt: skip
        got = metrics.FBetaScore(average=average, beta=2.0)(t, p)
        np.testing.assert_allclose(got, expected, rtol=1e-5)
    with pytest.raises(ShapeError, match=r"F1Score: y_true has shape \(3,\)"):
        metrics.F1Score()(labels[:3], p[:3])


def test_r2_score() -> None:
    t, p, w = RNG.normal(size=(30, 2)), RNG.normal(size=(30, 2)) / 3, RNG.uniform(size=30)

    def score(q: int) -> float:
        mean = np.average(t[:, q], weights=w)
        rest, all_ = (w * (t - p)[:, q] ** 2).sum(), (w * (t[:, q] - mean) ** 2).sum()
        return float(1 - rest / all_)

    each = [score(0), score(1)]
    np.testing.assert_allclose(metrics.R2Score(None)(t, p, w), each, rtol=1e-4)
    plain = np.mean(each)
    np.testing.assert_allclose(metrics.R2Score()(t, p, w), plain, rtol=1e-4)
    adjusted = 1 - (1 - plain) * 59 / (60 - 3 - 1)
    np.testing.assert_allclose(metrics.R2Score(num_regressors=3)(t, p, w), adjusted, rtol=1e-4)
    np.testing.assert_allclose(metrics.R2Score(num_regressors=99)(t, p, w), plain, rtol=1e-4)
    assert metrics.R2Score().result() == 0


def test_correlations() -> None:
    t, p = RNG.normal(size=(2, 4, 9))
    pearson = [np.corrcoef(a, b)[0, 1] for a, b in zip(t, p, strict=True)]
    np.testing.assert_allclose(metrics.pearson_correlation(t, p), pearson, rtol=1e-5)
    np.testing.assert_allclose(metrics.PearsonCorrelation()(t, p), np.mean(pearson), rtol=1e-4)
    lin = [
        2 * np.cov(a, b, bias=True)[0, 1] / (a.var() + b.var() + (a.mean() - b.mean()) ** 2)
        for a, b in zip(t, p, strict=True)
    ]
    np.testing.assert_allclose(metrics.concordance_correlation(t, p), lin, rtol=1e-5)
    np.testing.assert_allclose(metrics.ConcordanceCorrelation()(t, t), 1, rtol=1e-5)


def test_weights_of_ignored_labels() -> None:
    metric = metrics.SparseCategoricalCrossentropy(ignore_class=0)
    rows = np.array([[0.2, 0.8], [0.5, 0.5]], np.float32)
    got = metric(np.array([1, 0]), rows, np.array([2.0, 5.0]))
    np.testing.assert_allclose(got, -np.log(0.8), rtol=1e-5)


# ---- errors
@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: metrics.Precision(thresholds=[0.1, 1.5]), r"thresholds=\[1.5\].*in \[0, 1\]"),
        (lambda: metrics.AUC(curve="RCO"), "curve='RCO': expected one of.*Did you mean"),
        (lambda: metrics.AUC(summation_method="trapezoid"), "summation_method='trapezoid'"),
        (lambda: metrics.AUC(num_thresholds=1), "num_thresholds=1: expected an integer > 1"),
        (lambda: metrics.AUC(num_labels=3), "num_labels=3: only with multi_label=True"),
        (lambda: metrics.PrecisionAtRecall(1.5), r"recall=1.5: expected a number in \[0, 1\]"),
        (lambda: metrics.RecallAtPrecision(0.5, num_thresholds=0), "num_thresholds=0"),
        (lambda: metrics.FBetaScore(average="mean"), "average='mean'"),
        (lambda: metrics.FBetaScore(beta=-1.0), "beta=-1.0"),
        (lambda: metrics.F1Score(threshold=2.0), "threshold=2.0"),
        (lambda: metrics.R2Score("mean"), "class_aggregation='mean'"),
        (lambda: metrics.R2Score(num_regressors=-1), "num_regressors=-1"),
    ],
)
def test_bad_arguments(make: Any, text: str) -> None:
    with pytest.raises(ArgumentError, match=text):
        make()


def test_shapes_that_do_not_fit() -> None:
    rows = np.ones((3, 4))
    with pytest.raises(ShapeError, match="use sparse_categorical_accuracy"):
        metrics.CategoricalAccuracy()(np.ones(3), rows)
    with pytest.raises(ShapeError, match="one-hot rows use categorical_accuracy"):
        metrics.SparseCategoricalAccuracy()(rows, rows)
    with pytest.raises(ShapeError, match="R2Score: y_pred has shape"):
        metrics.R2Score()(np.ones(3), np.ones(3))
    with pytest.raises(ShapeError, match="AUC with multi_label=True"):
        metrics.AUC(multi_label=True)(np.ones(3), np.ones(3))
