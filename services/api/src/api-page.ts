import type { JsonObject } from "@routeledger/std";

/** The description as a page for people: no scripts, nothing from elsewhere. */
export function apiPage(openApi: JsonObject): string {
  const paths = Object.entries(openApi.paths as Record<string, Record<string, JsonObject>>);
  const sections = paths.flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => section(method, path, operation)),
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Routeledger api</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  code { font: 14px ui-monospace, monospace; }
  section { border-top: 1px solid #8884; padding: .5rem 0; }
  h2 { font-size: 1rem; margin: .3rem 0; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: .3rem 0; }
  dd { margin: 0; }
</style>
<h1>Routeledger api</h1>
<p>The one door: appends what people say, answers what they ask. The same as <a href="/openapi.json">OpenAPI</a>.
Errors are <code>{"error": {"code", "message", "hint"}}</code>. Where the api was given tokens, all but
<code>/livez</code> and <code>/readyz</code> asks for <code>Authorization: Bearer TOKEN</code>. On NATS,
<code>routeledger.api.apply</code>, <code>.delete</code> and <code>.get</code> answer the same.</p>
${sections.join("\n")}
</html>
`;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly description?: string;
}

function section(method: string, path: string, operation: JsonObject): string {
  const parameters = (operation.parameters ?? []) as unknown as Parameter[];
  const query = parameters.filter((parameter) => parameter.in === "query");
  const headers = parameters.filter((parameter) => parameter.in === "header");
  const body = (operation.requestBody as JsonObject | undefined)?.description;
  const answer = ((operation.responses as JsonObject)["200"] as JsonObject).description;
  const rows = [
    ...query.map(({ name, description = "" }) => [`?${name}=`, description]),
    ...headers.map(({ name, description = "" }) => [`${name}:`, description]),
    ...(body === undefined ? [] : [["body", String(body)]]),
    ["answer", String(answer)],
  ];
  const list = rows
    .map(([name = "", text = ""]) => `<dt><code>${escaped(name)}</code><dd>${escaped(text)}`)
    .join("\n");
  return `<section><h2><code>${method.toUpperCase()} ${escaped(path)}</code></h2>
${escaped(String(operation.summary))}
<dl>${list}</dl></section>`;
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
