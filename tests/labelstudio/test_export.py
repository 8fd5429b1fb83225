"""Label Studio exports: what is kept, under which policy, and how each task is accounted for."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys

import pytest

from tests.labelstudio.tasks import annotation, answer, reading, task
from workbench.nouns.dataset import Dataset

LEFT_OUT = ("blank", "unlabelled", "skipped", "empty", "disagreement")
read = pytest.fixture(lambda host, context, tmp_path: reading(host, context, tmp_path / "export.json"))


def intents(dataset):
    return {row.id: row.intent for row in dataset}


def test_a_task_becomes_an_utterance(read):
    dataset = read([task(7, annotation("delivery", by=3))], language="en")
    (row,) = dataset
    assert (row.id, row.text, row.raw, row.intents, row.split, row.language) == (
        "7",
        "where is my parcel",
        "where is my parcel",
        ("delivery",),
        None,
        "en",
    )
    assert (dataset.task, row.meta) == ("intent", {"annotations": 1, "annotators": 1, "agreement": 1.0})


def test_rows_keep_the_order_of_the_file_and_intents_are_sorted(read):
    dataset = read([task(9, annotation("b")), task(2, annotation("c")), task(5, annotation("a"))])
    assert [row.id for row in dataset] == ["9", "2", "5"]
    assert dataset.intents == ("a", "b", "c")


def test_each_task_is_accounted_for_by_one_reason(read):
    skip = annotation(was_cancelled=True)
    dataset = read(
        [
            task(1, annotation("a")),
            task(2, skip, annotation("b", by=2)),
            task(3),
            task(4, annotation(was_cancelled=True)),
            task(5, annotation()),
            task(6, annotation("a"), text=" \u200b"),
            task(7, annotation("a"), annotation("b", by=2)),
            task(8, annotation(was_cancelled=True), text=None),
            task(9, annotation(), annotation(was_cancelled=True)),
        ]
    )
    assert dataset.counts == {
        "export.json": {"tasks": 9, "kept": 2, "blank": 2, "unlabelled": 1, "skipped": 1, "empty": 2, "disagreement": 1}
    }
    assert intents(dataset) == {"1": "a", "2": "b"}


def test_the_control_is_found_by_its_name_wherever_it_stands(read):
    dataset = read(
        [
            task(1, annotation(answer("angry", "tone"), answer("refund", "意图"))),
            task(2, annotation(answer("refund", "意图"), answer("calm", "tone"))),
            task(3, annotation(answer("calm", "tone"))),
        ],
        control="意图",
    )
    assert intents(dataset) == {"1": "refund", "2": "refund"}
    assert dataset.counts["export.json"]["empty"] == 1


def test_the_only_choices_control_needs_no_name(read):
    note = answer("call back", "note", "textarea")
    assert read([task(1, annotation(note, answer("refund", "anything")))]).provenance[0]["control"] == "anything"


def test_a_choice_is_read_without_the_white_space_around_it(read):
    dataset = read(
        [
            task(1, annotation("refund ")),
            task(2, annotation("refund"), annotation("\u3000refund\n", by=2)),
            task(3, annotation(answer([" refund", "refund"]))),
        ]
    )
    assert dataset.intents == ("refund",)
    assert dataset.counts["export.json"]["kept"] == 3


@pytest.mark.parametrize("blank", ["", "  ", "\u200b"])
def test_a_blank_choice_is_no_intent(read, blank):
    dataset = read(
        [
            task(1, annotation("a")),
            task(2, annotation(blank)),
            task(3, annotation(answer([blank]))),
            task(4, annotation(answer([blank, "b"]))),
            task(5, annotation(blank), annotation("c", by=2)),
        ]
    )
    assert dataset.intents == ("a", "b", "c")
    assert dataset.counts["export.json"]["empty"] == 2


def test_what_utf_8_cannot_hold_is_replaced_everywhere(read, tmp_path):
    tasks = [
        task("\ud800", annotation(answer("\udc00a", "int\udfffent")), text="where \ud800"),
        task("😀", annotation(answer("b", "int\udfffent"), by="\ud800")),
    ]
    dataset = read(tasks)
    dataset.save(tmp_path / "saved")
    assert [row.id for row in Dataset.load(tmp_path / "saved")] == ["\ufffd", "😀"]
    assert dataset.intents == ("b", "\ufffda")
    assert dataset.provenance[0]["control"] == "int\ufffdent"


def test_an_export_whose_name_is_not_utf_8(host, context, tmp_path):
    name = os.fsdecode(b"b\xff.json")
    dataset = reading(host, context, tmp_path / name)([task(1, annotation("a"))])
    dataset.save(tmp_path / "saved")
    assert set(Dataset.load(tmp_path / "saved").counts) == {"b\ufffd.json"}
    assert dataset.provenance[0]["file"] == "b\ufffd.json"


def test_drafts_and_predictions_label_nothing(read):
    draft = {"id": 1, "result": [answer("a")]}
    guess = {"id": 2, "result": [answer("b")], "model_version": "v1", "score": 0.9}
    dataset = read(
        [
            task(1, drafts=[draft], predictions=[guess]),
            task(2, drafts=[8], predictions=[9, guess]),
            task(3, annotation("c"), predictions=[guess]),
        ]
    )
    assert intents(dataset) == {"3": "c"}
    assert dataset.counts["export.json"]["unlabelled"] == 2


def test_an_annotation_that_stands_twice_counts_once(read):
    twin = annotation("a")
    dataset = read([task(1, twin, dict(twin), annotation("b", by=2)), task(2, annotation("a"))])
    assert dataset.counts["export.json"]["disagreement"] == 1


def test_annotators_may_be_ids_or_objects(read):
    person = {"id": 1, "email": "a@example.org", "first_name": "A"}
    (row,) = read([task(1, annotation("a", by=person), annotation("a", by=1), annotation("a", by=2))])
    assert row.meta == {"annotations": 3, "annotators": 2, "agreement": 1.0}


def votes(*given):
    return [
        task(1, *(annotation(intent, by=n, **more) for n, (intent, more) in enumerate(given))),
        task(2, annotation("other")),
    ]


@pytest.mark.parametrize(("policy", "expected"), [("ground-truth", "b"), ("majority", "a"), ("latest", "c")])
def test_policies_differ_where_annotators_do(read, policy, expected):
    early, late = {"updated_at": "2026-01-01T00:00:00Z"}, {"updated_at": "2026-01-01T09:00:00.123456+08:00"}
    tasks = votes(("a", early), ("c", late), ("b", {**early, "ground_truth": True}), ("a", early))
    assert intents(read(tasks, policy=policy))["1"] == expected


@pytest.mark.parametrize("policy", ["ground-truth", "majority"])
def test_a_tie_is_a_disagreement(read, policy):
    dataset = read(votes(("a", {}), ("b", {}), ("a", {}), ("b", {})), policy=policy)
    assert intents(dataset) == {"2": "other"}
    assert dataset.counts["export.json"]["disagreement"] == 1


def test_two_ground_truths_that_differ_are_a_disagreement(read):
    dataset = read(votes(("a", {"ground_truth": True}), ("b", {"ground_truth": True}), ("a", {})))
    assert dataset.counts["export.json"]["disagreement"] == 1


def test_latest_takes_the_creation_time_where_nothing_was_updated(read):
    tasks = votes(
        ("a", {"updated_at": None, "created_at": "2026-02-02T00:00:00Z"}), ("b", {"updated_at": "2026-02-01T00:00:00"})
    )
    assert intents(read(tasks, policy="latest"))["1"] == "a"


def test_the_share_that_agreed_is_kept(read):
    dataset = read(votes(("a", {"ground_truth": True}), ("b", {}), ("b", {})))
    assert dataset.utterances[0].meta == {"annotations": 3, "annotators": 3, "agreement": 0.3333, "ground_truth": True}


def test_splits_and_groups_come_from_data_or_meta(read):
    one = task(1, annotation("a"), meta={"split": "validation", "group": 12})
    two = task(2, annotation("b"))
    two["data"] |= {"split": "Test", "group": "对话-7"}
    dataset = read([one, two, task(3, annotation("a"))], split_key="split", group_key="group")
    assert [(row.split, row.group) for row in dataset] == [("dev", "12"), ("test", "对话-7"), (None, None)]


def test_chinese_keys_names_and_choices_work(read):
    tasks = [task(n, annotation(answer(intent, "客户意图"))) for n, intent in enumerate(["咨询产品", "投诉问题"])]
    for number, one in enumerate(tasks):
        one["data"] = {"客户留言": f"请问{number}号产品还有货吗"}
    dataset = read(tasks, text="客户留言", control="客户意图")
    assert dataset.intents == ("咨询产品", "投诉问题")
    assert dataset.utterances[1].text == "请问1号产品还有货吗"


def test_numbers_are_texts_and_broken_surrogates_are_mended(read, tmp_path):
    dataset = read([task(1, annotation("a"), text=4711), task(2, annotation("b"), text="cut \ud83d off")])
    assert [row.text for row in dataset] == ["4711", "cut \ufffd off"]
    dataset.save(tmp_path / "saved")
    assert Dataset.load(tmp_path / "saved") == dataset


def test_a_text_of_five_megabytes_comes_through(read):
    text = "包裹" * 850_000
    assert read([task(1, annotation("a"), text=text)]).utterances[0].text == text


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda data: b"\xef\xbb\xbf" + data])
def test_plain_gzipped_or_with_a_byte_order_mark(read, pack):
    assert len(read(pack(json.dumps([task(1, annotation("a"))]).encode()))) == 1


def test_provenance_says_what_was_read_and_no_path(read, tmp_path):
    dataset = read([task(1, annotation("a"))], policy="majority")
    digest = hashlib.sha256((tmp_path / "export.json").read_bytes()).hexdigest()
    assert dataset.provenance == (
        {
            "reader": "labelstudio-export",
            "file": "export.json",
            "sha256": digest,
            "control": "intent",
            "policy": "majority",
        },
    )


def test_the_order_of_annotations_in_the_file_changes_nothing(read):
    one, other = annotation("a", by=1), annotation("b", by=2)
    for policy in ("latest", "majority"):
        first = read([task(1, one, other), task(2, annotation("c"))], policy=policy)
        assert read([task(1, other, one), task(2, annotation("c"))], policy=policy).utterances == first.utterances
    assert intents(read([task(1, other, one)], policy="latest")) == {"1": "b"}


@pytest.fixture(scope="module")
def banking77(shared):
    return shared / "label-studio" / "banking77.json.gz"


def test_the_real_export_agrees_with_its_manifest(host, context, banking77):
    dataset = reading(host, context, banking77)(control="intent")
    manifest = json.loads(banking77.with_name("banking77.manifest.json").read_text())
    counts = dataset.counts["banking77.json.gz"]
    planted = {
        "tasks": "exported",
        "skipped": "skipped_only",
        "empty": "empty_result",
        "unlabelled": "unlabelled",
        "blank": "blank_text",
        "disagreement": "disagree",
    }
    assert {reason: counts[reason] for reason in planted} == {key: manifest[name] for key, name in planted.items()}
    assert counts["kept"] + sum(counts[reason] for reason in LEFT_OUT) == counts["tasks"]
    assert counts["kept"] == len(dataset)
    assert len(dataset.intents) == manifest["labels"]
    assert sum(bool(row.meta.get("ground_truth")) for row in dataset) == manifest["ground_truth"]
    twice = [row for row in dataset if row.meta["annotations"] == 2]
    assert len(twice) == manifest["agree"] + manifest["ground_truth"]


def test_the_real_export_takes_little_time_and_memory(banking77, tmp_path):
    code = (
        "import re, resource, sys\n"
        "from pathlib import Path\n"
        "from workbench.context import Context\n"
        "from workbench.host import build_host\n"
        "host = build_host(['workbench_labelstudio', 'workbench_review'])\n"
        "reader = host.registry('readers')['labelstudio-export']\n"
        "reader(sys.argv[1], Path('out'), reader.options(control='intent'), Context(host, 13, Path('work')))\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        # ru_maxrss would count what the process that started this one held
        "peak = int(re.search(r'VmHWM:\\s+(\\d+) kB', Path('/proc/self/status').read_text())[1])\n"
        "print(used.ru_utime + used.ru_stime, peak / 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(banking77)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    seconds, megabytes = map(float, done.stdout.split())  # of processor time: others may be at work on the machine
    assert seconds < 2
    assert megabytes < 300
