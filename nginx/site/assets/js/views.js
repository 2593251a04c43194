// The states every part of a page can be in: loading, awaited, empty, wrong, old; and the small parts pages are made of.
import { announce, h } from "./dom.js";
import { ApiError, Awaited } from "./api.js";
import { ago, at, coverage, duration, integer, serviceNow } from "./format.js";

export const CSV_ROWS_MAX = 100; // the service's own bound of a page
const OVERDUE_MS = 5 * 60_000; // cron calls each minute, and a topic before it may take some
const AWAITED_TRIES_MAX = 60;
const AWAITED_SECONDS = 10;

export function skeleton(lines = 4, label = "Loading") {
  return h("div", { class: "skeleton", role: "status" }, h("span", { class: "unseen" }, label),
    Array.from({ length: lines }, () => h("i", { "aria-hidden": "true" })));
}

export const empty = (...words) => h("p", { class: "empty" }, words);

export function problem(error, retry) {
  const missing = error instanceof ApiError && error.status === 404;
  return h("div", { class: "problem", role: "alert" },
    h("p", {}, h("strong", {}, missing ? "Not found. " : "That did not work. "), error.message),
    error.errors?.length > 0 && h("ul", {}, error.errors.map((one) => h("li", {}, h("code", {}, one.parameter), `: ${one.allowed}`))),
    h("p", { class: "actions" },
      retry && !missing && h("button", { type: "button", onclick: retry }, "Try again"),
      error.requestId && h("small", {}, "Request ", h("code", {}, error.requestId))));
}

/**
 * A place that loads and shows something. `load(signal)` gets the data, `draw(data)` makes nodes of them; with `every`
 * seconds they are got again as long as the place is shown. What is there stays when a later request fails, with a word.
 */
export function block({ load, draw, signal, every, lines, label }) {
  const place = h("div", { class: "block" }, skeleton(lines, label && `Loading ${label}`));
  let tries = 0;
  let shown = false;
  let timer;

  const again = (seconds) => {
    clearTimeout(timer);
    if (!signal.aborted) timer = setTimeout(() => (document.hidden ? again(seconds) : run(false)), seconds * 1000);
  };

  // What somebody is reading or typing in is not drawn anew under their hands.
  const used = () => shown && (place.contains(document.activeElement) || place.querySelector("details[open]"));

  async function run(asked = true) {
    if (!asked && used()) return again(every ?? AWAITED_SECONDS);
    place.setAttribute("aria-busy", "true");
    try {
      const got = await load(signal);
      if (signal.aborted) return;
      place.replaceChildren(...[got?.stale && staleNote(got.meta?.data_as_of), draw(got)].flat(Infinity).filter(Boolean));
      shown = true;
      tries = 0;
      if (every) again(every);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Awaited && tries++ < AWAITED_TRIES_MAX) {
        place.replaceChildren(h("p", { class: "empty", role: "status" }, `${error.message} This page looks again by itself.`));
        again(Math.min(error.seconds, 15));
      } else if (shown) {
        place.querySelector(".stale")?.remove();
        place.prepend(h("p", { class: "stale", role: "status" }, "These could not be refreshed: ", error.message));
        if (every) again(every);
      } else {
        if (!(error instanceof ApiError || error instanceof Awaited)) console.error(error);
        place.replaceChildren(problem(error, () => { place.replaceChildren(skeleton(lines)); run(); }));
        if (every) again(every);
      }
    } finally {
      place.removeAttribute("aria-busy");
    }
  }

  signal.addEventListener("abort", () => clearTimeout(timer));
  place.reload = () => signal.aborted || run();
  run();
  return place;
}

/** Why a tracked topic has no data: it is being read now, or was to be read long ago. */
export function whyAwaited(topic) {
  const overdue = serviceNow() - Date.parse(topic.next_collection_at);
  if (!(overdue > OVERDUE_MS)) return "The first data are being collected.";
  return `It was to be read ${duration(Math.round(overdue / 1000))} ago and was not: nothing is collected here at present, or GitHub allows nothing.`;
}

export function staleNote(asOf) {
  return h("p", { class: "stale", role: "status" },
    "The newest data cannot be read at the moment. What is shown is ", asOf ? ["from ", ago(asOf)] : "older", ".");
}

/** What numbers stand on: their time, how many events, how much of the time was watched. */
export function basis(meta) {
  const words = [];
  if (meta.window?.from) words.push(["From ", at(meta.window.from)]);
  if (meta.sample_size !== undefined) words.push(`${meta.sample_size.toLocaleString("en")} events`);
  if (meta.coverage) words.push([coverage(meta.coverage.share), " of the time watched"]);
  if (meta.data_as_of) words.push(["as of ", ago(meta.data_as_of)]);
  return h("p", { class: "basis" }, words.map((word, index) => [index ? " · " : "", word]));
}

export function section(title, { id, aside, level = 2 } = {}, ...children) {
  const heading = h(`h${level}`, { id }, title);
  return h("section", { "aria-labelledby": id, class: "card" }, h("div", { class: "head" }, heading, aside), children);
}

