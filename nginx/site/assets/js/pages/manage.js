// What the admin key allows: tracking topics and repositories, starting jobs. The key stays in this tab and goes with it.
import { announce, h } from "../dom.js";
import { adminKey, get, repo, setAdminKey, url, write } from "../api.js";
import { ago, integer } from "../format.js";
import { to, toRepository } from "../route.js";
import { block, empty, problem, section, table } from "../views.js";

const GITHUB_TIMEOUT_MS = 95_000;
const TOPIC = "[a-z0-9][a-z0-9\\-]{0,49}";
const REPOSITORY = "[A-Za-z0-9\\-]{1,39}/[A-Za-z0-9._\\-]{1,100}";
// Lists are kept for a second or two by the proxy.
const SOON_MS = [0, 1500, 3000];
const JOBS = [["collect", "Collect what is due"], ["refresh-cache", "Refresh the caches"]];

const reloadSoon = (list) => SOON_MS.forEach((wait) => setTimeout(list.reload, wait));

export function view({ signal }) {
  const place = h("div");
  const show = () => place.replaceChildren(...(adminKey() ? tools(signal) : [keyForm(signal)]));
  addEventListener("keychange", show, { signal });
  show();
  return { title: "Manage", nodes: [h("h1", {}, "Manage"), place] };
}

function keyForm(signal) {
  const told = h("div", { role: "alert" });
  const input = h("input", { type: "password", name: "key", autocomplete: "off", required: true, maxlength: 256 });
  return section("Admin key", { id: "key" },
    h("p", {}, "Tracking topics and repositories needs the service's admin key. It is kept in this tab only, until the tab is closed, and sent with such requests alone."),
    h("form", { class: "filters", async onsubmit(event) {
      event.preventDefault();
      setKeySilently(input.value.trim());
      try {
        await get("/maintenance/jobs", { signal, admin: true });
        setAdminKey(input.value.trim());
        announce("The key is right");
      } catch (error) {
        setKeySilently("");
        told.replaceChildren(h("p", { class: "wrong" }, error.status === 403 ? "This is not the admin key." : error.message));
        input.focus();
      }
    } }, h("label", {}, "Key", input), h("button", {}, "Use it")),
    told,
    h("p", { class: "muted" }, "It is ADMIN_KEY of .env, or in secrets/admin-key of the stack's folder."));
}

// The key is tried before anybody is told of it.
function setKeySilently(key) {
  if (key) sessionStorage.setItem("repopulse.key", key);
  else sessionStorage.removeItem("repopulse.key");
}

function tools(signal) {
  const topics = block({ signal, lines: 4, every: 10, label: "topics",
    load: () => get(url("/api/v1/topics", { per_page: 100 }), { signal }),
    draw: ({ data }) => (data.length ? topicTable(data, () => reloadSoon(topics)) : empty("No topic is tracked yet.")) });
  const repositories = block({ signal, lines: 4, every: 10, label: "repositories",
    load: () => get(url("/api/v1/repos", { active: "true", per_page: 100 }), { signal }),
    draw: ({ data, meta }) => (data.length ? repositoryTable(data, meta, () => reloadSoon(repositories)) : empty("No repository's events are collected on their own.")) });
  return [
    section("Topics", { id: "topics" },
      adding({ label: "Topic", pattern: TOPIC, hint: "lower-case letters, digits and hyphens", placeholder: "terraform",
        send: (name) => write("PUT", `/api/v1/topics/${encodeURIComponent(name)}`),
        done: (name) => ["Tracked: ", h("a", { href: to(["topics", name]) }, name), ". Its repositories are there after the next collection, within a minute."],
        after: () => reloadSoon(topics) }),
      topics),
    section("Repositories whose events are collected", { id: "repositories" },
      adding({ label: "Repository", pattern: REPOSITORY, hint: "owner/name", placeholder: "owner/name",
        send: (name) => write("PUT", repo(name, "tracking"), { timeout: GITHUB_TIMEOUT_MS }),
        done: (name) => ["Collected: ", h("a", { href: toRepository(name) }, name), ". Its events are there after the next collection."],
        after: () => reloadSoon(repositories) }),
      repositories),
    section("Jobs", { id: "start" }, jobButtons(), h("p", { class: "muted" }, "They run by themselves each minute; their progress is in the ", h("a", { href: "#/status" }, "status"), ".")),
    section("Admin key", { id: "key" }, h("p", {}, h("button", { type: "button", onclick: () => setAdminKey("") }, "Forget the key"))),
  ];
}

function adding({ label, pattern, hint, placeholder, send, done, after }) {
  const told = h("div", { role: "status" });
  const input = h("input", { type: "text", required: true, pattern, title: hint, placeholder, autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 140 });
  const button = h("button", {}, "Track");
  return [h("form", { class: "filters", async onsubmit(event) {
    event.preventDefault();
    const name = input.value.trim();
    button.disabled = true;
    told.replaceChildren(h("p", { class: "muted" }, "Asking…"));
    try {
      await send(name);
      told.replaceChildren(h("p", { class: "good" }, done(name)));
      input.value = "";
      after();
    } catch (error) {
      told.replaceChildren(problem(error));
    }
    button.disabled = false;
  } }, h("label", {}, label, input), button), told];
}

function stopButton(name, send, after) {
  const button = h("button", { type: "button", class: "quiet", "aria-label": `Stop tracking ${name}`, onclick: async () => {
    // Asked for twice: a slip of the finger stops nothing.
    if (button.dataset.sure !== "yes") {
      button.dataset.sure = "yes";
      button.textContent = "Really stop?";
      setTimeout(() => { button.dataset.sure = ""; button.textContent = "Stop"; }, 4000);
      return;
    }
    button.disabled = true;
    try {
      await send();
      announce(`${name} is no longer tracked`);
      after();
    } catch (error) {
      button.replaceWith(h("span", { class: "wrong", role: "alert" }, error.message));
    }
  } }, "Stop");
  return button;
}

function topicTable(data, after) {
  return table("Tracked topics", [
    { name: "Topic", head: true, cell: ({ name }) => h("a", { href: to(["topics", name]) }, name) },
    { name: "Repositories", number: true, cell: (row) => integer(row.repositories_count) },
    { name: "Read", cell: (row) => (row.data_as_of ? ago(row.data_as_of) : "awaited") },
    { name: "Tracked", number: true, cell: ({ name }) => stopButton(name, () => write("DELETE", `/api/v1/topics/${encodeURIComponent(name)}`), after) },
  ], data);
}

function repositoryTable(data, meta, after) {
  return [table("Repositories whose events are collected", [
    { name: "Repository", head: true, cell: ({ full_name }) => h("a", { href: toRepository(full_name) }, full_name) },
    { name: "Details read", cell: (row) => ago(row.fetched_at) },
    { name: "Collected", number: true, cell: ({ full_name }) => stopButton(full_name, () => write("DELETE", repo(full_name, "tracking")), after) },
  ], data), meta.total > data.length && h("p", { class: "muted" }, `${integer(data.length)} of ${integer(meta.total)} are shown.`)];
}

function jobButtons() {
  const told = h("p", { role: "status" });
  return [h("p", { class: "actions" }, JOBS.map(([name, words]) => h("button", { type: "button", onclick: async () => {
    try {
      const { status } = await write("POST", `/maintenance/${name}`);
      told.replaceChildren(status === 202 ? "It runs now." : "Done.");
    } catch (error) {
      told.replaceChildren(h("span", { class: "wrong" }, error.message));
    }
  } }, words))), told];
}
