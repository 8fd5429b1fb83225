"""`workbench predict` and `open_bundle`, each in a process of its own, as a user meets them."""

from __future__ import annotations

import io
import itertools
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.bundles import write_bundle
from workbench import WorkbenchError, open_bundle
from workbench.nouns.model import Model
from workbench.nouns.predictor import Prediction, Predictor
from workbench_serve.predict_command import BLOCK, PredictionWriter, lines


def parse(output: bytes) -> list[dict]:
    return [json.loads(line) for line in output.splitlines()]


def test_texts_of_the_command_line_are_answered_in_their_order(workbench, bundle):
    done = workbench("predict", bundle.path, "give me my money back", "我的快递到哪了")
    assert done.exit_code == 0
    rows = [line.split("\t") for line in done.stdout_bytes.decode().splitlines()]
    assert [row[0] for row in rows] == ["退款", "delivery"]
    assert [row[2] for row in rows] == ["give me my money back", "我的快递到哪了"]
    assert all(0.99 < float(score) <= 1 for _, score, _ in rows)
    assert done.stderr_bytes == b""


def test_json_lines_hold_the_text_and_the_whole_answer(workbench, bundle):
    (row,) = parse(workbench("predict", bundle.path, "--json", "--top", 2, "退款").stdout_bytes)
    (expected,) = open_bundle(bundle.path).predict(["退款"], top=2)
    assert row == {"text": "退款", **expected.to_json()}
    assert [entry["intent"] for entry in row["top"]] == ["退款", "delivery"]


def test_top_gives_a_line_for_each_intent(workbench, bundle):
    lines = workbench("predict", bundle.path, "--top", 5, "where").stdout_bytes.decode().splitlines()
    assert [line.split("\t")[0] for line in lines] == ["delivery", "退款"]


@pytest.mark.parametrize("dash", [["-"], []])
def test_each_line_of_standard_input_is_a_text(workbench, bundle, dash):
    stdin = "\ufeffwhere is my parcel\r\n要退款\nlast\u2028line".encode()
    rows = parse(workbench("predict", bundle.path, "--json", *dash, stdin=stdin).stdout_bytes)
    assert [row["text"] for row in rows] == ["where is my parcel", "要退款", "last\u2028line"]
    assert [row["intents"] for row in rows[:2]] == [["delivery"], ["退款"]]


def test_a_line_without_an_answer_keeps_its_place_and_loses_no_other(workbench, bundle):
    stdin = b"refund\n\xff\xfe\n \xe2\x80\x8b\t\n<p>&nbsp;</p>\nwhere\n"
    done = workbench("predict", bundle.path, "-", "--json", stdin=stdin)
    rows = parse(done.stdout_bytes)
    assert [row.get("intents") for row in rows] == [["退款"], None, None, None, ["delivery"]]
    assert [row.get("error") for row in rows[1:4]] == ["is not UTF-8", "is blank", "is blank"]
    assert done.exit_code == 1
    assert done.stderr_bytes.decode() == "Error: 3 of 5 lines have no prediction; the first: line 2 is not UTF-8\n"


def test_for_people_a_line_without_an_answer_is_empty_in_front(workbench, bundle):
    done = workbench("predict", bundle.path, "", "two\nlines")
    assert done.stdout_bytes.decode().splitlines()[0] == "\t\t"
    assert done.stdout_bytes.decode().splitlines()[1].endswith("\ttwo lines")
    assert done.exit_code == 1
    assert b"1 of 2 texts have no prediction; the first: text 1 is blank" in done.stderr_bytes


def test_odd_characters_come_back_as_they_were_under_any_locale(bundle):
    texts = ["a\x00b refund", "👩‍👩‍👧 refund", "ре\u0301фунд", "\x1b[31m refund"]
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "workbench", "predict", str(bundle.path), "--json"]
    done = subprocess.run(command, input="\n".join(texts).encode(), capture_output=True, timeout=30, env=environment)
    assert [row["text"] for row in parse(done.stdout)] == texts
    assert done.returncode == 0


def test_no_lines_have_no_answers(workbench, bundle):
    done = workbench("predict", bundle.path, "-")
    assert (done.exit_code, done.stdout_bytes, done.stderr_bytes) == (0, b"", b"")


def test_threads_change_no_answer(workbench, bundle):
    stdin = "\n".join(f"where is parcel {n} " + "money back " * (n % 3) for n in range(100)).encode()
    outputs = {workbench("predict", bundle.path, "--json", "--threads", n, stdin=stdin).stdout_bytes for n in (1, 4)}
    assert len(outputs) == 1
    assert len(parse(outputs.pop())) == 100


