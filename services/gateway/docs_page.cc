#include "services/gateway/docs_page.h"

namespace esnaf::gateway {

const std::string& DocsPage() {
  static const std::string kPage = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Esnaf API</title>
<style>
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #0a7; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 1rem; }
h1 { margin: .2rem 0; } h2 { border-bottom: 1px solid var(--line); margin-top: 2rem; }
input { font: inherit; padding: .4rem .6rem; width: 100%; box-sizing: border-box; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; }
summary { cursor: pointer; padding: .4rem .6rem; }
details > div { padding: .2rem 1rem 1rem; }
code, pre { font: 13px/1.4 ui-monospace, monospace; } pre { background: var(--soft); overflow: auto; padding: .6rem; }
.verb { color: var(--accent); display: inline-block; font-weight: 700; width: 4.5rem; }
.what { color: #888; } table { border-collapse: collapse; width: 100%; }
td, th { border-top: 1px solid var(--line); padding: .25rem .5rem; text-align: left; vertical-align: top; }
</style>
</head>
<body>
<h1>Esnaf API</h1>
<p id="about">Loading <a href="/openapi.json">/openapi.json</a> …</p>
<input id="filter" type="search" placeholder="Find a method, a path or a field" aria-label="Find">
<main id="list"></main>
<script>
"use strict";
const make = (tag, text, className) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
};
const nameOf = (reference) => reference.split("/").pop();
const resolve = (api, node) =>
  node && node.$ref ? node.$ref.slice(2).split("/").reduce((at, part) => at[part], api) : node;
const inner = (schema) => schema.allOf ? Object.assign({}, schema.allOf[0], {description: schema.description}) : schema;
const typeOf = (schema) => {
  schema = inner(schema);
  if (schema.$ref) return nameOf(schema.$ref).split(".").pop();
  if (schema.type === "array") return typeOf(schema.items) + "[]";
  if (schema.additionalProperties && schema.additionalProperties !== true) {
    return "map of " + typeOf(schema.additionalProperties);
  }
  return schema.format ? schema.type + " (" + schema.format + ")" : schema.type || "any";
};
// An example of a schema, as deep as it is useful.
const exampleOf = (api, schema, depth) => {
  schema = inner(schema);
  if (schema.$ref) return depth > 4 ? {} : exampleOf(api, resolve(api, schema), depth + 1);
  if (schema.enum) return schema.enum[1] || schema.enum[0];
  if (schema.type === "array") return [exampleOf(api, schema.items, depth + 1)];
  if (schema.type === "object") {
    const made = {};
    for (const [name, child] of Object.entries(schema.properties || {})) {
      made[name] = exampleOf(api, child, depth + 1);
    }
    return made;
  }
  if (schema.type === "integer" || schema.type === "number") return 0;
  if (schema.type === "boolean") return false;
  if (schema.format === "date-time") return "2026-01-31T09:30:00Z";
  return schema.format === "int64" ? "0" : "";
};
const showFields = (api, schema) => {
  const table = make("table");
  const named = resolve(api, schema.$ref ? schema : inner(schema));
  for (const [name, child] of Object.entries((named || {}).properties || {})) {
    const row = table.appendChild(make("tr"));
    row.append(make("td", name), make("td", typeOf(child), "what"),
               make("td", (child.description || "").split("\n")[0]));
  }
  return table;
};
const showOperation = (api, path, verb, operation) => {
  const box = make("details");
  box.dataset.text = (path + " " + JSON.stringify(operation)).toLowerCase();
  const summary = box.appendChild(make("summary"));
  summary.append(make("span", verb.toUpperCase(), "verb"), make("code", path),
                 make("span", "  " + operation.summary, "what"));
  box.addEventListener("toggle", () => {
    if (!box.open || box.children.length > 1) return;
    const body = box.appendChild(make("div"));
    for (const line of operation.description.split("\n")) if (line) body.append(make("p", line));
    const parameters = operation.parameters.map((node) => resolve(api, node));
    const table = body.appendChild(make("table"));
    for (const parameter of parameters) {
      const row = table.appendChild(make("tr"));
      row.append(make("td", parameter.name), make("td", parameter.in + ", " + typeOf(parameter.schema), "what"),
                 make("td", parameter.description || ""));
    }
    if (operation.requestBody) {
      const schema = operation.requestBody.content["application/json"].schema;
      body.append(make("h4", "Body: " + typeOf(schema)), showFields(api, schema),
                  make("pre", JSON.stringify(exampleOf(api, schema, 0), null, 2)));
    }
    const answer = Object.values(operation.responses["200"].content)[0].schema;
    body.append(make("h4", "Answer: " + typeOf(answer)), showFields(api, answer));
  });
  return box;
};
fetch("/openapi.json").then((response) => response.json()).then((api) => {
  document.getElementById("about").textContent =
      api.info.description + " Send an API key as Authorization: Bearer esk_…";
  const groups = {};
  for (const [path, verbs] of Object.entries(api.paths)) {
    for (const [verb, operation] of Object.entries(verbs)) {
      (groups[operation.tags[0]] = groups[operation.tags[0]] || []).push(showOperation(api, path, verb, operation));
    }
  }
  const list = document.getElementById("list");
  for (const [name, boxes] of Object.entries(groups)) {
    const section = list.appendChild(make("section"));
    section.append(make("h2", name), ...boxes);
  }
  document.getElementById("filter").addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase();
    for (const section of list.children) {
      let any = false;
      for (const box of section.querySelectorAll("details")) {
        box.hidden = !box.dataset.text.includes(wanted);
        any = any || !box.hidden;
      }
      section.hidden = !any;
    }
  });
}).catch((error) => {
  document.getElementById("about").textContent = "The API's description cannot be read: " + error;
});
</script>
</body>
</html>
)html";
  return kPage;
}

}  // namespace esnaf::gateway
