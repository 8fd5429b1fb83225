"""The digest of a project's labels: what changes it, and when the local copy is read for it."""

from __future__ import annotations

import pytest

from tests.label_studio import TOKEN
from tests.labelstudio.rig import CONFIG, add_tasks, annotate
from workbench_labelstudio.http.connection import Connection
from workbench_labelstudio.http.credentials import Credentials
from workbench_labelstudio.project.project import read_project
from workbench_labelstudio.pull.label_digest import LabelDigest, label_digest
from workbench_labelstudio.pull.mirror import Mirror
from workbench_labelstudio.pull.pull import pull


@pytest.fixture
def mirror(tmp_path):
    mirror = Mirror(tmp_path / "mirror")
    yield mirror
    mirror.close()


@pytest.fixture
def computed(monkeypatch):
    """The digests that were computed, not remembered."""
    found = []

    def compute(*about):
        found.append(label_digest(*about))
        return found[-1]

    monkeypatch.setattr("workbench_labelstudio.pull.label_digest.label_digest", compute)
    return found


def test_the_copy_is_read_when_a_label_changed_here_or_elsewhere_and_only_then(label_studio, mirror, computed):
    project = label_studio.project(CONFIG)
    with label_studio.http() as http, Connection(Credentials(label_studio.url, TOKEN)) as connection:
        first, second = add_tasks(http, project, ["where is parcel 1", "退款"])
        labels = LabelDigest(mirror)

        def look(local=mirror):
            pull(connection, read_project(connection, project), local)
            return labels.compute(CONFIG)

        digests = [look()]
        annotate(http, first, "delivery")
        digests += [look(), look(), look()]
        assert len(computed) == 2
        annotate(http, second, "退款")
        other = Mirror(mirror.folder)  # as a run's import does, which leaves nothing to the next look
        digests.append(look(other))
        other.close()
        digests.append(look())
        assert len(computed) == 3
    assert [count for _, count in digests] == [0, 1, 1, 1, 2, 2]
    assert len({digest for digest, _ in digests}) == 3
    assert digests[-1] == label_digest(mirror, CONFIG)
    assert labels.compute(CONFIG.replace("delivery", "parcels"))[0] != digests[-1][0]
