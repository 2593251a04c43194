// Whether a repository's events are collected on their own, and with the admin key the means to change that.
import { announce, h } from "../dom.js";
import { adminKey, repo, write } from "../api.js";

const GITHUB_TIMEOUT_MS = 95_000; // the service may have to ask GitHub for the repository first

export function tracking(data) {
  const place = h("span", { class: "tracking" });
  let active = data.active;
  let wrong = "";

  async function change() {
    place.querySelector("button").disabled = true;
    try {
      await write(active ? "DELETE" : "PUT", repo(data.full_name, "tracking"), { timeout: GITHUB_TIMEOUT_MS });
      active = !active;
      wrong = "";
      announce(active ? "Its events are collected now" : "Its events are no longer collected");
    } catch (error) {
      wrong = error.message;
    }
    show();
  }

  function show() {
    place.replaceChildren(
      h("span", { class: active ? "chip good" : "chip" }, active ? "events collected" : "events not collected"),
      adminKey() ? h("button", { type: "button", onclick: change }, active ? "Stop" : "Collect them") : "",
      wrong ? h("span", { role: "alert", class: "wrong" }, wrong) : "");
  }
  show();
  return place;
}
