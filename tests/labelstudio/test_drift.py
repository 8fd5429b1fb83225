"""The labels of a label config against those in annotations, and against those of the last pull."""

from __future__ import annotations

import pytest

from tests.labelstudio.rig import add_tasks
from tests.labelstudio.tasks import annotation, answer, task
from workbench.errors import UsageProblem, WorkbenchError
from workbench_labelstudio.pull.label_drift import LabelUsage, count_labels, label_changes, label_drift
from workbench_labelstudio.tasks.label_config_reader import read_controls

TEXT = '<Text name="t" value="$客户留言"/>'


def labels(*names):
    return {name: name for name in names}


def drift(now, tasks, control, earlier=None, *, closed=True):
    """What a pull would say."""
    changes = [] if earlier is None else label_changes(control, earlier, now)
    used = count_labels(tasks).get(control, LabelUsage())
    return [*changes, *label_drift(control, now, used, closed=closed)]


def used(*names):
    return [task(number, annotation(name)) for number, name in enumerate(names)]


def test_nothing_to_say():
    assert drift(labels("a", "b"), used("a", "b"), "intent") == []
    assert drift(labels("a", "b "), used("a", "b"), "intent", labels("a", "b")) == []


def test_labels_that_the_config_no_longer_has_are_counted():
    tasks = [*used("a", "退款"), task(9, annotation("退款"), annotation("退款", by=2), annotation("x", by=3))]
    assert drift(labels("a"), tasks, "intent") == [
        "intent: used in annotations, but not in the label config: '退款' (3 annotations of 2 tasks), "
        "'x' (1 annotations of 1 tasks)"
    ]


def test_skips_and_other_controls_use_nothing():
    tasks = [*used("a"), task(8, annotation("x", was_cancelled=True)), task(9, annotation(answer("y", "tone")))]
    assert drift(labels("a"), tasks, "intent") == []


def test_labels_that_come_from_elsewhere_are_nothing_to_say():
    assert drift(labels("a"), used("a", "of the task's own"), "intent", closed=False) == []


def test_labels_that_nobody_used():
    (finding,) = drift(labels("a", "b", "c"), used("b"), "intent")
    assert finding == "intent: never used, 2 of 3 labels: 'a', 'c'"
    assert drift(labels("a", "b"), [task(1)], "intent") == []  # before the first annotation, all are


def test_long_lists_are_cut():
    (finding,) = drift(labels(*(f"l{n}" for n in range(40)), "a"), used("a"), "intent")
    assert finding.endswith("'l8', 'l9' and 30 more")


def test_added_and_removed_since_the_last_pull():
    before, now = labels("a", "b", "c"), labels("a", "c", "d", "e")
    assert drift(now, used("a", "c", "d", "e"), "intent", before) == [
        "intent: removed since the last pull: 'b'",
        "intent: added since the last pull: 'd', 'e'",
    ]


def test_a_label_that_is_renamed_is_one_that_went_and_one_that_came():
    before, now = labels("a", "refund", "c"), labels("a", "退款", "c")
    assert drift(now, used("a", "refund", "c"), "intent", before) == [
        "intent: removed since the last pull: 'refund'",
        "intent: added since the last pull: '退款'",
        "intent: used in annotations, but not in the label config: 'refund' (1 annotations of 1 tasks)",
        "intent: never used, 1 of 3 labels: '退款'",
    ]


def test_another_order_is_nothing_to_say():
    assert drift(labels("c", "a", "b"), used("a", "b", "c"), "intent", labels("a", "b", "c")) == []


def test_paths_of_a_taxonomy():
    now = {("a",): "a", ("a", "x"): "a / x", ("a", "y"): "a / y", ("b",): "b"}
    tasks = [task(1, annotation(answer([["a", "x"], ["gone", "z"]], "topic", "taxonomy")))]
    assert drift(now, tasks, "topic") == [
        "topic: used in annotations, but not in the label config: 'gone / z' (1 annotations of 1 tasks)",
        "topic: never used, 2 of 4 labels: 'a / y', 'b'",
    ]


def config(*controls):
    return f"<View>{TEXT}{''.join(controls)}<TextArea name='note' toName='t'/></View>"


