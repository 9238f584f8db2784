// Live: two people see each other; where the connection is weak, small frames travel, and the server enlarges them.

import { openChannel } from "../channel.js";
import { connection, throttle } from "../connection.js";
import { choice, h, icon, say } from "../dom.js";

const TARGETS = [360, 720, 1080];
const CONNECTIONS = [["Full", Infinity], ["1000", 1e6], ["400", 4e5], ["150", 1.5e5]];
const QUALITY = 0.7;
const PING = 700; // milliseconds between messages that measure the delay
const AT_ONCE = 2; // frames under way: one travels while the other is enlarged
const LOST = 3000; // milliseconds after which a frame that took the channel is taken for lost

export async function show(root, { signal, rest: [room] }) {
  if (!room) return void location.replace(`#/live/${Math.random().toString(36).slice(2, 10)}`);
  const own = h("video", { playsInline: true, muted: true, autoplay: true, "aria-label": "You" });
  const seen = h("canvas", { role: "img", "aria-label": "The other side" });
  const words = h("p", { class: "quiet", role: "status" }, "Starting the camera"), told = h("p", { class: "figures-line" });
  const copy = h("button", { onclick: () => navigator.clipboard?.writeText(location.href).then(() => say("The address is copied."), () => say(location.href)) }, icon("share"), "Invite");
  const link = throttle(), measured = connection();
  root.append(
    h("div", { class: "head" }, h("div", {}, h("h1", {}, "Live"), words), copy),
    h("div", { class: "call" }, seen, own),
    h("section", { class: "card" }, told,
      choice("What you want to see", TARGETS.map((target) => [`${target}p`, target]), 720, (target) => wish({ target })).element,
      choice("Connection, kbit/s", CONNECTIONS, Infinity, (bits) => (link.bits = bits)).element),
  );

  if (!navigator.mediaDevices?.getUserMedia) {
    words.textContent = "Browsers open the camera only on localhost or over HTTPS: see docs/demo-app.md.";
    return;
  }
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 720 } } })
    .catch((error) => void (words.textContent = error.name === "NotAllowedError" ? "The camera is not allowed" : "No camera here"));
  if (!stream) return;
  signal.addEventListener("abort", () => stream.getTracks().forEach((track) => track.stop()));
  if (signal.aborted) return stream.getTracks().forEach((track) => track.stop());
  own.srcObject = stream;
  await own.play();

  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live/${room}`);
  socket.binaryType = "blob";
  signal.addEventListener("abort", () => socket.close());
  const underWay = []; // {size, bytes, at} of frames that the server has not answered
  let channel = null, tried = false, answered = null;
  signal.addEventListener("abort", () => channel?.close());
  let frames = 0, since = performance.now(), refused = "";
  socket.onmessage = ({ data }) => (typeof data === "string" ? hear(JSON.parse(data)) : draw(data));
  socket.onclose = () => { if (!signal.aborted) words.textContent = refused || "The connection is gone. Reload to join again."; };
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error("The server does not answer. Is it still running?"));
  });
  const ping = setInterval(() => wish({ ping: Math.round(performance.now()) }), PING);
  signal.addEventListener("abort", () => clearInterval(ping));
  await send();

  function hear(news) {
    if (news.kind === "room") {
      words.textContent = news.people > 1 ? "You see the other side." : "Nobody else is here yet: you see yourself as the other side would. Invite somebody.";
      if (news.webrtc && !tried) connect();
    } else if (news.kind === "answer") answered?.(news.answer);
    else if (news.kind === "pong") measured.answered(performance.now() - news.ping);
    else if (news.kind === "refused") {
      underWay.shift();
      say((refused = news.message));
    } else {
      const place = underWay.findIndex(({ bytes }) => bytes === news.bytes), frame = underWay[place];
      underWay.splice(0, place + 1); // those before it were lost
      if (!frame) return;
      measured.sent(frame.bytes, frame.size, performance.now() - frame.at - news.held);
      const [width, height] = news.sent, [shownWidth, shownHeight] = news.shown;
      told.textContent = `${width} × ${height} travel (${Math.round(frame.bytes / 100) / 10} kB), ${shownWidth} × ${shownHeight} are shown, enlarged in ${Math.round(news.milliseconds)} ms`
        + ` · ${rate()} frames a second over ${channel?.isOpen() ? "WebRTC" : "a WebSocket"}`;
    }
  }

  function rate() {
    const passed = (performance.now() - since) / 1000, value = frames / passed;
    if (passed > 3) [frames, since] = [0, performance.now()];
    return value.toFixed(1);
  }

  /** Frames take a channel of WebRTC where one comes about, else they stay on the socket. */
  async function connect() {
    tried = true;
    const ask = (offer) => new Promise((resolve) => (answered = resolve, wish({ offer })));
    const opened = await openChannel(ask, draw).catch(() => null);
    if (signal.aborted) opened?.close();
    else channel = opened;
  }

  async function draw(blob) {
    const picture = await createImageBitmap(blob);
    if (seen.width !== picture.width || seen.height !== picture.height) [seen.width, seen.height] = [picture.width, picture.height];
    seen.getContext("2d").drawImage(picture, 0, 0);
    picture.close();
    frames += 1;
    seen.dataset.shown = `${seen.width}x${seen.height}`;
  }

  async function send() {
    while (!signal.aborted && socket.readyState === WebSocket.OPEN) {
      if (channel?.isOpen() && underWay.length && performance.now() - underWay[0].at > LOST) {
        const { bytes, size } = underWay.shift();
        measured.sent(bytes, size, LOST);
      }
      if (underWay.length >= AT_ONCE || document.hidden) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        continue;
      }
      const { size } = measured, blob = await small(size);
      const frame = { size, bytes: blob.size, at: performance.now() };
      underWay.push(frame);
      await link.pass(blob.size);
      if (channel?.isOpen()) await channel.send(blob);
      else if (socket.readyState === WebSocket.OPEN) socket.send(blob);
      await new Promise(requestAnimationFrame);
    }
  }

  function small(size) {
    const { videoWidth: width, videoHeight: height } = own, scale = Math.min(1, size / Math.min(width, height));
    const surface = new OffscreenCanvas(2 * Math.round((width * scale) / 2), 2 * Math.round((height * scale) / 2));
    const context = surface.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(own, 0, 0, surface.width, surface.height);
    return surface.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  }

  function wish(wanted) {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(wanted));
  }
}
