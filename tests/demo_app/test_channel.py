"""Live over WebRTC: frames take the data channel where there is one, else the socket."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import connect

from nitido_demo.channel import PIECE, Joining, available, pieces

from .conftest import Server
from .test_live import frame, joined, news, picture

needs_webrtc = pytest.mark.skipif(not available(), reason="aiortc is not installed: nitido[webrtc]")


def test_pieces_join_to_frames_and_a_frame_that_lacks_one_is_left_out() -> None:
    joining, large, small = Joining(), bytes(range(256)) * 200, b"small"
    first, second = pieces(65536, large), pieces(65537, small)
    assert (len(large) > 3 * PIECE, len(first), len(second)) == (True, 4, 1)
    assert [joining.add(piece) for piece in first] == [None, None, None, large]
    assert [joining.add(piece) for piece in (*first[:2], first[3], *second)] == [None, None, None, small]
    for hostile in ("text", b"", b"\0\1\0", second[0][:4], b"\0\7\1\1x", b"\0\7\0\0x"):
        assert joining.add(hostile) is None
    assert joining.add(second[0]) == small


@needs_webrtc
def test_frames_go_and_come_over_a_channel(server: Server) -> None:
    from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

    sent = frame(180, 320)

    async def call() -> tuple[list[Any], bytes]:
        heard: list[Any] = []
        shown: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        opened, joining = asyncio.Event(), Joining()
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        channel = peer.createDataChannel("frames", maxRetransmits=0)
        channel.on("open", opened.set)
        channel.on("message", lambda piece: (got := joining.add(piece)) and shown.set_result(got))
        await peer.setLocalDescription(await peer.createOffer())
        address = server.url.replace("http://", "ws://")
        async with connect(f"{address}/live/overwebrtc", proxy=None) as socket:
            heard.append(json.loads(await socket.recv()))
            await socket.send(json.dumps({"offer": peer.localDescription.sdp, "target": 360}))
            heard.append(json.loads(await socket.recv()))
            await peer.setRemoteDescription(RTCSessionDescription(heard[-1]["answer"], "answer"))
            await asyncio.wait_for(opened.wait(), 60)
            for piece in pieces(1, sent):
                channel.send(piece)
            heard.append(json.loads(await socket.recv()))
            result = await asyncio.wait_for(shown, 60)
        await peer.close()
        return heard, result

    (room, answer, done), result = asyncio.run(call())
    assert (room["webrtc"], answer["kind"]) == (True, "answer")
    assert (done["kind"], done["bytes"], done["shown"]) == ("done", len(sent), [640, 360])
    assert picture(result).shape == (360, 640, 3)


@pytest.mark.parametrize("offer", ["", "no sdp", "v=0\r\nm=audio 9 x", "v=0\r\n" * 3000])
def test_an_offer_that_is_none_leaves_frames_on_the_socket(server: Server, offer: str) -> None:
    with joined(server, "badoffer") as socket:
        news(socket)
        socket.send(json.dumps({"offer": offer}))
        answer = news(socket)
        assert (answer["kind"], answer["answer"]) == ("answer", None)
        assert "WebRTC" in answer["message"] or "aiortc" in answer["message"]
        socket.send(frame(720, 1280))
        assert news(socket)["kind"] == "done"
