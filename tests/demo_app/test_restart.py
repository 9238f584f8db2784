"""Jobs survive the server: killed in mid-job, it resumes or says so, and photos are as they were."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nitido import cli
from nitido.errors import InvalidOption
from nitido_demo.serving import Options, prepare

from .conftest import SAMPLES, Server, finished, start, wait_until


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(SAMPLES / "astronaut_noise.png", folder)
    return folder


def kill(server: Server) -> None:
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()


def one_id(server: Server) -> str:
    with server.client() as client:
        return str(wait_until(lambda: client.get("/api/suggest").json()["photos"])[0]["id"])


def test_a_job_that_kill_9_interrupted_resumes_and_then_is_reported(photos: Path, tmp_path: Path) -> None:
    original = (photos / "astronaut_noise.png").read_bytes()
    state = tmp_path / "state"
    first = start(photos, state)
    with first.client() as client:
        path = f"/api/photos/{one_id(first)}/enhance"
        jobs = [client.post(path, json={"strengths": {"denoise": 1}}).json()["id"] for _ in range(3)]
        wait_until(lambda: client.get(f"/api/jobs/{jobs[0]}").json()["state"] != "waiting")
        kill(first)
    second = start(photos, state)
    with second.client() as client:
        assert [finished(client, job)["state"] for job in jobs] == ["done"] * 3
        assert client.get(f"/api/jobs/{jobs[0]}/result").status_code == 200
    second.process.terminate()
    second.process.wait(timeout=30)
    assert (photos / "astronaut_noise.png").read_bytes() == original
    assert [file.name for file in photos.iterdir()] == ["astronaut_noise.png"]


def test_a_job_during_which_the_server_died_twice_is_given_up(photos: Path, tmp_path: Path) -> None:
    from nitido_demo.events import Events
    from nitido_demo.jobs import Jobs
    from nitido_demo.settings import Limits
    from nitido_demo.store import Store

    store = Store(tmp_path / "state" / "demo.sqlite")
    job = ""
    for attempt in range(1, 3):
        jobs = Jobs(store, tmp_path / "state" / "jobs", Limits(), Events())
        jobs.recover()
        job = job or jobs.add("enhance", {}, photo="0123456789abcdef").id
        taken = jobs.take()
        assert taken is not None
        assert (taken.id, taken.attempts) == (job, attempt)
    jobs.recover()
    assert jobs.get(job).state == "failed"
    assert "more than once" in jobs.get(job).message
    assert jobs.take() is None


def test_stopping_in_order_does_not_count_as_an_attempt(tmp_path: Path) -> None:
    from nitido_demo.events import Events
    from nitido_demo.jobs import Jobs
    from nitido_demo.settings import Limits
    from nitido_demo.store import Store

    jobs = Jobs(Store(tmp_path / "demo.sqlite"), tmp_path / "jobs", Limits(), Events())
    job = jobs.add("enhance", {}, photo="0123456789abcdef")
    for _ in range(3):
        taken = jobs.take()
        assert taken is not None
        assert (taken.state, taken.attempts) == ("running", 1)
        jobs.put_back(job.id)
        assert jobs.get(job.id).state == "waiting"


def test_sigterm_ends_the_server_although_a_page_listens(photos: Path, tmp_path: Path) -> None:
    server = start(photos, tmp_path / "state")
    with server.client() as client, client.stream("GET", "/api/events") as news:
        next(news.iter_lines())
        server.process.terminate()
        assert server.process.wait(timeout=30) is not None
    assert server.process.stderr is not None
    assert "Traceback" not in server.process.stderr.read()


def test_wrong_options_are_told_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nitido.cli", "demo", "--photos", str(tmp_path / "missing")]
    result = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("nitido demo: expected a folder of photos")


def test_without_its_packages_the_command_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "nitido_demo.serving", None)
    assert cli.main(["demo"]) == 2
    assert "pip install 'nitido[demo]'" in capsys.readouterr().err


def test_without_photos_there_is_a_copy_of_the_samples(tmp_path: Path) -> None:
    settings = prepare(Options(state=str(tmp_path)))
    assert settings.token is None
    assert settings.photos == tmp_path / "samples"
    assert (settings.photos / "chelsea_jpeg.jpg").read_bytes() == (SAMPLES / "chelsea_jpeg.jpg").read_bytes()


def test_every_other_host_gets_a_token_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    options = Options(photos=str(tmp_path / "photos"), host="0.0.0.0", state=str(tmp_path / "state"))
    tokens = {prepare(options).token for _ in range(2)}
    assert None not in tokens
    assert len(tokens) == 2


@pytest.mark.parametrize(
    "wrong", [{"token": "short"}, {"certificate": "own.pem"}, {"state": "photos/state"}, {"photos": "none"}]
)
def test_options_that_cannot_work_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    with pytest.raises(InvalidOption):
        prepare(Options(**{"photos": "photos", "state": "state"} | wrong))
    assert [file.name for file in tmp_path.iterdir()] == ["photos"]
