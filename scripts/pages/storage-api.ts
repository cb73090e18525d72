// docs/storage-api.md: every operation of the storage API, and the part of OpenStorage's that is served.
import type { Option, Options } from "@outrigger/plugin";
import { operations, osdOperations, type Operation } from "@outrigger/storage-api";

/** The page of the storage API. */
export function storageApiPages(): Map<string, string> {
  const text = `# Storage API

Written from the table of operations by \`npm run docs\`; [storage.md](storage.md) says how to use it. \`GET /openapi.json\` is the same as an OpenAPI 3.1 document.

Errors are \`application/problem+json\`: \`detail\` says which object, why, and the way out. Long work answers 202 with an operation, which goes on when the client leaves; follow it at \`/v1/operations/{id}/events\`. A viewer looks, an operator changes volumes, an admin also destroys, and moves data out and in; on the plugin's own socket, which only root may open, everybody is an admin.

## On api.sock in the plugin's root folder

${operations.map(describe).join("\n\n")}

## For tools that know OpenStorage

Served at \`osd-listen\`, with a bearer token. Ids are names, and \`volume@snapshot\` for snapshots. Failures of create, set, delete, snapshot and restore are told as OpenStorage tells them: 200, with the reason in \`error\`. \`GET /metrics\` is served there too.

${osdOperations.map(describe).join("\n\n")}
`;
  return new Map([["storage-api.md", text]]);
}

function describe({ id, method, path, doc, role, query = {}, body, options }: Operation): string {
  const fields = typeof body === "object" ? body : {};
  const rows = [...rowsOf("query", query), ...rowsOf("body", fields)];
  if (body === "tar") rows.push("| body | | tar | The stream. |");
  if (options) rows.push("| body | options | texts | The volume's options, as for `docker volume create -o`. |");
  const table = ["| in | name | type | |", "|---|---|---|---|", ...rows];
  return [`### \`${method} ${path}\``, "", `${doc} (${id}, ${role})`, ...(rows.length > 0 ? ["", ...table] : [])].join(
    "\n",
  );
}

function rowsOf(where: string, options: Options): string[] {
  return Object.entries(options).map(([name, option]) => `| ${where} | ${name} | ${typeOf(option)} | ${option.doc} |`);
}

function typeOf(option: Option): string {
  const type = option.type === "choice" ? option.of.join(", ") : option.type;
  return option.required ? `${type}, required` : type;
}
