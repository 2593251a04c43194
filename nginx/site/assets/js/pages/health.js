// How a project fares, by the definitions of CHAOSS; each figure links the one it follows.
import { h, safeLink } from "../dom.js";
import { get, repo } from "../api.js";
import { decimal, duration, integer, percent } from "../format.js";
import { basis, block, figures } from "../views.js";

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LEVELS = 5;

export function health(name, signal) {
  return block({ signal, lines: 5, label: "health",
    load: () => get(repo(name, "health"), { signal }),
    draw: ({ data, meta }) => [
      figures([absence(data.contributor_absence_factor), closure(data.change_request_closure_ratio),
        response("First response to issues", data.time_to_first_response, "issues"),
        response("First response to pull requests", data.time_to_first_response, "change_requests")]),
      heatmap(data.activity_dates_and_times),
      basis(meta),
    ] });
}

const named = (words, metric) => {
  const link = safeLink(metric?.definition);
  return link ? h("a", { href: link, rel: "noreferrer", title: "The definition this follows" }, words) : words;
};

function absence(metric) {
  return [named("Contributor absence factor", metric), decimal(metric.value, 0),
    metric.value === null ? "no contributions known" : `of ${integer(metric.contributors)} people made half of ${integer(metric.contributions)} contributions`];
}

function closure(metric) {
  return [named("Pull requests closed", metric), percent(metric.value), `${integer(metric.closed)} closed, ${integer(metric.opened)} opened`];
}

function response(words, metric, kind) {
  const of = metric[kind];
  return [named(words, metric), duration(of.median_seconds),
    of.answered ? `median; ${integer(of.answered)} of ${integer(of.opened)} answered` : `none of ${integer(of.opened)} answered`];
}

// The hours are those of UTC in the answer; a row of them in the reader's zone would tear days apart.
function heatmap(metric) {
  const most = Math.max(...metric.by_weekday_and_hour.flat());
  if (most === 0) return null;
  const cell = (events, day, hour) => {
    const words = `${DAYS[day]} ${String(hour).padStart(2, "0")}:00 UTC: ${integer(events)} events`;
    return h("td", { class: `heat l${events ? Math.ceil((events / most) * LEVELS) : 0}`, title: words }, h("span", { class: "unseen" }, integer(events)));
  };
  return [h("h3", {}, named("When it is active", metric), h("small", {}, " (UTC)")),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Events by weekday and hour" },
      h("table", { class: "heatmap" },
        h("caption", { class: "unseen" }, "Events by weekday and hour of UTC"),
        h("thead", {}, h("tr", {}, h("td"), Array.from({ length: 24 }, (_, hour) =>
          h("th", { scope: "col" }, hour % 6 === 0 ? String(hour).padStart(2, "0") : h("span", { class: "unseen" }, hour))))),
        h("tbody", {}, metric.by_weekday_and_hour.map((hours, day) =>
          h("tr", {}, h("th", { scope: "row" }, DAYS[day]), hours.map((events, hour) => cell(events, day, hour)))))))];
}
