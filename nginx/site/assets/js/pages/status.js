// How the service is: its parts, how fresh and whole its data are, what GitHub still allows, and its jobs.
import { h } from "../dom.js";
import { adminKey, ApiError, get, url } from "../api.js";
import { ago, at, coverage, duration, integer, serviceNow } from "../format.js";
import { to, toRepository } from "../route.js";
import { block, csvLink, CSV_ROWS_MAX, empty, figures, section, sortable, table } from "../views.js";

const EVERY_SECONDS = 15;
const JOBS_SHOWN = 15;

export function view({ signal }) {
  return { title: "Status", nodes: [
    h("h1", {}, "Status"),
    section("Parts", { id: "parts" }, block({ signal, lines: 2, every: EVERY_SECONDS, label: "parts", load: () => readiness(signal), draw: drawParts })),
    section("Topics", { id: "fresh" }, block({ signal, lines: 3, every: EVERY_SECONDS, label: "topics",
      load: () => get(url("/api/v1/topics", { per_page: 100 }), { signal }),
      draw: ({ data, meta }) => (data.length ? drawTopics(data, meta) : empty("No topic is tracked.")) })),
    section("Sources of events", { id: "sources" }, block({ signal, lines: 8, every: EVERY_SECONDS, label: "sources",
      load: () => get(url("/api/v1/coverage", { per_page: 100 }), { signal }), draw: drawSources })),
    section("Jobs", { id: "jobs" }, jobs(signal)),
  ] };
}

// A service that is not ready says so with 503, which is an answer here and no error.
async function readiness(signal) {
  const answer = await fetch("/readyz", { signal, credentials: "omit" });
  const body = await answer.json().catch(() => ({}));
  if (!body.checks) throw new ApiError(answer.status, body);
  return body;
}

function drawParts(body) {
  const check = (name, verdict) => [name, h("span", { class: verdict === "ok" ? "good" : "bad" }, verdict === "ok" ? "✓ in order" : `✗ ${verdict}`)];
  return figures([
    ["Service", h("span", { class: body.status === "ready" ? "good" : "bad" }, body.status === "ready" ? "✓ ready" : "✗ not ready"), `version ${body.version}`],
    check("MySQL", body.checks.mysql), check("Schema", body.checks.schema), check("Redis", body.checks.redis),
    ["Data", body.demo ? "simulated" : "GitHub's", `credential: ${body.github_credential}`],
  ]);
}

function drawTopics(topics, { total }) {
  return [sortable("Topics, how fresh and whole", [
    { name: "Topic", head: true, by: (row) => row.name, cell: (row) => h("a", { href: to(["topics", row.name]) }, row.name) },
    { name: "Repositories", number: true, by: (row) => row.repositories_count, cell: (row) => integer(row.repositories_count) },
    { name: "Whole", number: true, by: (row) => (row.complete ? 1 : row.repositories_count / (row.reported_count || 1)),
      cell: (row) => (row.complete ? "yes" : row.reported_count ? coverage(row.repositories_count / row.reported_count) : "–") },
    { name: "Read", by: (row) => row.data_as_of, cell: (row) => ago(row.data_as_of) },
    { name: "Next", by: (row) => row.next_collection_at, cell: (row) => ago(row.next_collection_at) },
    { name: "Last error", by: (row) => row.last_error, cell: (row) => row.last_error ?? "none" },
  ], topics, { column: 0, down: false }),
  total > topics.length && h("p", { class: "muted" }, `The first ${integer(topics.length)} of ${integer(total)} are shown.`),
  h("div", { class: "under links" }, csvLink(url("/api/v1/topics", { per_page: CSV_ROWS_MAX, format: "csv" }), { shown: topics.length, total }))];
}

function drawSources({ data, meta, next }) {
  const gaps = data.flatMap((source) => source.gaps.map((gap) => ({ ...gap, source })));
  return [
    figures([
      ["Public events seen, a day", coverage(meta.share_captured?.last_24_hours), "share of the time watched"],
      ["Public events seen, a week", coverage(meta.share_captured?.last_7_days), "share of the time watched"],
      ["Newest event", ago(meta.newest_event_at)],
      ...(meta.github_requests ?? []).map(budget),
    ]),
    data.length ? sourceTable(data) : empty("Nothing is watched: events are not collected here."),
    data.length > 0 && h("div", { class: "under links" },
      next && h("span", { class: "muted" }, "The first hundred are shown."),
      csvLink(url("/api/v1/coverage", { per_page: CSV_ROWS_MAX, format: "csv" }), { shown: data.length, more: Boolean(next) })),
    h("h3", {}, "Gaps"),
    gaps.length ? gapTable(gaps) : empty("None is known: whatever the watched feeds showed was read without a break."),
    meta.imports?.length > 0 && [h("h3", {}, "Imports"), importTable(meta.imports)],
  ];
}

