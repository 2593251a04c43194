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
    plugins: [{ wrapComponents: { ServersContainer: () => () => null } }], // there is one: this installation
  });

  fetch("/readyz")
    .then((answer) => answer.json())
    .then((state) => {
      if (state.demo) document.getElementById("demo").textContent = "Demo data: GitHub is simulated here.";
    })
    .catch(() => {}); // it is then not known, and trying something out will tell
})();
