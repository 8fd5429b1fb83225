"""The digest of a project's labels: what changes it, and when the local copy is read for it."""

from __future__ import annotations

from contextlib import closing

import pytest

from tests.label_studio import TOKEN
from tests.labelstudio.rig import CONFIG, add_tasks, annotate
from workbench_labelstudio.http.connection import Connection
from workbench_labelstudio.http.credentials import Credentials
from workbench_labelstudio.project.project import read_project
from workbench_labelstudio.pull.mirror import Mirror
from workbench_labelstudio.pull.pull import pull


@pytest.fixture
def read(monkeypatch):
    """The folders of the copies whose tasks were read."""
    found, tasks = [], Mirror.tasks

    def reading(self):
        found.append(self.folder)
        return tasks(self)

    monkeypatch.setattr(Mirror, "tasks", reading)
    return found


def test_the_copy_is_read_when_a_label_changed_here_or_elsewhere_and_only_then(label_studio, read, tmp_path):
    project = label_studio.project(CONFIG)
    with label_studio.http() as http, Connection(Credentials(label_studio.url, TOKEN)) as connection:
        first, second = add_tasks(http, project, ["where is parcel 1", "退款"])

        def look(folder="mirror"):
            with closing(Mirror(tmp_path / folder)) as mirror:
                return pull(connection, read_project(connection, project), mirror).labels

        looks = [look()]
        annotate(http, first, "delivery")
        looks += [look(), look(), look()]
        assert len(read) == 2
        annotate(http, second, "退款")
        looks += [look(), look()]  # each in a copy that was opened anew, as a run's import does
        assert len(read) == 3
        assert look("another") == looks[-1]
        http.patch(f"/api/projects/{project}", json={"label_config": CONFIG.replace("delivery", "parcels")})
        looks.append(look())
    assert [labels.labelled for labels in looks] == [0, 1, 1, 1, 2, 2, 2]
    assert len({labels.digest for labels in looks}) == 4