const RESOURCES = { core: "GitHub requests left", search: "GitHub searches left" };
function budget({ resource, limit, remaining, resets_at }) {
  if (!limit) return [RESOURCES[resource] ?? resource, "–", "nothing asked yet"];
  return [RESOURCES[resource] ?? resource,
    [integer(remaining), h("progress", { max: limit, value: remaining, "aria-label": `${RESOURCES[resource] ?? resource}: ${remaining} of ${limit}` })],
    [`of ${integer(limit)}`, resets_at && Date.parse(resets_at) > serviceNow() && [", full again ", ago(resets_at)]]];
}

function sourceTable(data) {
  const kinds = { firehose: "All public events", details: "Details of repositories" };
  return sortable("Sources", [
    { name: "Source", head: true, by: (row) => row.repository ?? "", cell: (row) => [row.repository ? h("a", { href: toRepository(row.repository) }, row.repository) : kinds[row.kind] ?? row.kind,
      !row.active && h("span", { class: "chip" }, "stopped"), row.last_error && h("p", { class: "description wrong" }, row.last_error)] },
    { name: "A day", number: true, by: (row) => row.share_captured?.last_24_hours, cell: (row) => coverage(row.share_captured?.last_24_hours) },
    { name: "A week", number: true, by: (row) => row.share_captured?.last_7_days, cell: (row) => coverage(row.share_captured?.last_7_days) },
    { name: "Gaps", number: true, by: (row) => row.gaps_count, cell: (row) => integer(row.gaps_count) },
    { name: "New", number: true, by: (row) => row.events_new, cell: (row) => integer(row.events_new) },
    { name: "Known", number: true, by: (row) => row.events_duplicate, cell: (row) => integer(row.events_duplicate) },
    { name: "Requests", number: true, by: (row) => row.requests, cell: (row) => integer(row.requests) },
    { name: "Polled", by: (row) => row.last_polled_at, cell: (row) => ago(row.last_polled_at) },
    { name: "Next", by: (row) => row.next_poll_at, cell: (row) => ago(row.next_poll_at) },
  ], data);
}

function gapTable(gaps) {
  return table("Gaps", [
    { name: "Source", head: true, cell: ({ source }) => source.repository ?? "All public events" },
    { name: "From", cell: (gap) => at(gap.from) },
    { name: "To", cell: (gap) => at(gap.to) },
    { name: "Length", number: true, cell: (gap) => duration((Date.parse(gap.to) - Date.parse(gap.from)) / 1000) },
  ], gaps);
}

function importTable(imports) {
  return table("Imports", [
    { name: "File", head: true, cell: (row) => [row.name, row.last_error && h("p", { class: "description wrong" }, row.last_error)] },
    { name: "State", cell: (row) => h("span", { class: `chip ${row.state === "failed" ? "warn" : ""}` }, row.state) },
    { name: "Read", number: true, cell: (row) => integer(row.events_read) },
    { name: "New", number: true, cell: (row) => integer(row.events_new) },
    { name: "Last", cell: (row) => ago(row.updated_at) },
  ], imports);
}

// ---- Jobs, for who has the admin key

function jobs(signal) {
  const place = h("div");
  const show = () => place.replaceChildren(adminKey()
    ? block({ signal, lines: 5, every: 3, label: "jobs", load: () => get("/maintenance/jobs", { signal, admin: true }), draw: ({ data }) => drawJobs(data) })
    : empty("Jobs are shown to who has the admin key: ", h("a", { href: "#/manage" }, "enter it"), "."));
  addEventListener("keychange", show, { signal });
  show();
  return place;
}

function drawJobs(jobs) {
  if (!jobs.length) return empty("No job has run yet.");
  const states = { running: "", succeeded: "good", failed: "warn" };
  return table("The latest jobs", [
    { name: "Job", head: true, cell: (row) => [row.kind, row.argument && ` ${row.argument}`, h("p", { class: "description" }, `on ${row.replica}`)] },
    { name: "State", cell: (row) => h("span", { class: `chip ${states[row.state] ?? ""}` }, row.state) },
    { name: "Progress", cell: (row) => [row.step, row.error && h("p", { class: "description wrong" }, row.error),
      h("p", { class: "description" }, Object.entries(row.counts ?? {}).map(([name, count]) => `${name.replaceAll("_", " ")} ${integer(count)}`).join(" · "))] },
    { name: "Started", cell: (row) => ago(row.started_at) },
    { name: "Took", number: true, cell: (row) => (row.finished_at ? duration((Date.parse(row.finished_at) - Date.parse(row.started_at)) / 1000) : "running") },
  ], jobs.slice(0, JOBS_SHOWN));
}
