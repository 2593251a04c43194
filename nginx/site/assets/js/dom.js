// Elements from plain calls. Text is always text: nothing here or elsewhere parses markup out of data.

/** h("a", {href: "#/", class: "x", onclick: f, title: undefined}, "text", node, [more]): nothing, false and null are left out. */
export function h(tag, properties, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same for SVG. */
export function s(tag, properties, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...flat(children));
  return element;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false);
}

/** Tells screen readers what has changed without a change of focus. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

/** Only these may stand in a link that data brought. */
export function safeLink(url) {
  return /^https?:\/\//i.test(url ?? "") ? url : undefined;
}
