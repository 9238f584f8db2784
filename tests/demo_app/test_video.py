"""A clip over HTTP: enlarged as the sdk does it, resumed, and refused where it is none."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest

import nitido
from nitido.clips import Clip

from .conftest import Server, finished, noisy, png

pytest.importorskip("av", reason="needs PyAV, of the extra video")
MP4 = {"content-type": "video/mp4"}
PLACE = "+47.1234+008.5678/"


def placed(file: Path) -> bytes:
    """The clip with a place, as phones write it."""
    import av

    buffer = io.BytesIO()
    with av.open(str(file)) as source, av.open(buffer, "w", format="mp4") as target:
        target.metadata["location"] = PLACE
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return buffer.getvalue()


def metadata(data: bytes) -> dict[str, str]:
    import av

    with av.open(io.BytesIO(data)) as container:
        return dict(container.metadata)


def test_a_clip_is_enlarged_and_says_where_it_was_made_only_when_asked(
    client: httpx.Client, make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    sent = placed(make_clip(frames=4, size=(90, 160)))
    assert metadata(sent)["location"] == PLACE
    job = client.post("/api/video?target=360", content=sent, headers=MP4).json()
    done = finished(client, job["id"])
    assert (done["state"], done["message"]) == ("done", "4 frames"), done
    result = client.get(done["result"])
    assert result.headers["content-type"] == "video/mp4"
    assert not any("location" in name for name in metadata(result.content))
    kept = client.get(f"{done['result']}?location=keep").content
    assert metadata(kept)["location"] == PLACE
    assert len(kept) == len(result.content)
    (tmp_path / "result.mp4").write_bytes(result.content)
    with Clip(tmp_path / "result.mp4") as clip:
        shown = [frame.pixels for frame in clip]
    (tmp_path / "sent.mp4").write_bytes(sent)
    upscaler = nitido.VideoUpscaler.open(target=360, fast=True)
    with Clip(tmp_path / "sent.mp4") as clip:
        expected = [upscaler(frame.pixels) for frame in clip]
    assert [frame.shape for frame in shown] == [(360, 640, 3)] * 4
    worst = max(float(np.abs(a.astype(float) - b).mean()) for a, b in zip(shown, expected, strict=True))
    assert worst < 4  # what H.264 at CRF 18 changes


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", MP4, 400),
        (b"no clip, but words", MP4, 415),
        (b"#EXTM3U\nfile:///etc/passwd\n", MP4, 415),
        (b"ffconcat version 1.0\nfile '/etc/passwd'\n", MP4, 415),
        (png(noisy()), MP4, 415),
        (b"\0\0\0\x18ftypisom" + bytes(100), MP4, 415),
        (b"\x1a\x45\xdf\xa3" + bytes(100), MP4, 415),
        (b"\0\0\0\x18ftypisom", {"content-type": "text/plain"}, 415),
    ],
    ids=["empty", "words", "playlist", "concat", "photo", "cut-mp4", "cut-matroska", "type"],
)
def test_what_is_no_clip_is_refused_in_words(
    server: Server, client: httpx.Client, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = client.post("/api/video", content=body, headers=headers)
    assert (answer.status_code, "expected" in answer.json()["message"]) == (status, True)
    assert str(server.state) not in answer.text
    assert list((server.state / "uploads").iterdir()) == []


def test_a_target_below_the_clip_and_frames_of_odd_shape_are_refused(
    client: httpx.Client, make_clip: Callable[..., Path]
) -> None:
    large = make_clip(frames=1, size=(400, 410)).read_bytes()
    assert client.post("/api/video?target=360", content=large, headers=MP4).status_code == 422
    thin = make_clip(frames=1, size=(32, 320)).read_bytes()
    assert client.post("/api/video?target=1080", content=thin, headers=MP4).status_code == 413
