"""Adaptation steps down at once and up with patience; over a real socket the picture never stops for long."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from nitido.clips import Planes
from nitido.errors import ClipDamaged, InvalidOption
from nitido.video.live import LADDER, Adaptation, AdaptiveReceiver, AdaptiveSource, Measurement, Rung
from nitido.video.live.adaptation import bearable
from nitido.video.live.messages import CodedFrame

from .conftest import MakeUpscaler

SMALL = (Rung(36, 40_000), Rung(72, 120_000), Rung(144, 400_000))


def scene(number: int) -> Planes:
    rows, columns = np.mgrid[:144, :256]
    y = 120 + 60 * np.sin((columns + 2 * number) / 17) * np.cos(rows / 23) + 20 * ((columns // 8) % 2)
    half = np.full((72, 128), 128, np.uint8)
    return Planes(y.astype(np.uint8), half, half)


def heard(adaptation: Adaptation, bits: float, delay: float, first: float, last: float) -> None:
    for now in np.arange(first, last, 0.25):
        adaptation.hear(Measurement(0, bits, delay), float(now))


def test_a_slow_connection_lowers_at_once_to_what_it_carries() -> None:
    adaptation = Adaptation(SMALL, start=2)
    adaptation.hear(Measurement(0, 160_000, 0.3), 1.0)
    assert adaptation.rung == SMALL[1]
    adaptation.hear(Measurement(0, 30_000, 0.5), 2.0)
    assert adaptation.rung == SMALL[0]


def test_up_takes_patience_and_a_failed_try_doubles_it() -> None:
    adaptation = Adaptation(SMALL, start=1)
    full = [(0, 2_000), *((number, 12_000) for number in range(1, 300))]  # 10 000 bits in 0.05 seconds

    def hear_on(first: float, last: float) -> None:
        for now in np.arange(first, last, 0.1):
            number, bits = full[min(round(10 * now), len(full) - 1)]
            adaptation.hear(Measurement(number, 120_000, 0.0 if number == 0 else 0.045), float(now), bits)

    hear_on(0.0, 5.9)
    assert adaptation.rung == SMALL[1]
    hear_on(6.0, 6.5)
    assert adaptation.rung == SMALL[2]
    adaptation.hear(Measurement(0, 200_000, 0.4), 7.0)
    assert adaptation.rung == SMALL[1]
    hear_on(7.5, 19.0)
    assert adaptation.rung == SMALL[1]  # six seconds are no longer enough
    hear_on(19.0, 20.5)
    assert adaptation.rung == SMALL[2]


def test_after_a_fade_it_goes_back_to_where_it_fell_from() -> None:
    adaptation = Adaptation(SMALL, start=2)
    adaptation.hear(Measurement(0, 30_000, 0.5), 1.0)
    assert adaptation.rung == SMALL[0]
    heard(adaptation, 30_000, 0.0, 1.25, 1.6)
    assert adaptation.rung == SMALL[2]


def test_frames_too_large_for_a_faded_connection_are_not_sent() -> None:
    assert bearable(LADDER, 30) == LADDER
    assert bearable(LADDER, 10) == LADDER[:4]
    assert bearable(LADDER[5:], 10) == LADDER[5:]


def test_frames_that_show_room_raise_soon_and_others_do_not() -> None:
    adaptation = Adaptation(SMALL, start=1)
    adaptation.hear(Measurement(0, 120_000, 0.0), 0.0, 2_000)
    for number in range(1, 7):  # 10 000 bits in 0.01 seconds
        adaptation.hear(Measurement(number, 120_000, 0.002), number / 10, 12_000)
    assert adaptation.rung == SMALL[2]
    slower = Adaptation(SMALL, start=1)
    slower.hear(Measurement(0, 120_000, 0.0), 0.0, 2_000)
    for number in range(1, 7):  # 10 000 bits in 0.05 seconds
        slower.hear(Measurement(number, 120_000, 0.04), number / 10, 12_000)
    assert slower.rung == SMALL[1]


def test_after_an_outage_what_arrives_says_where_to_go_on() -> None:
    adaptation = Adaptation(SMALL, start=2)
    adaptation.lose(1.0, 0.2)
    assert adaptation.rung == SMALL[1]
    adaptation.lose(1.2, 0.4)
    assert adaptation.rung == SMALL[0]
    adaptation.hear(Measurement(1, 40_000, 0.6), 1.6)
    assert adaptation.rung == SMALL[0]
    adaptation.hear(Measurement(2, 200_000, 0.4), 1.7)
    assert adaptation.rung == SMALL[1]
    adaptation.hear(Measurement(3, 900_000, 0.3), 1.8)
    assert adaptation.rung == SMALL[1]  # below where it fell from


def test_a_rate_between_two_rungs_does_not_swing() -> None:
    adaptation = Adaptation(SMALL, start=1)
    switches, now = 0, 0.0
    while now < 120:
        before = adaptation.rung
        slow = adaptation.rung == SMALL[2]  # the connection carries 200 000
        adaptation.hear(Measurement(0, 200_000 if slow else 120_000, 0.3 if slow else 0.0), now)
        switches += adaptation.rung != before
        now += 0.25
    assert 4 <= switches <= 24  # without hysteresis hundreds


def test_wrong_ladders_are_refused() -> None:
    for ladder, start in (((), 0), (SMALL[::-1], 0), (SMALL, 3)):
        with pytest.raises(InvalidOption, match="rising rates"):
            Adaptation(ladder, start)
    with pytest.raises(InvalidOption, match="rate above 0"):
        AdaptiveSource(rate=0)


def test_messages_come_back_and_others_are_refused() -> None:
    frame = CodedFrame(7, 1234, 720, True, b"picture")
    assert CodedFrame.unpack(frame.pack()) == frame
    measured = Measurement(7, 1000.0, 0.25)
    assert Measurement.unpack(measured.pack()) == measured
    for wrong in (b"", b"NF", b"xx" + frame.pack()[2:], measured.pack()):
        with pytest.raises(ClipDamaged):
            CodedFrame.unpack(wrong)
    with pytest.raises(ClipDamaged):
        Measurement.unpack(frame.pack())


def test_the_size_changes_in_mid_stream_and_every_frame_has_the_target(make_upscaler: MakeUpscaler) -> None:
    source = AdaptiveSource(target=144, rate=25, ladder=SMALL, start=2)
    receiver = AdaptiveReceiver(make_upscaler)
    heights = []
    for number in range(30):
        now = number / 25
        if number == 10:
            source.heard(Measurement(9, 60_000, 0.4), now)
        message = source(scene(number), now)
        assert message is not None
        heights.append(source.rung.height)
        shown = receiver(message, now + 0.05)
        assert (shown.height, shown.width) == (144, 256)
        assert np.abs(shown.y[16:-16].astype(int) - scene(number).y[16:-16]).mean() < 40
        if number % 5 == 4:
            source.heard(receiver.measurement(now + 0.05), now + 0.06)
    assert heights[0] == 144
    assert 36 in heights


def test_while_nothing_arrives_frames_get_small_at_once_and_are_then_left_out(
    make_upscaler: MakeUpscaler,
) -> None:
    source = AdaptiveSource(target=144, rate=25, ladder=SMALL, start=2)
    receiver = AdaptiveReceiver(make_upscaler)
    first = source(scene(0), 0.0)
    receiver(first, 0.05)
    source.heard(receiver.measurement(0.05), 0.05)
    sent, heights = [], []
    for number in range(1, 26):
        sent.append(source(scene(number), number / 25) is not None)
        heights.append(source.rung.height)
    assert heights.index(72) == 6  # more than 0.2 seconds under way
    assert heights.index(36) == 8  # more than 0.3
    assert sent.index(False) == 21  # 0.8 seconds
    source.heard(Measurement(25, 40_000, 0.0), 1.04)
    assert source(scene(26), 1.04) is not None


def test_a_stream_without_its_start_and_broken_pictures_are_told(make_upscaler: MakeUpscaler) -> None:
    receiver = AdaptiveReceiver(make_upscaler)
    with pytest.raises(ClipDamaged, match="start of a stream"):
        receiver(CodedFrame(3, 0, 144, False, b"abc").pack(), 0.0)
    with pytest.raises(ClipDamaged):
        receiver(CodedFrame(3, 0, 144, True, b"no picture").pack(), 0.0)


def _messages(connection: socket.socket) -> Iterator[bytes]:
    with connection.makefile("rb") as stream:
        while head := stream.read(4):
            yield stream.read(struct.unpack("<I", head)[0])


def _limited(entry: socket.socket, exit_: socket.socket, rate: list[float]) -> None:
    """Passes bytes on, at most ``rate[0]`` bits of them a second."""
    while piece := entry.recv(256):
        time.sleep(8 * len(piece) / rate[0])
        exit_.sendall(piece)
    exit_.shutdown(socket.SHUT_WR)


def test_over_a_loopback_socket_the_sender_shrinks_when_the_rate_falls(make_upscaler: MakeUpscaler) -> None:
    server = socket.create_server(("127.0.0.1", 0))
    forward, back = (socket.create_connection(server.getsockname()) for _ in range(2))
    (relay, _), (answers, _) = server.accept(), server.accept()
    sending, receiving = socket.socketpair()
    rate = [1_500_000.0]
    source = AdaptiveSource(target=144, rate=20, ladder=SMALL, start=2)
    receiver = AdaptiveReceiver(make_upscaler)
    shown: list[float] = []
    start = time.monotonic()

    def receive() -> None:
        for message in _messages(receiving):
            receiver(message, time.monotonic() - start)
            shown.append(time.monotonic())
            answers.sendall(receiver.measurement(time.monotonic() - start).pack())

    def listen() -> None:
        while answer := back.recv(14):
            source.heard(Measurement.unpack(answer), time.monotonic() - start)

    threads = [
        threading.Thread(target=_limited, args=(relay, sending, rate), daemon=True),
        threading.Thread(target=receive, daemon=True),
        threading.Thread(target=listen, daemon=True),
    ]
    for thread in threads:
        thread.start()
    heights = []
    for number in range(60):
        if number == 20:
            rate[0] = 90_000.0
        now = time.monotonic() - start
        message = source(scene(number), now)
        heights.append(source.rung.height)
        if message is not None:
            forward.sendall(struct.pack("<I", len(message)) + message)
        time.sleep(max(0.0, (number + 1) / 20 - (time.monotonic() - start)))
    forward.shutdown(socket.SHUT_WR)
    threads[1].join(20)
    answers.shutdown(socket.SHUT_WR)
    threads[2].join(20)
    for open_socket in (forward, back, relay, answers, sending, receiving, server):
        open_socket.close()
    assert heights[0] == 144
    assert min(heights[20:]) < 144
    assert len(shown) > 20
