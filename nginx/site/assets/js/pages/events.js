// What happens now: events by type and minute, the busiest repositories, and those just made public.
import { h } from "../dom.js";
import { get, url } from "../api.js";
import { ago, eventType, integer } from "../format.js";
import { go, to, toRepository } from "../route.js";
import { basis, block, csvLink, CSV_ROWS_MAX, empty, section, sortable, table, tabs } from "../views.js";
import { colorOf, eventChart } from "../chart.js";

const MINUTES = [["15", "15 minutes"], ["60", "An hour"], ["120", "Two hours"]];
const TYPES = ["WatchEvent", "PushEvent", "PullRequestEvent", "IssuesEvent", "IssueCommentEvent", "ForkEvent", "ReleaseEvent"];
const EVERY_SECONDS = 20;

export function view({ query, signal }) {
  const asked = { minutes: query.get("minutes") ?? "60", type: query.get("type") ?? "WatchEvent" };
  const here = (changes) => to(["events"], { ...asked, ...changes });
  const { minutes, type } = asked;
  return { title: "Events", nodes: [
    h("h1", {}, "Events now"),
    h("p", { class: "lead" }, "All public events that were seen, drawn anew by themselves."),
    section("By the minute", { id: "minutes", aside: tabs("Time", MINUTES.map(([many, name]) => ({ name, href: here({ minutes: many }), on: many === minutes }))) },
      block({ signal, lines: 7, every: EVERY_SECONDS, label: "events",
        load: () => get(url("/api/v1/events/history", { minutes }), { signal }),
        draw: ({ data, meta }) => [eventChart(data, { label: `Events by minute and type in the last ${minutes} minutes`, until: Date.parse(meta.data_as_of) }) ?? empty("No event of this time was seen."),
          h("div", { class: "under" }, basis(meta), h("a", { href: url("/api/v1/events/history", { minutes, format: "csv" }) }, "CSV"))] })),
    h("div", { class: "halves" },
      section("By type", { id: "types" }, block({ signal, lines: 8, every: EVERY_SECONDS, label: "counts",
        load: () => get(url("/api/v1/events/counts", { minutes }), { signal }),
        draw: ({ data }) => (data.length ? [byType(data), csv(h("a", { href: url("/api/v1/events/counts", { minutes, format: "csv" }) }, "CSV, by action too"))]
          : empty("No event of this time was seen.")) })),
      section("Busiest repositories", { id: "busiest" }, typeChoice(type, here), block({ signal, lines: 8, every: EVERY_SECONDS, label: "repositories",
        load: () => get(url("/api/v1/events/repositories", { type, minutes, min_count: 2, per_page: 12 }), { signal }),
        draw: ({ data, next }) => (data.length ? [busiest(data, type),
          csv(csvLink(url("/api/v1/events/repositories", { type, minutes, min_count: 2, per_page: CSV_ROWS_MAX, format: "csv" }), { shown: data.length, more: Boolean(next) }))]
          : empty("None with two of them in this time.")) }))),
    section("Made public", { id: "published" }, block({ signal, lines: 4, every: 60, label: "repositories made public",
      load: () => get(url("/api/v1/events/published", { per_page: 12 }), { signal }),
      draw: ({ data, next }) => (data.length ? [published(data),
        csv(csvLink(url("/api/v1/events/published", { per_page: CSV_ROWS_MAX, format: "csv" }), { shown: data.length, more: Boolean(next) }))]
        : empty("None was seen yet.")) })),
  ] };
}

const csv = (link) => h("div", { class: "under links" }, link);
const actionsOf = (row) => row.actions.map(({ action, count }) => `${action.replaceAll("_", " ")} ${integer(count)}`).join(", ");

function byType(data) {
  return sortable("Events by type", [
    { name: "Type", head: true, by: (row) => row.type, cell: (row) => [h("i", { class: `swatch ${colorOf(row.type).slice(2)}` }), eventType(row.type),
      row.actions.length > 1 && h("p", { class: "description" }, actionsOf(row))] },
    { name: "Events", number: true, by: (row) => row.count, cell: (row) => integer(row.count) },
    { name: "Latest", by: (row) => row.last_at, cell: (row) => ago(row.last_at) },
  ], data, { column: 1, down: true });
}

function typeChoice(type, here) {
  const types = TYPES.includes(type) ? TYPES : [type, ...TYPES];
  const select = h("select", { onchange: () => go(here({ type: select.value })) },
    types.map((one) => h("option", { value: one, selected: one === type }, eventType(one))));
  return h("div", { class: "filters" }, h("label", {}, "Events of the type", select));
}

const nameOf = (row) => (row.full_name ? h("a", { href: toRepository(row.full_name) }, row.full_name) : `repository ${row.id}`);

function busiest(data, type) {
  return table(`Repositories by events of the type ${eventType(type)}`, [
    { name: "Repository", head: true, cell: nameOf },
    { name: "Events", number: true, cell: (row) => integer(row.count) },
    { name: "Latest", cell: (row) => ago(row.last_at) },
  ], data);
}

function published(data) {
  return table("Repositories made public", [
    { name: "Repository", head: true, cell: nameOf },
    { name: "By", cell: (row) => row.actor ?? "–" },
    { name: "When", cell: (row) => ago(row.published_at) },
  ], data);
}