def test_a_config_says_which_controls_ask_for_labels():
    controls = read_controls(
        config(
            '<!-- 注释 --><Choices name="意图" toName="t"><View><Choice value="a" alias="A"/></View>'
            '<Choice value="b"/></Choices>',
            '<Choices name="many" toName="t" choice="multiple"><Choice value="a"/><Choice value="b"/></Choices>',
            '<Choices name="own" toName="t" value="$options"/>',
            '<Choices name="part" toName="t" perRegion="true"><Choice value="a"/><Choice value="b"/></Choices>',
            '<Taxonomy name="one" toName="t" maxUsages="1"><Choice value="a"><Choice value="b"/></Choice></Taxonomy>',
            '<Taxonomy name="far" toName="t" apiUrl="http://x/y.json"/>',
        )
    )
    told = {name: (one.kind, one.multiple, one.closed, list(one.labels)) for name, one in controls.items()}
    assert told == {
        "意图": ("choices", False, True, ["A", "b"]),
        "many": ("choices", True, True, ["a", "b"]),
        "own": ("choices", False, False, []),
        "one": ("taxonomy", False, True, [("a",), ("a", "b")]),
        "far": ("taxonomy", True, False, []),
    }
    assert {control.data_key for control in controls.values()} == {"客户留言"}


def test_only_choices_that_allow_it_are_nested():
    inner = '<Choice value="P"><Choice value="C"/></Choice><Choice value="Q"/>'
    controls = read_controls(
        config(
            f'<Choices name="flat" toName="t">{inner}</Choices>',
            f'<Choices name="deep" toName="t" allowNested="true">{inner}</Choices>',
        )
    )
    assert list(controls["flat"].labels) == ["P", "Q"]
    assert list(controls["deep"].labels) == [("P",), ("P", "C"), ("Q",)]


def test_intents_lead_back_to_the_labels_of_the_config():
    (control,) = read_controls(
        config('<Taxonomy name="x" toName="t"><Choice value=" a "><Choice value="b"/></Choice></Taxonomy>')
    ).values()
    assert control.intents("leaf", ("b", "a", "c")) == {"a": (" a ",), "b": (" a ", "b")}
    assert control.intents("path", (("a",), ("a", "b"))) == {("a",): (" a ",), ("a", "b"): (" a ", "b")}


def test_labels_that_make_the_same_intent_are_refused():
    twice = '<Choice value="a"><Choice value="other"/></Choice><Choice value="b"><Choice value="other"/></Choice>'
    control = read_controls(config(f'<Taxonomy name="x" toName="t">{twice}</Taxonomy>'))["x"]
    with pytest.raises(WorkbenchError, match=r"'other' stands for two labels: 'a / other' and .*--taxonomy path"):
        control.intents("leaf", ("a", "other"))
    assert control.intents("leaf", ("a",)) == {"a": ("a",)}
    assert len(control.intents("path", control.labels)) == 4


def test_the_control_is_chosen_by_name():
    two = read_controls(config(*(f'<Choices name="{n}" toName="t"><Choice value="a"/></Choices>' for n in "xy")))
    assert two.choose("y", "project").name == "y"
    for wanted, words in ((None, "has 2 controls that ask for labels: x .1 labels., y"), ("z", "Known: x, y")):
        with pytest.raises(UsageProblem, match=words):
            two.choose(wanted, "project")
    with pytest.raises(UsageProblem, match="has no Choices or Taxonomy"):
        read_controls(config()).choose(None, "project")


BOMB = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10 if n else "a" * 10}">' for n in range(9))


@pytest.mark.parametrize("text", ["", "<View><Choices></View>", f'<!DOCTYPE v [{BOMB}]><View a="&x8;"/>'])
def test_what_is_no_config(text):
    with pytest.raises(WorkbenchError, match="project 7: the label config cannot be read"):
        read_controls(text, "project 7")


def test_a_label_that_is_removed_on_the_server_while_annotations_use_it(label_studio):
    def choices(*names):
        made = "".join(f'<Choice value="{name}"/>' for name in names)
        return config(f'<Choices name="意图" toName="t">{made}</Choices>').replace("$客户留言", "$text")

    project = label_studio.project(choices("咨询", "退款", "投诉"))
    with label_studio.http() as http:
        (number,) = add_tasks(http, project, ["text"])
        http.post(f"/api/tasks/{number}/annotations/", json={"result": [{**answer("退款", "意图")}]}).raise_for_status()
        before = read_controls(http.get(f"/api/projects/{project}").json()["label_config"])["意图"]
        answered = http.patch(f"/api/projects/{project}", json={"label_config": choices("咨询", "投诉", "新的")})
        assert answered.is_success, answered.text
        now = read_controls(http.get(f"/api/projects/{project}").json()["label_config"])["意图"]
        listed = http.get("/api/tasks", params={"project": project, "fields": "all"}).json()["tasks"]
    assert drift(now.labels, listed, "意图", before.labels, closed=now.closed) == [
        "意图: removed since the last pull: '退款'",
        "意图: added since the last pull: '新的'",
        "意图: used in annotations, but not in the label config: '退款' (1 annotations of 1 tasks)",
        "意图: never used, 3 of 3 labels: '咨询', '投诉', '新的'",
    ]
