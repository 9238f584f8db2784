// The shell: navigation, one page at a time by the address after #, and the service worker.

import { h, icon, say } from "./dom.js";
import { PAGES } from "./pages.js";

const main = document.getElementById("main");
let leave = new AbortController();

const nav = document.getElementById("nav");
for (const page of PAGES.filter(({ hidden }) => !hidden))
  nav.append(h("a", { href: `#/${page.id}`, "data-page": page.id }, icon(page.icon), h("span", {}, page.title)));

async function route() {
  const [, id = "", ...rest] = location.hash.split("/");
  const page = PAGES.find((each) => each.id === id) ?? PAGES[0];
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  document.title = `${page.title} · Nitido`;
  for (const link of nav.children) {
    if (link.dataset.page === (page.within ?? page.id)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const root = h("div", { class: `page page-${page.id}` });
  try {
    const { show } = await page.load();
    if (signal.aborted) return;
    main.replaceChildren(root);
    scrollTo(0, 0);
    if (route.ready) main.focus({ preventScroll: true });
    route.ready = true;
    await show(root, { signal, rest });
  } catch (error) {
    if (signal.aborted) return;
    console.error(error);
    main.replaceChildren(h("div", { class: "page empty" }, h("h1", {}, page.title), h("p", {}, error.message)));
  }
}

addEventListener("hashchange", route);
addEventListener("offline", () => say("You are offline. This device goes on working."));
route();
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js").catch(console.error);