def test_a_line_is_answered_before_the_next_one_comes(bundle):
    command = [sys.executable, "-m", "workbench", "predict", str(bundle.path), "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        watchdog = threading.Timer(20, process.kill)
        watchdog.start()
        for text, intent in (("refund", "退款"), ("where", "delivery")):
            process.stdin.write(f"{text}\n".encode())
            process.stdin.flush()
            assert process.stdout.readline().decode().startswith(intent)
        process.stdin.close()
        assert process.wait(30) == 0
        watchdog.cancel()


def test_an_endless_stream_is_read_in_small_parts():
    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            buffer[:] = (b"where is my parcel\n" * (len(buffer) // 19 + 1))[: len(buffer)]
            return len(buffer)

    chunks = list(itertools.islice(lines(io.BufferedReader(Endless())), 50))
    assert max(sum(map(len, chunk)) for chunk in chunks) <= BLOCK


@pytest.mark.parametrize("text", [b"", b"\n", b"one", b"one\n", b"one\n\ntwo", b"a\r\n", b"x" * 200_000 + b"\ny\n" * 9])
def test_lines_are_those_of_the_stream_however_they_come(text):
    found = [line for chunk in lines(io.BufferedReader(io.BytesIO(text), 7)) for line in chunk]
    assert found == text.split(b"\n")[: len(text.splitlines())]


def test_the_reader_may_go_away(bundle):
    command = f"yes refund | {sys.executable} -m workbench predict {bundle.path} - | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=30)
    assert done.stdout.decode().startswith("退款")
    assert done.stderr == b""


def test_predict_answers_with_a_bundle_that_the_gate_refused(workbench, tmp_path):
    refused = write_bundle(tmp_path / "refused", gate={"accepted": False, "figures": []})
    assert workbench("predict", refused.path, "refund").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["nowhere", "x"], 1, "Error: nowhere: there is no such bundle or run folder. List runs: workbench runs.\n"),
        ([".", "x"], 1, "Error: .: is not a bundle: bundle.json is missing"),
        (["BUNDLE", "x", "--top", "0"], 2, "0 is not in the range"),
        (["BUNDLE", "x", "--threads", "0"], 2, "0 is not in the range"),
        ([], 2, "Missing argument 'BUNDLE'"),
    ],
)
def test_what_cannot_be_is_one_line_and_an_exit_code(workbench, bundle, tmp_path, monkeypatch, arguments, code, line):
    monkeypatch.chdir(tmp_path)
    done = workbench("predict", *[str(bundle.path) if part == "BUNDLE" else part for part in arguments])
    assert done.exit_code == code
    assert line in done.stderr_bytes.decode()
    assert b"Traceback" not in done.stderr_bytes
    assert done.stdout_bytes == b""


DOOR = """
import sys
import threading
from pathlib import Path
from workbench import open_bundle
answers = open_bundle(sys.argv[1]).predict(["give me my money back", "我的快递"])
heavy = {"torch", "transformers", "onnx", "optimum", "sklearn", "pandas", "fastapi", "uvicorn"} & set(sys.modules)
print([answer.intents for answer in answers], sorted(heavy))
"""


def test_the_python_door_answers_without_torch_and_transformers(bundle):
    done = subprocess.run([sys.executable, "-c", DOOR, str(bundle.path)], capture_output=True, text=True, timeout=30)
    assert done.stdout == "[('退款',), ('delivery',)] []\n", done.stderr


def test_levels_of_an_intent_are_joined_for_people():
    class Deep(Predictor):
        def predict(self, texts, *, top):
            return [Prediction((("a", "b"),), 0.9, ((("a", "b"), 0.9),)) for _ in texts]

    predictor = Deep(Model(Path(), "onnx", "intent", (("a", "b"),), max_length=8))
    assert list(PredictionWriter(predictor, 1, False, "text").lines([b"x"])) == ["a › b\t0.9000\tx\n".encode()]


def test_a_bundle_whose_weights_are_no_numbers_gives_no_answer(tmp_path):
    broken = write_bundle(tmp_path / "broken", scale=float("nan"))
    with pytest.raises(WorkbenchError, match="not finite"):
        open_bundle(broken.path).predict(["refund"])


def test_the_temperature_of_the_bundle_is_applied(bundle, tmp_path):
    soft = write_bundle(tmp_path / "soft", temperature=5.0)
    (sharp,), (softer,) = open_bundle(bundle.path).predict(["refund"]), open_bundle(soft.path).predict(["refund"])
    assert sharp.score > softer.score > 0.5
