"""A bundle is opened only if it is whole and exactly what was sealed; every other one is a line that names the file."""

from __future__ import annotations

import json

import pytest

from tests.bundles import FILES, INTENTS, write_bundle
from workbench.errors import WorkbenchError
from workbench.io.digests import digest_file
from workbench.nouns.bundle import CARD, FORMAT, MANIFEST, Bundle
from workbench.serving.open import open_bundle


@pytest.fixture
def folder(tmp_path):
    return write_bundle(tmp_path / "bundle").path


def refusal(folder) -> str:
    with pytest.raises(WorkbenchError) as caught:
        Bundle.load(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


def rewrite(folder, change) -> None:
    about = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    change(about)
    (folder / MANIFEST).write_text(json.dumps(about), encoding="utf-8")


def test_what_was_saved_is_loaded(tmp_path):
    figure = {"name": "max_size_mb", "value": 30.0, "limit": 25.0, "unit": "MB", "kept": False}
    saved = write_bundle(
        tmp_path / "b",
        temperature=1.5,
        metrics={"dev": {"accuracy": 0.9}},
        machine={"cpu": "x"},
        gate={"accepted": False, "figures": [figure]},
    )
    loaded = Bundle.load(tmp_path / "b")
    assert loaded == saved
    assert loaded.model.intents == INTENTS
    assert loaded.accepted is False
    assert loaded.size() == sum(path.stat().st_size for path in (tmp_path / "b").iterdir())


def test_a_hierarchical_intent_comes_back_as_a_tuple(folder):
    rewrite(folder, lambda about: about["model"].update(intents=[["complaint", "late"], "refund"]))
    assert Bundle.load(folder).model.intents == (("complaint", "late"), "refund")


def test_the_gate_has_three_answers(tmp_path):
    verdicts = {None: None, True: {"accepted": True, "figures": []}, False: {"accepted": False, "figures": []}}
    for verdict, gate in verdicts.items():
        assert write_bundle(tmp_path / str(verdict), gate=gate).accepted is verdict


def test_the_same_bundle_has_the_same_id_in_another_folder_and_another_one_has_another(tmp_path):
    one, same = write_bundle(tmp_path / "one"), write_bundle(tmp_path / "same")
    assert one.id == same.id
    others = {write_bundle(tmp_path / "other", scale=2.0).id, write_bundle(tmp_path / "warm", temperature=2.0).id}
    assert len(others | {one.id}) == 3


@pytest.mark.parametrize("name", [*FILES, CARD])
@pytest.mark.parametrize("position", [0, -1])
def test_a_flipped_byte_in_any_file_is_found(folder, name, position):
    content = bytearray((folder / name).read_bytes())
    content[position] ^= 1
    (folder / name).unlink()
    (folder / name).write_bytes(content)
    message = refusal(folder)
    assert f"{folder / name}: has sha256" in message
    assert f"but {MANIFEST} lists" in message


@pytest.mark.parametrize("name", [*FILES, CARD])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    assert f"{folder / name}: is missing" in refusal(folder)


@pytest.mark.parametrize("name", [*FILES, CARD])
def test_a_link_is_no_file_of_a_bundle(folder, tmp_path, name):
    (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    assert f"{folder / name}: is missing, or is not a regular file" in refusal(folder)


def test_the_manifest_is_no_link_either(folder, tmp_path):
    (folder / MANIFEST).rename(tmp_path / "elsewhere")
    (folder / MANIFEST).symlink_to(tmp_path / "elsewhere")
    assert "not a regular file" in refusal(folder)


@pytest.mark.parametrize("name", ["model.onnx.data", "evil.pkl", ".hidden"])
def test_an_extra_file_is_named(folder, name):
    (folder / name).write_bytes(b"x")
    message = refusal(folder)
    assert f"{folder / name}: does not belong to a bundle" in message
    assert "Remove the file" in message


def test_an_extra_folder_is_named(folder):
    (folder / "more").mkdir()
    assert f"{folder / 'more'}: does not belong" in refusal(folder)


OUTSIDE = ["../outside.bin", "..", ".", "", "more/inside.bin", "/outside.bin", MANIFEST]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_manifest_cannot_name_what_is_no_file_of_its_folder(folder, name):
    (folder.parent / "outside.bin").write_bytes(b"x")
    entry = {"sha256": digest_file(folder.parent / "outside.bin"), "bytes": 1}
    rewrite(folder, lambda about: about["files"].update({name: entry}))
    assert f"{folder / MANIFEST}: lists {name!r}" in refusal(folder)


@pytest.mark.parametrize("name", [*FILES, CARD])
def test_a_file_that_the_manifest_does_not_name(folder, name):
    rewrite(folder, lambda about: about["files"].pop(name))
    assert f"{folder / name}: does not belong to a bundle: {MANIFEST} does not list" in refusal(folder)


def test_a_manifest_cannot_bring_more_files_than_its_runtime_names(folder, host):
    (folder / "more.bin").write_bytes(b"x")
    entry = {"sha256": digest_file(folder / "more.bin"), "bytes": 1}
    rewrite(folder, lambda about: about["files"].update({"more.bin": entry}))
    with pytest.raises(WorkbenchError, match=r"more.bin: does not belong to a bundle of the format 'onnx'"):
        open_bundle(folder, host=host)


@pytest.mark.parametrize("name", FILES)
def test_a_manifest_cannot_leave_out_a_file_that_its_runtime_names(folder, host, name):
    (folder / name).unlink()
    rewrite(folder, lambda about: about["files"].pop(name))
    with pytest.raises(WorkbenchError, match=f"{name}: is missing from the manifest of the format 'onnx'"):
        open_bundle(folder, host=host)


def test_a_newer_format_says_what_to_do(folder):
    rewrite(folder, lambda about: about.update(format=FORMAT + 1))
    message = refusal(folder)
    assert f"has bundle format {FORMAT + 1}; this program reads formats up to {FORMAT}" in message
    assert "pip install -U intent-workbench" in message


def test_a_newer_model_format_says_what_to_do(folder):
    rewrite(folder, lambda about: about["model"].update(format_number=99))
    assert "has model format 99" in refusal(folder)


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path):
    assert f"{tmp_path}: is not a bundle: {MANIFEST} is missing" in refusal(tmp_path)


@pytest.mark.parametrize("cut", [0, 1, 0.5, -2])
def test_a_truncated_manifest_is_named(folder, cut):
    content = (folder / MANIFEST).read_bytes()
    (folder / MANIFEST).write_bytes(content[: int(len(content) * cut) if isinstance(cut, float) else cut])
    assert f"{folder / MANIFEST}: is not readable JSON" in refusal(folder)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 200_000, b'{"format": 1', b"\x00"])
