"""What is written beside the dataset: every annotation, and every disagreement; the same for a file and a server."""

from __future__ import annotations

import json

import pytest

from tests.labelstudio.rig import add_tasks
from tests.labelstudio.tasks import annotation, answer, reading, task
from workbench.engine.recipe import check_recipe
from workbench.errors import WorkbenchError
from workbench.options import parse_options
from workbench.stages.import_sources import read_rows
from workbench_labelstudio.options import TaskOptions
from workbench_labelstudio.tasks.dataset import TaskSource, tasks_to_dataset
from workbench_labelstudio.tasks.label_config_reader import read_controls

CONFIG = """<View><Text name="t" value="$text"/>
<Choices name="意图" toName="t"><Choice value="咨询产品" alias="ask"/><Choice value="退款"/></Choices>
<Taxonomy name="主题" toName="t"><Choice value="订单" alias="orders"><Choice value="物流"/></Choice>
<Choice value="x"/></Taxonomy>
<TextArea name="note" toName="t"/></View>"""


@pytest.fixture
def read(host, context, tmp_path):
    return reading(host, context, tmp_path / "export.json")


def lines(folder, name):
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]


def test_every_annotation_is_written_whatever_became_of_its_task(read, tmp_path):
    note = {"from_name": "note", "to_name": "t", "type": "textarea", "value": {"text": ["回电 ", "\ud800"]}}
    tasks = [
        task(10, annotation("b", by={"id": 2, "email": "b@example.com"}, lead_time=2.5)),
        task(9, annotation(was_cancelled=True, lead_time=float("nan")), annotation("a", note, ground_truth=True)),
        task(11, annotation("a"), text=" "),
    ]
    read(tasks)
    folder = tmp_path / "out" / "labelstudio" / "export"
    written = lines(folder, "annotations.jsonl")
    assert [line["task"] for line in written] == ["9", "9", "10", "11"]
    first, second, third, _ = written
    assert (first["skipped"], first["answers"], first["lead_time"]) == (True, {}, None)
    assert second["answers"] == {"intent": ["a"], "note": [{"text": ["回电 ", "\ufffd"]}]}
    assert second["ground_truth"] is True
    given = tasks[0]["annotations"][0]
    assert third == {
        "task": "10",
        "annotation": str(given["id"]),
        "annotator": "2",
        "email": "b@example.com",
        "answers": {"intent": ["b"]},
        "skipped": False,
        "ground_truth": False,
        "lead_time": 2.5,
        "created": given["created_at"],
        "updated": given["updated_at"],
    }


def test_the_order_in_the_export_changes_no_byte(read, tmp_path):
    tasks = [task(n, annotation("a", by=1), annotation("b", by=2)) for n in (30, 4, 100)] + [task(5, annotation("c"))]
    read(tasks)
    turned = [one | {"annotations": one["annotations"][::-1]} for one in tasks[::-1]]
    read(turned)
    for name in ("annotations.jsonl", "disagreements.jsonl"):
        first, second = (tmp_path / "out" / "labelstudio" / folder / name for folder in ("export", "export-2"))
        assert first.read_bytes() == second.read_bytes()
    assert [line["task"] for line in lines(second.parent, "disagreements.jsonl")] == ["4", "30", "100"]


def test_disagreements_say_who_said_what_and_what_became_of_it(read, tmp_path):
    tasks = [
        task(1, annotation("a", by=1), annotation("b", by=2), annotation("b", by=3), text="我的快递\n到哪了"),
        task(2, annotation("a", by=1), annotation("b", by=2)),
        task(3, annotation("a", by=1), annotation("a", by=2)),
        task(4, annotation("a", by=1), annotation(was_cancelled=True, by=2)),
        task(5, annotation(answer(["a", "b"]), by=1), annotation(answer(["b", "a"]), by=2)),
    ]
    read(tasks, policy="majority", several="explode")
    one, two = lines(tmp_path / "out" / "labelstudio" / "export", "disagreements.jsonl")
    assert one == {
        "task": "1",
        "text": "我的快递\n到哪了",
        "votes": [
            {"annotator": "1", "intents": ["a"]},
            {"annotator": "2", "intents": ["b"]},
            {"annotator": "3", "intents": ["b"]},
        ],
        "policy": "majority",
        "intents": ["b"],
    }
    assert (two["task"], two["intents"]) == ("2", None)


def test_several_sources_of_one_name_have_folders_of_their_own(host, context, tmp_path):
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        tasks = [task(n, annotation(answer(f"{place}{n % 2}", "意图"))) for n in range(4)]
        (tmp_path / place / "项目 1.json").write_text(json.dumps(tasks), encoding="utf-8")
    sources = [{"reader": "labelstudio-export", "source": f"{place}/项目 1.json", "split": "train"} for place in "ab"]
    read_rows(check_recipe({"import": sources}, host, "recipe.toml", tmp_path), tmp_path / "out", context)
    folders = sorted(path.parent for path in (tmp_path / "out").rglob("annotations.jsonl"))
    assert [folder.name for folder in folders] == ["项目-1", "项目-1-2"]
    assert [lines(folder, "annotations.jsonl")[0]["answers"] for folder in folders] == [
        {"意图": ["a0"]},
        {"意图": ["b0"]},
    ]


