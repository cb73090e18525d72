import {
  pluginHandshake,
  protocols,
  type Field,
  type Fields,
  type Method,
  type Protocol,
  type Shape,
} from "@outrigger/protocol";

const missing = {
  required: "A driver must have it.",
  "not-found": "A driver may lack it: 404 is taken for no.",
  "any-error": "A driver may lack it: any error is taken for no.",
  "not-sent": "Sent only to a driver that asked for it.",
};

/** The reference pages in docs/protocols, from the descriptors. */
export function protocolPages(): Map<string, string> {
  const all: readonly Protocol[] = [pluginHandshake, ...Object.values(protocols)];
  return new Map([
    ...all.map((protocol) => [`protocols/${fileName(protocol)}.md`, pageOf(protocol)] as const),
    ["protocols/README.md", indexOf(all)],
  ]);
}

function indexOf(protocols: readonly Protocol[]): string {
  const rows = protocols.map((protocol) => {
    const managed = protocol.managedType === "" ? "" : `\`${protocol.managedType}\``;
    return `| [${protocol.name}](${fileName(protocol)}.md) | ${Object.keys(protocol.methods).length} | \`${protocol.errorKey}\` | ${managed} |`;
  });
  return `# Docker's plugin protocols

Written from the descriptors in packages/protocol; change those, then run \`npm run docs\`.

Every call is \`POST /Kind.Method\` with one JSON object, or no body at all, and answers 200 with one JSON object. A failure is any other status with the text under \`Err\`; IpamDriver's key in a 200 reply is \`Error\`.

| protocol | methods | error key | managed plugin's type |
|---|---|---|---|
${rows.join("\n")}
`;
}

function pageOf(protocol: Protocol): string {
  const methods = Object.values(protocol.methods);
  const contents = methods.map((method) => `- [${method.path}](#${method.path.toLowerCase().replaceAll(".", "")})`);
  const facts = [
    `A failure's text stands under \`${protocol.errorKey}\`${protocol.errorKeyIgnored === true ? ", which the engine reads only when the status is not 200" : ""}.`,
    protocol.managedType === "" ? "" : `A managed plugin names it \`${protocol.managedType}\`.`,
  ];
  return `# ${protocol.name}

${protocol.doc}

${facts.filter((fact) => fact !== "").join(" ")}

${contents.join("\n")}

${methods.map(sectionOf).join("\n")}`;
}

function sectionOf(method: Method): string {
  const facts = [
    `Since engine ${method.since}${method.until === undefined ? "" : `, gone in ${method.until}`}.`,
    method.deadlineMs === undefined
      ? "The engine sets no deadline."
      : `The engine waits ${method.deadlineMs / 1000} s.`,
    missing[method.optional ?? "required"],
  ];
  return `## ${method.path}

${method.doc}

${facts.join(" ")} Read from \`${method.source}\`.

${requestOf(method)}

${replyOf(method)}
`;
}

function requestOf(method: Method): string {
  if (method.emptyBody === "nothing") return "Request: no body.";
  return method.emptyBody === "{}" ? "Request: `{}`." : `Request\n\n${tableOf(method.request)}`;
}

function replyOf(method: Method): string {
  if (method.streams === "reply") return "Reply: a stream of bytes.";
  return Object.keys(method.reply).length === 0 ? "Reply: `{}`." : `Reply\n\n${tableOf(method.reply)}`;
}

function tableOf(fields: Fields): string {
  return `| field | type | | |\n|---|---|---|---|\n${rowsOf(fields, "").join("\n")}`;
}

function rowsOf(fields: Fields, prefix: string): string[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const place = `${prefix}${name.includes(".") ? `["${name}"]` : name}`;
    return [rowOf(place, field), ...rowsOf(inner(field), `${place}${field.type === "list" ? "[]" : ""}.`)];
  });
}

function rowOf(place: string, field: Field): string {
  const notes = [
    field.optional === true ? "optional" : "",
    field.secret === true ? "secret" : "",
    field.since === undefined ? "" : `since ${field.since}`,
  ];
  return `| \`${place}\` | ${typeOf(field)} | ${notes.filter((note) => note !== "").join(", ")} | ${field.doc} |`;
}

function inner(shape: Shape): Fields {
  if (shape.type === "object") return shape.fields;
  return shape.type === "list" || shape.type === "map" ? inner(shape.of) : {};
}

function typeOf(shape: Shape): string {
  switch (shape.type) {
    case "string":
      if (shape.oneOf !== undefined) return shape.oneOf.map((value) => `\`"${value}"\``).join(" or ");
      return shape.format === undefined ? "string" : shape.format.replaceAll("-", " ");
    case "bytes":
      return "base64";
    case "time":
      return "RFC 3339 time";
    case "list":
      return `list of ${typeOf(shape.of)}`;
    case "map":
      return `map of ${typeOf(shape.of)}`;
    case "json":
      return "any object";
    case "integer":
    case "boolean":
    case "object":
      return shape.type;
  }
}

function fileName(protocol: Protocol): string {
  return protocol.name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
}
