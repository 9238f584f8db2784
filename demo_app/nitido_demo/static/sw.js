// Keeps the page, the runtime and the models, so that "This device" works without a network.

const SHELL = [
  "/", "/style.css", "/main.js", "/pages.js", "/dom.js", "/api.js", "/channel.js", "/benchmarking.js", "/compare.js", "/painting.js", "/picks.js", "/manifest.webmanifest",
  "/icons/icon.svg", "/icons/icon-192.png", "/icons/icon-512.png",
  "/pages/gallery.js", "/pages/photo.js", "/pages/camera.js", "/pages/brush.js", "/pages/share.js", "/pages/live.js", "/pages/rate.js", "/pages/device.js",
  "/connection.js",
  "/device/bench.js", "/device/blur.js", "/device/client.js", "/device/cues.js", "/device/dct.js", "/device/deblock.js",
  "/device/fft.js", "/device/golden.js", "/device/gpu.js", "/device/graphs.js", "/device/jpeg.js", "/device/opening.js", "/device/pixels.js", "/device/restorer.js",
  "/device/tiler.js", "/device/trigger.js", "/device/view.js", "/device/windows.js", "/device/worker.js",
];
const CACHE = "nitido-1", MODELS = "nitido-models";

addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([...SHELL, "/api/about"])).then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  const drop = (keys) => keys.filter((key) => ![CACHE, MODELS].includes(key)).map((key) => caches.delete(key));
  event.waitUntil(caches.keys().then((keys) => Promise.all(drop(keys))).then(() => clients.claim()));
});

addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin) return;
  if (pathname.startsWith("/models/")) event.respondWith(keptFirst(event.request));
  else if (pathname.startsWith("/vendor/") || pathname === "/api/about" || SHELL.includes(pathname)) event.respondWith(networkFirst(event.request));
});

/** Models never change under their address. */
async function keptFirst(request) {
  const cache = await caches.open(MODELS), kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

/** The server's version where there is a server, else the last one. */
async function networkFirst(request) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    if (answer.ok) cache.put(request, answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}
