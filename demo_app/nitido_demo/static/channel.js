// Frames over WebRTC: a data channel to the server, on which a lost frame holds up none; nitido_demo/channel.py is its other end.

const PIECE = 16_000, HEAD = 4, PATIENCE = 5000;

/** An open channel {send(blob), close()}, or null where none comes about; `ask(sdp)` gets the server's answer. */
export async function openChannel(ask, heard) {
  if (!globalThis.RTCPeerConnection) return null;
  const peer = new RTCPeerConnection({ iceServers: [] }), channel = peer.createDataChannel("frames", { maxRetransmits: 0 });
  channel.binaryType = "arraybuffer";
  const opened = new Promise((resolve) => {
    channel.onopen = () => resolve(true);
    setTimeout(() => resolve(channel.readyState === "open"), PATIENCE);
  });
  const join = joining();
  channel.onmessage = ({ data }) => {
    const frame = join(data);
    if (frame) heard(frame);
  };
  await peer.setLocalDescription();
  if (peer.iceGatheringState !== "complete")
    await new Promise((resolve) => {
      peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && resolve();
      setTimeout(resolve, PATIENCE / 2);
    });
  const sdp = await ask(peer.localDescription.sdp);
  if (!sdp) {
    peer.close();
    return null;
  }
  await peer.setRemoteDescription({ type: "answer", sdp });
  if (!(await opened)) {
    peer.close();
    return null;
  }
  let number = 0;
  return {
    isOpen: () => channel.readyState === "open",
    close: () => peer.close(),
    async send(blob) {
      const bytes = new Uint8Array(await blob.arrayBuffer()), count = Math.ceil(bytes.length / PIECE);
      number = (number + 1) % 65536;
      for (let i = 0; i < count; i++) {
        const part = bytes.subarray(i * PIECE, (i + 1) * PIECE), message = new Uint8Array(HEAD + part.length);
        message.set([number >> 8, number & 255, i, count]);
        message.set(part, HEAD);
        channel.send(message);
      }
    },
  };
}

/** Pieces back to frames; one that lacks a piece is left out. */
function joining() {
  let number = -1, parts = [];
  return (message) => {
    const head = new DataView(message), index = head.getUint8(2), count = head.getUint8(3);
    if (head.getUint16(0) !== number) [number, parts] = [head.getUint16(0), []];
    if (index !== parts.length) return null;
    parts.push(message.slice(HEAD));
    return parts.length === count ? new Blob(parts, { type: "image/jpeg" }) : null;
  };
}
