"""The API with a real server: what it answers equals what the sdk computes."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

import nitido

from .conftest import SAMPLES, Server, finished, noisy, png, wait_until

PhotoOf = Callable[[str], str]


def image(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_assessing_equals_the_trigger(client: httpx.Client) -> None:
    found = client.post(
        "/api/assess",
        content=(SAMPLES / "chelsea_jpeg.jpg").read_bytes(),
        headers={"content-type": "image/jpeg"},
    ).json()
    own = nitido.Trigger.open()(nitido.read_photo(SAMPLES / "chelsea_jpeg.jpg").pixels)
    assert found["score"] == pytest.approx(own.score, abs=1e-5)
    assert found["crossed"] == list(own.crossed) == ["deartifact"]
    assert found["reason"].startswith("compressed: +")


def test_suggestions_come_by_benefit_with_their_reason(client: httpx.Client) -> None:
    found = client.get("/api/suggest").json()
    scores = [photo["score"] for photo in found["photos"]]
    assert scores == sorted(scores, reverse=True)
    assert (found["total"], len(found["photos"])) == (4, 4)
    first = found["photos"][0]
    assert (first["name"], first["crossed"][0]) == ("astronaut_noise.png", "denoise")
    assert first["reason"].startswith("noisy: +")
    assert client.get("/api/suggest?offset=1&limit=1").json()["photos"] == found["photos"][1:2]


def test_enhancing_with_strengths_equals_the_restorer(client: httpx.Client) -> None:
    pixels = noisy()
    job = client.post(
        "/api/enhance?denoise=0.5", content=png(pixels), headers={"content-type": "image/png"}
    ).json()
    done = finished(client, job["id"])
    result = client.get(done["result"])
    assert done["details"]["strength"] == {"denoise": 0.5}
    assert result.headers["content-type"] == "image/png"
    assert np.array_equal(image(result.content), nitido.Restorer.open()(pixels, {"denoise": 0.5}))


def test_without_strengths_the_trigger_decides_and_leaves_a_fine_photo_alone(client: httpx.Client) -> None:
    data = (SAMPLES / "coffee_sharp.jpg").read_bytes()
    job = client.post("/api/enhance", content=data, headers={"content-type": "image/jpeg"}).json()
    done = finished(client, job["id"])
    assert (done["state"], done["details"]["applied"]) == ("done", False)
    assert client.get(f"{done['result']}?location=keep").content == data


def test_upscaling_equals_the_enlarger(client: httpx.Client) -> None:
    pixels = noisy(24, 32)
    job = client.post(
        "/api/upscale?scale=2", content=png(pixels), headers={"content-type": "image/png"}
    ).json()
    result = client.get(finished(client, job["id"])["result"])
    expected = nitido.Enlarger.open()(pixels, nitido.Size(scale=2))
    assert np.array_equal(image(result.content), expected)


def test_sharing_fits_the_budget_learned_or_not(client: httpx.Client, photo_of: PhotoOf) -> None:
    photo, sizes = photo_of("coffee_sharp.jpg"), set()
    for method in ("learned", "lanczos"):
        wish = {"long_side": 300, "max_bytes": 9000, "detail": 1, "method": method}
        done = finished(client, client.post(f"/api/photos/{photo}/share", json=wish).json()["id"])
        details, file = done["details"], client.get(done["result"])
        assert details["fits"]
        assert 7000 < len(file.content) == details["bytes"] <= 9000
        assert image(file.content).shape == (details["height"], details["width"], 3)
        assert max(details["width"], details["height"]) == 300
        sizes.add(file.content)
        refused = client.post(f"/api/photos/{photo}/version", json={"job": done["id"]})
        assert refused.status_code == 409
    assert len(sizes) == 2


@pytest.mark.parametrize("method", ["learned", "lanczos"])
def test_transparency_is_refused_in_jpeg_and_kept_in_webp_either_way(
    client: httpx.Client, method: str
) -> None:
    alpha = np.full((48, 64, 1), 255, np.uint8)
    alpha[:24] = 0
    body, headers = png(np.concatenate([noisy(), alpha], axis=2)), {"content-type": "image/png"}
    asked = f"/api/share?long_side=32&method={method}"
    told = finished(client, client.post(asked, content=body, headers=headers).json()["id"])
    assert (told["state"], "JPEG has no transparency" in told["message"]) == ("failed", True)
    done = finished(client, client.post(f"{asked}&codec=webp", content=body, headers=headers).json()["id"])
    shared = Image.open(io.BytesIO(client.get(done["result"]).content))
    assert (shared.mode, shared.size, shared.getchannel("A").getextrema()) == ("RGBA", (32, 24), (0, 255))


def test_a_budget_that_no_quality_meets_is_told_with_the_smallest_file(client: httpx.Client) -> None:
    headers = {"content-type": "image/png"}
    asked = "/api/share?max_bytes=1000&codec=webp&long_side=8192"
    done = finished(client, client.post(asked, content=png(noisy(200, 300)), headers=headers).json()["id"])
    assert not done["details"]["fits"]
    assert "the smallest there is" in done["message"]
    assert client.get(done["result"]).headers["content-type"] == "image/webp"
    assert (done["details"]["width"], done["details"]["height"]) == (300, 200)


def test_an_accepted_version_lies_beside_its_photo_and_goes_again(
    server: Server, client: httpx.Client, photo_of: PhotoOf
) -> None:
    original = server.photos / "coffee_small.png"
    before, id_ = original.read_bytes(), photo_of("coffee_small.png")
    job = client.post(f"/api/photos/{id_}/enhance", json={"strengths": {"denoise": 1}}).json()
    done = finished(client, job["id"])
    stored = client.post(f"/api/photos/{id_}/version", json={"job": done["id"]}).json()["stored"]
    version = server.photos / stored
    assert version.name == "coffee_small.nitido.png"
    assert nitido.read_photo(version).metadata.exif is not None  # it is marked as enhanced
    assert client.get(f"/api/photos/{id_}").json()["accepted"]
    client.post("/api/scan")
    assert client.get("/api/suggest").json()["total"] == 4  # the version is no photo of its own
    assert client.delete(f"/api/photos/{id_}/version").status_code == 200
    assert (version.exists(), original.read_bytes()) == (False, before)
    assert client.delete(f"/api/photos/{id_}/version").status_code == 409


def test_another_version_takes_the_place_of_the_first(
    server: Server, client: httpx.Client, photo_of: PhotoOf
) -> None:
    id_, before = photo_of("coffee_small.png"), set(server.photos.iterdir())
    stored = []
    for strength in (0.5, 1.0):
        job = client.post(f"/api/photos/{id_}/enhance", json={"strengths": {"denoise": strength}}).json()
        done = finished(client, job["id"])
        stored.append(client.post(f"/api/photos/{id_}/version", json={"job": done["id"]}).json()["stored"])
    assert set(server.photos.iterdir()) - before == {server.photos / stored[1]}
    other = photo_of("coffee_sharp.jpg")
    assert client.post(f"/api/photos/{other}/version", json={"job": done["id"]}).status_code == 409
    client.delete(f"/api/photos/{id_}/version")
    assert set(server.photos.iterdir()) == before


def test_a_version_that_somebody_changed_is_not_taken_away(
    server: Server, client: httpx.Client, photo_of: PhotoOf
) -> None:
    id_ = photo_of("coffee_small.png")
    job = client.post(f"/api/photos/{id_}/upscale", json={"scale": 1.5}).json()
    done = finished(client, job["id"])
    stored = client.post(f"/api/photos/{id_}/version", json={"job": done["id"]}).json()["stored"]
    file = server.photos / stored
    whole = file.read_bytes()
    file.write_bytes(b"somebody's own")
    refused = client.delete(f"/api/photos/{id_}/version")
    assert (refused.status_code, file.read_bytes()) == (409, b"somebody's own")
    file.write_bytes(whole)
    assert client.delete(f"/api/photos/{id_}/version").status_code == 200


def test_dismissing_and_undoing(client: httpx.Client, photo_of: PhotoOf) -> None:
    id_ = photo_of("chelsea_jpeg.jpg")

    def dismissed() -> bool:
        photos = client.get("/api/suggest").json()["photos"]
        return bool(next(photo["dismissed"] for photo in photos if photo["id"] == id_))

    client.post(f"/api/photos/{id_}/dismissal")
    assert dismissed()
    client.delete(f"/api/photos/{id_}/dismissal")
    assert not dismissed()


def test_pictures_carry_no_metadata(client: httpx.Client, photo_of: PhotoOf) -> None:
    answer = client.get(f"/api/photos/{photo_of('coffee_sharp.jpg')}/picture?side=320")
    shown = Image.open(io.BytesIO(answer.content))
    assert (shown.format, max(shown.size), "exif" in shown.info) == ("JPEG", 320, False)


def test_twenty_enhancements_at_once_are_all_done(client: httpx.Client, server: Server) -> None:
    def enhance(seed: int) -> str:
        with server.client() as own:
            answer = own.post(
                "/api/enhance?denoise=1",
                content=png(noisy(seed=seed)),
                headers={"content-type": "image/png"},
            )
            assert answer.status_code == 202, answer.text
            return str(answer.json()["id"])

    with ThreadPoolExecutor(20) as pool:
        jobs = list(pool.map(enhance, range(20)))
    assert client.get("/api/about").status_code == 200  # it answers meanwhile
    states = [finished(client, job)["state"] for job in jobs]
    assert states == ["done"] * 20
    restore = nitido.Restorer.open()
    for seed in (0, 19):
        result = client.get(f"/api/jobs/{jobs[seed]}/result").content
        assert np.array_equal(image(result), restore(noisy(seed=seed), {"denoise": 1}))


def test_news_of_a_job_comes_as_events(client: httpx.Client) -> None:
    states = []
    with client.stream("GET", "/api/events") as news:
        lines = news.iter_lines()
        assert next(lines) == "retry: 2000"
        job = client.post(
            "/api/enhance?denoise=1", content=png(noisy()), headers={"content-type": "image/png"}
        ).json()
        for line in lines:
            if line.startswith("data:") and job["id"] in line:
                states.append(line.partition('"state":"')[2].partition('"')[0])
                if states[-1] == "done":
                    break
    assert (states[0], states[-1]) == ("waiting", "done")
    assert "running" in states


def test_a_waiting_job_can_be_cancelled_once(client: httpx.Client, photo_of: PhotoOf) -> None:
    path = f"/api/photos/{photo_of('astronaut_noise.png')}/enhance"
    jobs = [client.post(path, json={"strengths": {"denoise": 1}}).json()["id"] for _ in range(3)]
    assert client.delete(f"/api/jobs/{jobs[2]}").json()["state"] == "cancelled"
    assert client.delete(f"/api/jobs/{jobs[2]}").status_code == 409
    assert client.get(f"/api/jobs/{jobs[2]}/result").status_code == 409
    for job in jobs[:2]:
        client.delete(f"/api/jobs/{job}")
        finished(client, job)


def test_a_photo_that_appears_is_found_by_looking_again(
    server: Server, client: httpx.Client, tmp_path: Path
) -> None:
    new = server.photos / "new.png"
    Image.fromarray(noisy()).save(new)
    try:
        client.post("/api/scan")

        def seen() -> bool:
            photos = client.get("/api/suggest").json()["photos"]
            return any(photo["name"] == "new.png" and photo["score"] is not None for photo in photos)

        wait_until(seen)
    finally:
        new.unlink()
        client.post("/api/scan")
        wait_until(lambda: client.get("/api/suggest").json()["total"] == 4)
