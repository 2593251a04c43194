// The page's frame: which view an address means, the change from one to the next, and what must be known of all data.
import { announce, h } from "./dom.js";
import { get, onMeta } from "./api.js";
import { at, setServiceNow } from "./format.js";
import { current } from "./route.js";
import { tellFeeds } from "./feeds.js";
import { comeBack, keepPlaces } from "./place.js";
import { problem, skeleton } from "./views.js";
import * as topics from "./pages/topics.js";

// First segment of an address -> what draws it. Only the first view's code comes with the page.
const PAGES = {
  "": async () => topics,
  topics: () => import("./pages/topic.js"),
  repos: () => import("./pages/repository.js"),
  trending: () => import("./pages/trending.js"),
  compare: () => import("./pages/compare.js"),
  events: () => import("./pages/events.js"),
  status: () => import("./pages/status.js"),
  manage: () => import("./pages/manage.js"),
};

const main = document.getElementById("main");
let leaving = new AbortController();
let first = true;

async function show() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const { segments, query } = current();
  const name = segments.join("/") === "topics" ? "" : segments[0] ?? "";
  mark(name);
  const load = PAGES[name];
  let view;
  try {
    if (!load) throw new Error("There is no such page.");
    const slow = setTimeout(() => signal.aborted || main.replaceChildren(skeleton(6)), 150);
    const page = await load().finally(() => clearTimeout(slow));
    if (signal.aborted) return;
    view = page.view({ segments: segments.slice(1), query, signal });
  } catch (error) {
    if (signal.aborted) return;
    view = { title: "Not found", nodes: [h("h1", {}, "Not found"), problem(error), h("p", {}, h("a", { href: "#/" }, "To the topics"))] };
  }
  document.title = view.title === "Repopulse" ? view.title : `${view.title} · Repopulse`;
  tellFeeds(view.feeds);
  main.replaceChildren(...view.nodes.flat().filter(Boolean));
  comeBack(main, signal);
  if (first) {
    first = false; // the browser has told the first title itself
    return;
  }
  main.focus({ preventScroll: true });
  announce(view.title);
}

function mark(name) {
  const pages = { "": "#/", topics: "#/", repos: "#/" };
  const href = pages[name] ?? `#/${name}`;
  for (const link of document.querySelectorAll("header nav a")) {
    if (link.getAttribute("href") === href) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

// ---- What must be known of all data

const notices = document.getElementById("notices");
function notice(id, ...words) {
  if (document.getElementById(id)) return;
  notices.append(h("p", { class: "notice", id }, words));
}

onMeta((meta) => {
  if (meta.demo) notice("demo", h("strong", {}, "Demo data. "), "Everything here is simulated; none of it is GitHub's.");
  if (meta.replay_now) {
    notice("replay", h("strong", {}, "Replay. "), "The service's clock began at ", at(meta.replay_now), "; nothing here is of today.");
  }
});

get("/readyz").then(({ body }) => {
  if (body.demo) notice("demo", h("strong", {}, "Demo data. "), "Everything here is simulated; none of it is GitHub's.");
  setServiceNow(body.now);
}).catch(() => {
  setServiceNow();
  notice("unready", "The service says that a part of it is not ready: see ", h("a", { href: "#/status" }, "its status"), ".");
});

// The address is the view's, so the link to the content must not become one.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
keepPlaces();
addEventListener("hashchange", show);
show();
