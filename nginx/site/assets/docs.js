// Shows /api/v1/openapi.json with Swagger UI, in the reader's colours. The admin key that somebody enters lasts as long as the page.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  // The choice made on the dashboard, else the system's.
  function chosen() {
    try {
      return localStorage.getItem("repopulse.theme");
    } catch {
      return null; // storage is switched off
    }
  }
  function colour() {
    const choice = chosen();
    root.classList.toggle("dark-mode", choice === "dark" || (choice !== "light" && system.matches));
  }
  colour();
  system.addEventListener("change", colour);
  addEventListener("storage", colour);

  const missing = document.getElementById("missing");
  if (typeof SwaggerUIBundle === "undefined") {
    missing.firstChild.textContent = "The viewer is not installed here (make pages fetches it). The description is at ";
    return;
  }
  missing.remove();

  // What Swagger UI shows that is not so here: a choice of servers, where there is one; and a link within the button that opens an operation,
  // which no keyboard or screen reader can tell from the button. Opening it puts its address into the address bar all the same.
  const ours = { wrapComponents: {
    ServersContainer: () => () => null,
    DeepLink: (Original, { React }) => (properties) => React.createElement("span", null, properties.text),
  } };
  SwaggerUIBundle({
    url: "/api/v1/openapi.json",
    domNode: document.getElementById("api").appendChild(document.createElement("div")),
    validatorUrl: null, // else a badge is asked of a server elsewhere
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    defaultModelExpandDepth: 2,
    displayRequestDuration: true,
    filter: true,
    tryItOutEnabled: true,
    persistAuthorization: false,
    plugins: [ours],
  });

  // Examples can be wider than their boxes, which a keyboard has to reach to move them; a parameter's field is called what the parameter is.
  function amend() {
    for (const example of document.querySelectorAll("pre.microlight:not([tabindex])")) example.tabIndex = 0;
    for (const field of document.querySelectorAll("[data-param-name] :is(select, input):not([aria-label])")) {
      field.setAttribute("aria-label", field.closest("[data-param-name]").dataset.paramName);
    }
  }
  new MutationObserver(amend).observe(document.getElementById("api"), { childList: true, subtree: true });

  fetch("/readyz")
    .then((answer) => answer.json())
    .then((state) => {
      if (state.demo) document.getElementById("demo").textContent = "Demo data: GitHub is simulated here.";
    })
    .catch(() => {}); // it is then not known, and trying something out will tell
})();
