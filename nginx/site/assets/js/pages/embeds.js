// Badges and charts for other pages: shown as they look, with the text to copy.
import { h } from "../dom.js";
import { repo } from "../api.js";
import { copyable } from "../views.js";

const BADGES = [["stars", "Stars"], ["growth", "Stars gained in 7 days"], ["forks", "Forks"], ["issues", "Open issues"],
  ["activity", "Activity score"], ["events", "Events of 7 days"]];
const CHARTS = [["stars", "Stars"], ["events", "Events"], ["forks", "Forks"], ["issues", "Open issues"]];

export function embeds(name) {
  const preview = h("div", { class: "preview" });
  const codes = h("div", { class: "codes" });
  const options = [...BADGES.map(([metric, title]) => ({ path: repo(name, "badge", `${metric}.svg`), title, what: `Badge: ${title}` })),
    ...CHARTS.map(([series, title]) => ({ path: repo(name, "chart", `${series}.svg`), title, what: `Chart: ${title}` }))];
  const select = h("select", { id: "embed-what" }, options.map(({ what }, index) => h("option", { value: index }, what)));

  function show() {
    const { path, title } = options[select.value];
    const source = `${location.origin}${path}`;
    const page = `${location.origin}/#/repos/${name}`;
    preview.replaceChildren(h("img", { src: path, alt: `${title} of ${name}`, loading: "lazy" }));
    codes.replaceChildren(
      h("h3", {}, "Markdown"), copyable("Markdown", `[![${title} of ${name}](${source})](${page})`),
      h("h3", {}, "HTML"), copyable("HTML", `<a href="${page}"><img src="${source}" alt="${title} of ${name}"></a>`),
      h("h3", {}, "Address"), copyable("Address", source));
  }
  select.addEventListener("change", show);
  show();
  return h("div", { class: "embeds" }, h("p", {}, h("label", { for: "embed-what" }, "What "), select), preview, codes);
}
