"""The labels of a label config against those in annotations."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.labelstudio.tasks import annotation, answer, task
from workbench.errors import UsageProblem, WorkbenchError
from workbench_labelstudio.pull.labels import count_labels, label_changes, label_drift
from workbench_labelstudio.tasks.label_config_reader import read_controls
from workbench_labelstudio.tasks.label_form import offered

TEXT = '<Text name="t" value="$客户留言"/>'


def choices(*names, **more):
    """The control `intent` with these labels."""
    made = "".join(f'<Choice value="{name}"/>' for name in names)
    about = "".join(f" {key}='{value}'" for key, value in more.items())
    return f'<Choices name="intent" toName="t"{about}>{made}</Choices>'


def drift(control, tasks):
    """What a pull would say of the only control of a config."""
    (found,), usage = read_controls(config(control)).values(), {}
    for one in tasks:
        count_labels(one, usage)
    return list(label_drift(found, usage.get(found.name, Counter())))


def used(*names):
    return [task(number, annotation(name)) for number, name in enumerate(names)]


def test_nothing_to_say():
    assert drift(choices("a", "b"), used("a", "b")) == []
    assert drift(choices("b ", "a"), used("a", "b")) == []


def test_labels_that_the_config_does_not_have_are_counted():
    tasks = [*used("a", "退款"), task(9, annotation("退款"), annotation("退款", by=2), annotation("x", by=3))]
    assert drift(choices("a"), tasks) == [
        "intent: used in annotations, but not in the label config: '退款' (3 annotations), 'x' (1 annotations)"
    ]


def test_skips_and_other_controls_use_nothing():
    tasks = [*used("a"), task(8, annotation("x", was_cancelled=True)), task(9, annotation(answer("y", "tone")))]
    assert drift(choices("a"), tasks) == []


def test_labels_that_come_from_elsewhere_are_nothing_to_say():
    assert drift(choices("a", value="$options"), used("a", "of the task's own")) == []


def test_labels_that_nobody_used():
    (finding,) = drift(choices("a", "b", "c"), used("b"))
    assert finding == "intent: never used, 2 of 3 labels: 'a', 'c'"
    assert drift(choices("a", "b"), [task(1)]) == []  # before the first annotation, all are


def test_long_lists_are_cut():
    (finding,) = drift(choices(*(f"l{n}" for n in range(40)), "a"), used("a"))
    assert finding.endswith("'l8', 'l9' and 30 more")


def changes(earlier, now):
    """What a pull would say of two label configs, one after the other."""
    return list(label_changes(config(earlier), config(now)))


def test_added_and_removed_since_the_last_pull():
    assert changes(choices("a", "b", "c"), choices("a", "c ", "d", "e")) == [
        "intent: removed since the last pull: 'b'",
        "intent: added since the last pull: 'd', 'e'",
    ]


def test_another_order_and_another_control_are_nothing_to_say():
    assert changes(choices("a", "b", "c"), choices("c", "a", "b")) == []
    assert changes(choices("a", "b"), choices("c", "d").replace("intent", "mood")) == []


def test_a_label_that_is_renamed_is_one_that_went_and_one_that_came():
    assert drift(choices("a", "退款", "c"), used("a", "refund", "c")) == [
        "intent: used in annotations, but not in the label config: 'refund' (1 annotations)",
        "intent: never used, 1 of 3 labels: '退款'",
    ]


def test_paths_of_a_taxonomy():
    below = '<Choice value="x"/><Choice value="y"/>'
    control = f'<Taxonomy name="topic" toName="t"><Choice value="a">{below}</Choice><Choice value="b"/></Taxonomy>'
    tasks = [task(1, annotation(answer([["a", "x"], ["gone", "z"]], "topic", "taxonomy")))]
    assert drift(control, tasks) == [
        "topic: used in annotations, but not in the label config: 'gone / z' (1 annotations)",
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
    assert offered(control, ("b", "a", "c")) == {"a": (" a ",), "b": (" a ", "b")}
    assert offered(control, (("a",), ("a", "b"))) == {("a",): (" a ",), ("a", "b"): (" a ", "b")}


def test_labels_that_make_the_same_intent_are_refused():
    twice = '<Choice value="a"><Choice value="other"/></Choice><Choice value="b"><Choice value="other"/></Choice>'
    control = read_controls(config(f'<Taxonomy name="x" toName="t">{twice}</Taxonomy>'))["x"]
    with pytest.raises(WorkbenchError, match=r"'other' stands for two labels: 'a / other' and .*--taxonomy path"):
        offered(control, ("a", "other"))
    assert offered(control, ("a",)) == {"a": ("a",)}
    assert len(offered(control, tuple(control.labels))) == 4


def test_a_bare_name_beside_paths_is_first_a_path_of_one_name():
    labels = '<Choice value="other"/><Choice value="a"><Choice value="other"/><Choice value="b"/></Choice>'
    control = read_controls(config(f'<Taxonomy name="x" toName="t">{labels}</Taxonomy>'))["x"]
    assert offered(control, ("other", "b", ("a", "other"))) == {
        "other": ("other",),
        "b": ("a", "b"),
        ("a", "other"): ("a", "other"),
    }
    with pytest.raises(WorkbenchError, match="'other' stands for two labels: 'other' and 'a / other'"):
        offered(control, ("other", "b"))  # the last names of paths, of which it may be either


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
