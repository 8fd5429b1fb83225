"""The gate's budgets, each against a measurement on either side of its limit."""

from __future__ import annotations

import pytest

from workbench.errors import WorkbenchError
from workbench.nouns.report import Measurement, Report
from workbench.options import NoOptions
from workbench.quality.invariance import Invariance


def measurement(*, baseline=0.933, bundle=0.93, agreement=0.99, difference=0.8, size=23_700_000, company=(0, 0.0)):
    reports = {
        name: Report(name, "dev", 1000, {"accuracy": value})
        for name, value in (("baseline", baseline), ("bundle", bundle))
    }
    invariance = company and Invariance(2000, *company)
    return Measurement(
        **reports,
        rows=1000,
        agreement=agreement,
        max_logit_difference=difference,
        size=size,
        invariance=invariance,
    )


@pytest.fixture
def judge(host):
    return lambda name, limit, **measured: host.registry("budgets")[name](limit, measurement(**measured))


CASES = [
    ("max_accuracy_drop", 0.5, {"bundle": 0.928}, 0.5, True),
    ("max_accuracy_drop", 0.5, {"bundle": 0.927}, 0.6, False),
    ("max_accuracy_drop", 0.0, {"bundle": 0.933}, 0.0, True),
    ("max_accuracy_drop", 0.0, {"bundle": 0.943}, -1.0, True),
    ("min_accuracy", 0.93, {"bundle": 0.93}, 0.93, True),
    ("min_accuracy", 0.94, {"bundle": 0.93}, 0.93, False),
    ("max_size_mb", 24.5, {"size": 24_500_000}, 24.5, True),
    ("max_size_mb", 24.5, {"size": 24_500_001}, 24.500001, False),
    ("min_agreement", 0.98, {"agreement": 0.98}, 0.98, True),
    ("min_agreement", 0.98, {"agreement": 0.979}, 0.979, False),
    ("max_logit_difference", 1.0, {"difference": 1.0}, 1.0, True),
    ("max_logit_difference", 1.0, {"difference": 1.01}, 1.01, False),
    ("max_label_changes", 0, {"company": (0, 0.5)}, 0, True),
    ("max_label_changes", 0, {"company": (1, 0.0)}, 1, False),
    ("max_label_changes", 3, {"company": (3, 0.0)}, 3, True),
    ("max_score_change", 1e-6, {"company": (5, 1e-6)}, 1e-6, True),
    ("max_score_change", 1e-6, {"company": (0, 1.1e-6)}, 1.1e-6, False),
]


@pytest.mark.parametrize(("name", "limit", "measured", "value", "kept"), CASES)
def test_a_budget_is_kept_up_to_its_limit(judge, name, limit, measured, value, kept):
    figure = judge(name, limit, **measured)
    assert (figure.name, figure.limit, figure.kept) == (name, limit, kept)
    assert figure.value == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "measured"),
    [
        ("max_accuracy_drop", {"bundle": float("nan")}),
        ("min_agreement", {"agreement": float("nan")}),
        ("max_logit_difference", {"difference": float("nan")}),
        ("max_score_change", {"company": (0, float("nan"))}),
    ],
)
def test_what_is_not_a_number_keeps_no_budget(judge, name, measured):
    assert not judge(name, 0.0, **measured).kept


def test_a_figure_reads_as_a_line(judge):
    broken = judge("max_accuracy_drop", 0.5, bundle=0.92)
    assert str(broken) == "max_accuracy_drop: 1.3 points, budget 0.5 points, BROKEN"
    assert str(judge("max_size_mb", 25)) == "max_size_mb: 23.7 MB, budget 25 MB, kept"
    changed = judge("max_label_changes", 0, company=(2, 0.5))
    assert str(changed) == "max_label_changes: 2 texts, budget 0 texts, BROKEN"


def test_without_an_accuracy_the_metric_to_add_is_named(host):
    bare = Report("bundle", "dev", 10)
    unmeasured = Measurement(bundle=bare, baseline=bare, rows=10, agreement=1.0, max_logit_difference=0.0, size=1)
    with pytest.raises(WorkbenchError, match=r'\[gate\]: the accuracy of .* was not measured.* Add "accuracy"'):
        host.registry("budgets")["max_accuracy_drop"](0.5, unmeasured)


@pytest.mark.parametrize("name", ["max_label_changes", "max_score_change"])
def test_what_was_never_measured_is_not_kept_but_refused(judge, name):
    with pytest.raises(WorkbenchError, match=r"\[gate\]: the batch invariance .* Measure again: "):
        judge(name, 100.0, company=None)


def test_every_budget_is_called_what_its_figure_is_called(host):
    offered = {
        name: component
        for name, component in host.registry("budgets").items()
        if host.registry("budgets").owners[name] == "workbench_gate"
    }
    assert sorted(offered) == [
        "max_accuracy_drop",
        "max_label_changes",
        "max_logit_difference",
        "max_score_change",
        "max_size_mb",
        "min_accuracy",
        "min_agreement",
    ]
    for name, component in offered.items():
        assert component(1.0, measurement()).name == name
        assert component.options is NoOptions
