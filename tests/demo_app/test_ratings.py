"""Ratings: blinded, whole, and in the form that fine-tuning reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from nitido_train.trigger.ratings import read_ratings

from .conftest import Server, noisy, running, wait_until

SCALE = {2: "second much better", 1: "better", 0: "the same", -1: "worse", -2: "much worse"}


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with eight small photos, two of them in a subfolder with a comma in its name."""
    photos = tmp_path_factory.mktemp("rated")
    (photos / "a, b").mkdir()
    for number in range(8):
        Image.fromarray(noisy(seed=number)).save(photos / ("a, b" if number < 2 else ".") / f"{number}.png")
    with running(photos, tmp_path_factory.mktemp("state")) as started:
        yield started


def next_pair(client: httpx.Client, rater: str) -> dict[str, Any] | None:
    def asked() -> dict[str, Any] | None:
        found: dict[str, Any] = client.get("/api/ratings/next", params={"rater": rater}).json()
        return found if found["pair"] or not found["coming"] else None

    pair: dict[str, Any] | None = wait_until(asked)["pair"]
    return pair


def test_the_csv_says_what_was_rated_whichever_came_first(rated: Server) -> None:
    with rated.client() as client:
        orders = []
        while (pair := next_pair(client, "anna")) is not None:
            assert set(pair) == {"id", "first", "second"}  # nothing tells which is enhanced
            first, second = (client.get(pair[place]).content for place in ("first", "second"))
            enhanced_second = len(second) < len(first)  # noise is what JPEG spends its bytes on
            orders.append(enhanced_second)
            answer = {"pair": pair["id"], "second_is": 2 if enhanced_second else -2}
            assert client.post("/api/ratings", json=answer).status_code == 200
            assert client.post("/api/ratings", json=answer).status_code == 409  # once only
        text = client.get("/api/ratings.csv").text
    assert len(orders) == 8
    file = rated.photos / "ratings.csv"
    file.write_text(text)
    ratings = read_ratings(file)
    file.unlink()
    assert {rating.photo.name for rating in ratings} == {f"{number}.png" for number in range(8)}
    assert {(rating.rating, rating.rater) for rating in ratings} == {(2, "anna")}


@pytest.mark.parametrize(("enhanced_second", "second_is", "rating"), [
    (True, 2, 2), (True, 1, 1), (True, 0, 0), (True, -1, -1), (True, -2, -1),
    (False, 2, -1), (False, 1, -1), (False, 0, 0), (False, -1, 1), (False, -2, 2),
])  # fmt: skip
def test_a_rating_is_of_the_enhanced_one(
    tmp_path: Path, enhanced_second: bool, second_is: int, rating: int
) -> None:
    from nitido_demo.house import House
    from nitido_demo.settings import Settings

    (tmp_path / "photos").mkdir()
    house = House(Settings(tmp_path / "photos", tmp_path / "state"))
    house.store.write(
        "INSERT INTO pair (id, photo, path, rater, enhanced_second, made) "
        "VALUES ('p', 'x', 'x.png', 'r', ?, 0)",
        (enhanced_second,),
    )
    house.ratings.rate("p", second_is)
    assert house.ratings.csv() == f"photo,enhanced,rating,group,rater\nx.png,,{rating},,r\n"
    house.store.close()


def test_the_order_of_photos_and_of_sides_differs_between_raters(rated: Server) -> None:
    from nitido_demo.house import House
    from nitido_demo.settings import Settings

    house = House(Settings(rated.photos, rated.state.parent / "another"))
    house.library.start()
    house.library.photos()
    orders = {tuple(house.ratings.waiting(f"rater-{number}")) for number in range(6)}
    house.library.stop()
    house.store.close()
    assert len(orders) > 3
    assert all(len(order) == 8 for order in orders)


def test_a_rating_out_of_the_scale_or_of_no_pair_is_refused(rated: Server) -> None:
    with rated.client() as client:
        pair = {"pair": "0123456789abcdef", "second_is": 1}
        assert client.post("/api/ratings", json=pair).status_code == 404
        assert client.post("/api/ratings", json=pair | {"second_is": 3}).status_code == 422
        assert client.get("/api/ratings/next?rater=No%20Name!").status_code == 422
