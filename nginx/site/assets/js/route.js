// Addresses within the page: #/topics/kubernetes?sort=activity. They are the whole state of a view, so links and the
// back button work.

export function current() {
  return parse(location.hash);
}

export function parse(hash) {
  const [path, query = ""] = hash.replace(/^#/, "").split("?", 2);
  const segments = path.split("/").filter(Boolean).map(decoded);
  return { segments, query: new URLSearchParams(query) };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone per cent sign stands for itself
  }
}

/** "#/topics/c%2B%2B?sort=newest"; empty parameters are left out. */
export function to(segments, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== "") query.set(name, value);
  }
  const path = segments.map(encodeURIComponent).join("/");
  const text = query.toString();
  return `#/${path}${text ? `?${text}` : ""}`;
}

export const toRepository = (fullName) => to(["repos", ...fullName.split("/")]);

/** Goes there as if a link was followed. */
export function go(hash) {
  location.hash = hash.slice(1);
}

/** Puts another address in the place of this one, without a step in the history and without drawing anew. */
export function amend(hash) {
  history.replaceState(history.state, "", hash);
}