/** Figures in a row: [[name, value, note]]. */
export function figures(items) {
  return h("dl", { class: "figures" }, items.filter(Boolean).map(([name, value, note]) =>
    h("div", {}, h("dt", {}, name), h("dd", {}, value, note && h("small", {}, note)))));
}

/** Links of which one is the present view. */
export function tabs(label, items) {
  return h("nav", { class: "tabs", "aria-label": label }, items.map(({ name, href, on }) =>
    h("a", { href, "aria-current": on ? "true" : undefined }, name)));
}

/** A table: columns are {name, cell(row), number, head, class, sort: {href, on, order}}. What is wider than the window scrolls in a box of its own. */
export function table(caption, columns, rows, { rowClass } = {}) {
  const classes = (column) => [column.number && "number", column.head && "row", column.class].filter(Boolean).join(" ") || undefined;
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h("table", {},
      h("caption", { class: "unseen" }, caption),
      h("thead", {}, h("tr", {}, columns.map((column) =>
        h("th", { scope: "col", class: classes(column), "aria-sort": column.sort?.on ? column.sort.order ?? "descending" : undefined },
          column.sort ? h("a", { href: column.sort.href, class: "sort" }, column.name) : column.name)))),
      h("tbody", {}, rows.map((row) => h("tr", { class: rowClass?.(row) }, columns.map((column, index) =>
        h(index === columns.findIndex((one) => one.head) ? "th" : "td",
          { scope: column.head ? "row" : undefined, class: classes(column) }, column.cell(row))))))));
}

// How each table was sorted last: it is drawn anew with its data.
const orders = new Map();

/** A table whose head sorts what is shown, for lists that are here as a whole. `by` of a column is what it sorts by. */
export function sortable(caption, columns, rows, first) {
  const place = h("div");
  let state = orders.get(caption) ?? first ?? { column: null, down: true };
  const order = (column) => (a, b) => {
    const [x, y] = [column.by(a), column.by(b)];
    if (x === y) return 0;
    if (x === null || x === undefined) return 1; // the unknown is last, whichever way
    if (y === null || y === undefined) return -1;
    return (x < y ? -1 : 1) * (state.down ? -1 : 1);
  };
  function show() {
    const sorted = state.column === null ? rows : [...rows].sort(order(columns[state.column]));
    place.replaceChildren(table(caption, columns, sorted));
    columns.forEach((column, index) => {
      if (!column.by) return;
      const head = place.querySelectorAll("thead th")[index];
      if (state.column === index) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      head.replaceChildren(h("button", { type: "button", class: "sort", onclick: () => {
        state = { column: index, down: state.column === index ? !state.down : true };
        orders.set(caption, state);
        show();
        place.querySelectorAll("thead th")[index].querySelector("button").focus();
        announce(`Sorted by ${column.name}, ${state.down ? "descending" : "ascending"}`);
      } }, column.name));
    });
  }
  show();
  return place;
}

/**
 * The link to a list as a table, saying how many of its rows it gives: at most a hundred, from the `first` on (null: from one of which the
 * number is not known). total: null or nothing where it is not known; `more`: whether there are rows beyond the `shown` ones.
 */
export function csvLink(href, { first = 1, shown, more = false, total }) {
  if (first === null) return h("a", { href }, `CSV from here on, at most ${CSV_ROWS_MAX}`);
  const last = first + CSV_ROWS_MAX - 1;
  const all = total ?? (more ? null : first - 1 + shown);
  const rows = all === null ? `${first === 1 ? "" : `${integer(first)} on, `}at most ${CSV_ROWS_MAX}`
    : first === 1 && all <= CSV_ROWS_MAX ? `all ${integer(all)}`
      : first === 1 ? `the first ${CSV_ROWS_MAX} of ${integer(all)}` : `${integer(first)} to ${integer(Math.min(last, all))} of ${integer(all)}`;
  const whole = all !== null && all <= last;
  return h("a", { href, title: whole ? undefined : "Its Link header has the address of the next ones" }, `CSV of ${rows}`);
}

/** How far a row of a ranking moved in a week; nothing where that is not known. */
export function rankChange(row) {
  if (row.rank_change === null || row.rank_change === undefined) return null;
  if (row.rank_change === 0) return h("span", { class: "same", title: "The same rank as a week ago" }, "=");
  const up = row.rank_change > 0;
  const words = `${up ? "Up" : "Down"} ${Math.abs(row.rank_change)} in a week`;
  return h("span", { class: up ? "up" : "down", title: words }, h("span", { "aria-hidden": "true" }, up ? "▲" : "▼"),
    Math.abs(row.rank_change), h("span", { class: "unseen" }, ` (${words})`));
}

/** Text to copy, with a button that does it. */
export function copyable(label, text) {
  const field = h("input", { type: "text", readonly: true, value: text, "aria-label": label, onfocus: () => field.select() });
  const button = h("button", { type: "button", onclick: async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      document.execCommand("copy"); // without a secure origin there is no other way
    }
    button.textContent = "Copied";
    announce(`${label} copied`);
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  } }, "Copy");
  return h("div", { class: "copyable" }, field, button);
}

