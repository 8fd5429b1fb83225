"""`workbench labelstudio create --into`: a project that exists is adopted, and extended where that is wished."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tests.labelstudio.maker import about as about
from tests.labelstudio.maker import answers as answers
from tests.labelstudio.maker import create as create
from tests.labelstudio.maker import known as known
from tests.labelstudio.maker import refused as refused
from tests.labelstudio.maker import save as save
from workbench.nouns.utterance import Utterance
from workbench_labelstudio.project.label_config_edit import extend_config
from workbench_labelstudio.tasks.label_config_reader import read_controls

ADOPTED = """<View className='wide'>
  <!-- ours --><Header value="Was will er? &amp; warum"/>
  <Text   name="t" value='$Text'/>
  <Choices name='topic' toName='t' choice="multiple" >
    <Choice value="Lieferung" alias="delivery"/>
  </Choices>
  <Choices toName="t" name="mood"><Choice value="good"/></Choices>
</View>"""


def canonical(config):
    return ET.canonicalize(config, with_comments=True)


def test_a_project_of_somebody_is_adopted(label_studio, create, refused, save, about):
    number = label_studio.project(ADOPTED, "somebody's")
    with label_studio.http() as http:
        http.post(f"/api/projects/{number}/import", json=[{"Text": "TEXT   0"}]).raise_for_status()
    folder = save(("delivery", "refund"))
    assert "2 controls" in refused(folder, "--into", number)
    assert "unknown control 'intent'" in refused(folder, "--into", number, "--control", "intent")
    line = refused(folder, "--into", number, "--control", "topic")
    assert "lacks 1 of 2 intents: refund" in line
    assert "--extend" in line
    assert about(number)["label_config"] == ADOPTED
    names = folder.parent / "names.json"
    names.write_text('{"refund": "Geld & zurück", "delivery": "other"}', encoding="utf-8")
    dry = create(folder, "--into", number, "--control", "topic", "--extend", "--names", names, "--dry-run")
    assert (dry["added"], dry["uploaded"], dry["there"]) == (["refund"], 1, 1)
    assert about(number)["label_config"] == ADOPTED
    said = create(folder, "--into", "somebody's", "--control", "topic", "--extend", "--names", names)
    assert (said["project"], said["added"], said["uploaded"], said["there"]) == (number, ["refund"], 1, 1)
    choice = '    <Choice value="Lieferung" alias="delivery"/>\n'
    added = '    <Choice value="Geld &amp; zurück" alias="refund" />\n'
    expected = ADOPTED.replace(choice, choice + added)
    assert canonical(about(number)["label_config"]) == canonical(expected)  # its quotes may be others
    with label_studio.http() as http:
        tasks = http.get("/api/tasks", params={"project": number, "fields": "all"}).json()["tasks"]
    assert [task["data"] for task in tasks] == [{"Text": "TEXT   0"}, {"Text": "text 1"}]
    assert tasks[1]["annotations"][0]["result"][0]["from_name"] == "topic"
    assert create(folder, "--into", number, "--control", "topic")["there"] == 2


def test_names_of_leaves_go_into_a_taxonomy_as_paths(label_studio, create, refused, save, answers):
    config = """<View><Text name="t" value="$text"/><Taxonomy name="i" toName="t"><Choice value="A"><Choice value="x"/>
    <Choice value="other"/></Choice><Choice value="B"><Choice value="other"/></Choice></Taxonomy></View>"""
    number = label_studio.project(config, "leaves")
    create(save(("x", ("B", "other"))), "--into", number)
    said = answers(number)
    assert said["text 0"][0][0]["value"]["taxonomy"] == [["A", "x"]]
    assert said["text 1"][0][0]["value"]["taxonomy"] == [["B", "other"]]
    assert "lacks 1 of 2 intents: other" in refused(save(("x", "other")), "--into", number)


@pytest.mark.parametrize(
    ("config", "rows", "said"),
    [
        ('<Choices name="i" toName="t"><Choice value="a"/></Choices>', "several", "takes one label"),
        ('<Choices name="i" toName="t"><Choice value="a"/></Choices>', "paths", "takes no paths"),
        ('<TextArea name="i" toName="t"/>', "one", "no Choices or Taxonomy"),
        ('<Image name="p" value="$url"/><Choices name="i" toName="p"><Choice value="a"/></Choices>', "one", "url"),
    ],
)
def test_projects_that_cannot_be_adopted(label_studio, workbench, save, about, config, rows, said):
    number = label_studio.project(f'<View><Text name="t" value="$text"/>{config}</View>')
    folder = {
        "several": lambda: save(("a", "b"), [Utterance("1", "x", "x", ("a", "b"))], "intents"),
        "paths": lambda: save((("a", "b"),)),
        "one": lambda: save(("a",)),
    }[rows]()
    key = ["--text", "text"] if said == "url" else []
    result = workbench("labelstudio", "create", folder, "--into", number, "--extend", *key)
    assert result.exit_code in (1, 2)
    assert said in result.stderr.splitlines()[-1]
    assert about(number)["task_number"] == 0


@pytest.mark.parametrize(
    "config",
    [
        '<View><Taxonomy name="i" toName="t"><Choice value="a"/><Choice value="b"><Choice value="c"/>'
        "</Choice></Taxonomy></View>",
        "<View>\n\t<Taxonomy toName='t' name='i'>\n\t\t<Choice value='a' /><Choice value='b'>\n<Choice value='c'/>"
        "</Choice>\n\t</Taxonomy>\n</View>",
    ],
)
def test_paths_are_added_where_they_belong(config):
    missing = [("a", "x"), ("a", "y", "z"), ("b", "c", "d"), ("b", "新"), ("n", "m"), ("n", "o")]
    extended = extend_config(config, "i", missing, {"x": "X"})
    before, after = (list(read_controls(one)["i"].labels) for one in (config, extended))
    assert set(after) == {*before, *missing, ("a", "y"), ("n",)}
    assert len(after) == len(set(after))
    assert [label for label in after if label in before] == before
    assert read_controls(extended)["i"].labels["a", "x"] == "a / X"


def test_a_config_of_no_choice_yet_gets_one():
    config = '<View><Text name="t" value="$x"/><Choices name="i" toName="t" /></View>'
    expected = config.replace(" />", '><Choice value="a" /></Choices>')
    assert canonical(extend_config(config, "i", ["a"], {})) == canonical(expected)


def test_a_name_for_an_intent_that_is_not_there(label_studio, refused, save, tmp_path):
    names = tmp_path / "names.json"
    names.write_text('{"deliverry": "x"}')
    number = label_studio.project(ADOPTED)
    assert "'deliverry'" in refused(save(("delivery",)), "--into", number, "--control", "topic", "--names", names)
