// Talks to the server: JSON in and out, errors as the words that it sent, and its news.

/** Send a request; raises an Error with the server's words. */
export async function ask(method, path, body, signal) {
  const isFile = body instanceof Blob;
  const headers = body === undefined ? {} : { "content-type": isFile ? body.type || "application/octet-stream" : "application/json" };
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: isFile || body === undefined ? body : JSON.stringify(body), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer. Is it still running?");
  }
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(found.message ?? `The server answered with status ${answer.status}.`);
  return found;
}

export const get = (path, signal) => ask("GET", path, undefined, signal);
export const post = (path, body, signal) => ask("POST", path, body, signal);
export const remove = (path) => ask("DELETE", path);

let source = null;
const listeners = new Set();

/** Call `heard(data)` for each event of a kind until `signal` aborts; one connection serves all. */
export function listen(kind, heard, signal) {
  source ??= new EventSource("/api/events");
  const listener = ({ data }) => heard(JSON.parse(data));
  listeners.add(listener);
  source.addEventListener(kind, listener);
  signal.addEventListener("abort", () => {
    source?.removeEventListener(kind, listener);
    listeners.delete(listener);
    if (!listeners.size) {
      source?.close();
      source = null;
    }
  });
}

/** Wait for a job, by its events and, should one be missed, by asking; raises an Error where it fails. */
export async function finished(id, progress, signal) {
  const ended = ({ state }) => !["waiting", "running"].includes(state);
  const job = await new Promise((resolve, reject) => {
    const own = new AbortController();
    const see = (now) => {
      if (now.id !== id) return;
      if (!ended(now)) return progress(now);
      own.abort();
      resolve(now);
    };
    signal.addEventListener("abort", () => (own.abort(), reject(new DOMException("left", "AbortError"))));
    listen("job", see, own.signal);
    const look = () => get(`/api/jobs/${id}`).then(see, reject);
    const timer = setInterval(look, 1500);
    own.signal.addEventListener("abort", () => clearInterval(timer));
    look();
  });
  if (job.state !== "done") throw new Error(job.message);
  return job;
}