@pytest.mark.parametrize("name", ["../../evil", "..", "a/b", "客服 意图", "...", "", "x" * 300, "con\0trol\n"])
def test_no_title_leads_out_of_the_folder(host, tmp_path, name):
    tasks_to_dataset(TaskSource([task(1, annotation("a"))], name, "source", {}), TaskOptions(), host, tmp_path / "out")
    (written,) = tmp_path.rglob("annotations.jsonl")
    assert written.parent.parent == tmp_path / "out" / "labelstudio"
    assert len(written.parent.name) <= 60
    assert written.parent.name[0].isalnum()


def test_a_control_of_the_config_that_nobody_answered_is_known(host):
    note = {"from_name": "note", "to_name": "t", "type": "textarea", "value": {"text": ["hi"]}}
    asked = "".join(f'<Choices name="{name}" toName="t"/>' for name in ("intent", "topic"))
    controls = read_controls(f"<View>{asked}<TextArea name='note' toName='t'/></View>")
    source = TaskSource([task(1, annotation("a", note))], "project", "source", {}, controls)
    for control, words in (("topic", "1 empty"), ("note", "of type textarea"), ("tone", "Known: intent, topic")):
        options = parse_options(TaskOptions, {"control": control}, "test")
        with pytest.raises(WorkbenchError, match=words):
            tasks_to_dataset(source, options, host)


@pytest.fixture(scope="module")
def project(label_studio):
    """A project that two people worked on: an alias, a taxonomy, a note, a skip, a disagreement, a ground truth."""
    number = label_studio.project(CONFIG)

    def say(task_id, token, *results, **more):
        with label_studio.http(token) if token else label_studio.http() as http:
            body = {"result": list(results), "was_cancelled": not results, "lead_time": 3.25, **more}
            http.post(f"/api/tasks/{task_id}/annotations/", json=body).raise_for_status()

    with label_studio.http() as http:
        tasks = add_tasks(http, number, ["产品 有货吗", "where is it", "skip me", "untouched", "both"])
    second = label_studio.second
    topic = {"from_name": "主题", "to_name": "t", "type": "taxonomy", "value": {"taxonomy": [["orders", "物流"]]}}
    note = {"from_name": "note", "to_name": "t", "type": "textarea", "value": {"text": ["hi 好"]}}
    ask, refund = ({**answer(name, "意图")} for name in ("ask", "退款"))
    say(tasks[0], None, ask, topic, note)
    say(tasks[1], second, refund, topic, ground_truth=True)
    say(tasks[1], None, ask)
    say(tasks[2], second)
    say(tasks[4], None, ask)
    say(tasks[4], second, ask)
    return number


def test_an_export_and_a_list_of_tasks_are_read_the_same(host, label_studio, project, tmp_path):
    with label_studio.http() as http:
        params = {"exportType": "JSON", "download_all_tasks": "true"}
        export = http.get(f"/api/projects/{project}/export", params=params).json()
        listed = http.get("/api/tasks", params={"project": project, "fields": "all", "page_size": 100}).json()["tasks"]
    assert "created_username" in listed[0]["annotations"][0]
    assert "created_username" not in export[0]["annotations"][0]
    options = parse_options(TaskOptions, {"control": "意图"}, "test")
    made = [
        tasks_to_dataset(TaskSource(tasks, "project", "source", {}), options, host, tmp_path / name)
        for name, tasks in (("export", export), ("list", listed[::-1]))
    ]
    assert sorted(made[0], key=lambda row: row.id) == sorted(made[1], key=lambda row: row.id)
    assert [row.intent for row in made[0]] == ["ask", "退款", "ask"]
    assert made[0].counts == made[1].counts
    for name in ("annotations.jsonl", "disagreements.jsonl"):
        one, other = (next((tmp_path / place).rglob(name)) for place in ("export", "list"))
        assert one.read_bytes() == other.read_bytes()
    written = lines(one.parent, "annotations.jsonl")
    assert written[0]["answers"] == {"意图": ["ask"], "主题": [["orders", "物流"]], "note": [{"text": ["hi 好"]}]}
    assert [line["skipped"] for line in written] == [False, False, False, True, False, False]
    assert {line["lead_time"] for line in written} == {3.25}
    assert len({line["annotator"] for line in written}) == 2
    (dispute,) = lines(one.parent, "disagreements.jsonl")
    assert (dispute["text"], dispute["intents"]) == ("where is it", ["退款"])


def test_the_aliases_of_the_server_are_the_labels_in_its_annotations(label_studio, project):
    with label_studio.http() as http:
        about = http.get(f"/api/projects/{project}").json()
    controls = read_controls(about["label_config"])
    assert controls["意图"].labels == {"ask": "咨询产品", "退款": "退款"}
    assert controls["主题"].labels == {
        ("orders",): "订单",
        ("orders", "物流"): "订单 / 物流",
        ("x",): "x",
    }
    for name, control in controls.items():
        names = [label if isinstance(label, str) else label[-1] for label in control.labels]
        assert names == about["parsed_label_config"][name]["labels"]
