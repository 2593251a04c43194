// A repository's events, newest first, a page at a time.
import { announce, h } from "../dom.js";
import { get, repo, url } from "../api.js";
import { ago, eventType } from "../format.js";
import { block, csvLink, CSV_ROWS_MAX, empty, problem } from "../views.js";
import { colorOf } from "../chart.js";

const PER_PAGE = 20;
const SHOWN_MAX = 500;

export function recentEvents(name, signal) {
  const target = (cursor) => url(repo(name, "events"), { per_page: PER_PAGE, cursor });
  return block({ signal, lines: 8, label: "events",
    load: () => get(target(), { signal }),
    draw({ data, meta, next }) {
      if (!data.length) return empty("No event of this repository is known.");
      const list = h("ol", { class: "events" }, data.map(row));
      const csv = url(repo(name, "events"), { per_page: CSV_ROWS_MAX, format: "csv" });
      return [list, next && older(list, next, (cursor) => get(target(cursor), { signal })),
        h("div", { class: "under links" }, csvLink(csv, { shown: data.length, more: Boolean(next), total: meta.total }))];
    } });
}

function older(list, first, load) {
  let cursor = first;
  const place = h("p", { class: "actions" });
  const button = h("button", { type: "button", onclick: async () => {
    button.disabled = true;
    try {
      const { data, next } = await load(cursor);
      const rows = data.map(row);
      list.append(...rows);
      rows[0]?.setAttribute("tabindex", "-1");
      rows[0]?.focus(); // where reading goes on
      announce(`${rows.length} more events`);
      cursor = next;
      if (!cursor || list.children.length >= SHOWN_MAX) place.remove();
    } catch (error) {
      place.replaceChildren(problem(error), button);
    }
    button.disabled = false;
  } }, "Older ones");
  place.append(button);
  return place;
}

// What an event says beyond its type: the first of these that it has.
function subject(payload) {
  const numbered = payload.pull_request ?? payload.issue;
  const number = numbered?.number ?? payload.number;
  const ref = typeof payload.ref === "string" ? payload.ref.replace(/^refs\/(heads|tags)\//, "") : "";
  return [number && `#${number}`, numbered?.title, payload.release?.name ?? payload.release?.tag_name, ref, payload.forkee?.full_name, payload.member?.login]
    .filter((part) => typeof part === "string" && part).join(" ");
}

function row(event) {
  const action = event.payload?.action;
  return h("li", {},
    h("i", { class: `swatch ${colorOf(event.type).slice(2)}` }),
    h("span", { class: "what" }, h("strong", {}, eventType(event.type)), action && ` ${String(action).replaceAll("_", " ")}`,
      h("span", { class: "subject" }, ` ${subject(event.payload ?? {})}`)),
    h("span", { class: "who" }, event.actor?.login),
    ago(event.created_at));
}