def test_a_manifest_that_is_no_json_is_named(folder, content):
    (folder / MANIFEST).write_bytes(content)
    assert f"{folder / MANIFEST}: is not readable JSON" in refusal(folder)


@pytest.mark.parametrize(
    "content", ["[]", "3", "null", "{}", '"text"', '{"format": "1"}', '{"format": true}', '{"format": 1.0}']
)
def test_json_that_is_no_manifest_is_named(folder, content):
    (folder / MANIFEST).write_text(content, encoding="utf-8")
    assert str(folder / MANIFEST) in refusal(folder)


WRONG = {
    "model": [None, [], "model"],
    "temperature": ["1.0", None, 0, -1, float("nan"), float("inf"), 10**400, True],
    "metrics": [None, [], 1],
    "machine": [None, "cpu"],
    "gate": [
        "accepted",
        [],
        {},
        {"accepted": "yes", "figures": []},
        {"accepted": True},
        {"accepted": False, "figures": [1]},
        {"accepted": False, "figures": [{"name": "x"}]},
    ],
    "files": [None, [], ["model.onnx"], {"model.onnx": "abc"}, {"model.onnx": {"sha256": 3, "bytes": 1}}],
    "model.intents": ["refund", None, [1], [None], [[1]], [[]], {}],
    "model.max_length": ["64", None, 64.0, True],
    "model.prefix": [None, 1],
    "model.normalization": [None, 3, "repair-1", [3], [""]],
    "model.rows_per_call": ["1", 1.5, True],
    "model.history": [None, {}],
    "model.format_number": ["1", None],
    "model.format": [None, 1],
    "model.task": [None],
    "model.pooling": [False],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in WRONG.items() for value in values])
def test_a_value_of_the_wrong_type_is_one_line_that_names_the_key_and_the_file(folder, key, value):
    outer, _, inner = key.partition(".")

    def change(about):
        (about[outer] if inner else about)[inner or outer] = value

    rewrite(folder, change)
    message = refusal(folder)
    assert str(folder / MANIFEST) in message
    assert (inner or outer) in message


@pytest.mark.parametrize("key", sorted(WRONG))
def test_a_missing_value_is_named(folder, key):
    outer, _, inner = key.partition(".")
    rewrite(folder, lambda about: (about[outer] if inner else about).pop(inner or outer))
    message = refusal(folder)
    assert f"{inner or outer!r}" in message
    assert "is missing" in message
    assert str(folder / MANIFEST) in message
