"""Check an installation without extras: predict, serve and open_bundle answer, and torch is not there.

    python tests/base_install.py BUNDLE

Run with the interpreter of the environment to check; it needs the standard library alone. `.ci/run` calls it.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import urllib.request

COMMAND = [sys.executable, "-P", "-m", "workbench"]
TEXT = "give me my money back"
HEAVY = ("torch", "transformers", "onnx", "optimum", "sklearn", "datasets")


def main(bundle: str) -> None:
    there = [name for name in HEAVY if importlib.util.find_spec(name)]
    assert not there, f"the base install brings {there}"
    said = subprocess.run(
        [*COMMAND, "predict", bundle, TEXT, "--json"], check=True, capture_output=True, text=True
    ).stdout
    assert json.loads(said)["intents"] == ["退款"], said
    code = f"from workbench import open_bundle; print(open_bundle({bundle!r}).predict([{TEXT!r}])[0].intents[0])"
    said = subprocess.run([sys.executable, "-P", "-c", code], check=True, capture_output=True, text=True).stdout
    assert said.strip() == "退款", said
    with subprocess.Popen(
        [*COMMAND, "serve", bundle, "--port", "0", "--ungated"], stderr=subprocess.PIPE, text=True
    ) as server:
        url = next(found.group() for line in server.stderr if (found := re.search(r"http://[\d.]+:\d+", line)))
        body = json.dumps({"text": TEXT}).encode()
        request = urllib.request.Request(f"{url}/predict", body, {"Content-Type": "application/json"})
        answer = json.loads(urllib.request.urlopen(request, timeout=30).read())
        assert urllib.request.urlopen(f"{url}/docs", timeout=30).status == 200
        server.terminate()
    assert answer["intents"] == ["退款"], answer
    assert server.returncode == 0
    trained = subprocess.run(
        [*COMMAND, "train", ".", "--use", "probe", "-o", "nowhere"], capture_output=True, text=True
    )
    assert trained.returncode == 1, trained.stderr
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main(sys.argv[1])
