import assert from "node:assert/strict";
import { test } from "node:test";
import { errorThemes } from "./errors/all-errors.ts";
import { explain } from "./explain.ts";

const entries = Object.values(errorThemes).flat();

test("more than seventy errors are known, each under an id of its own", () => {
  assert.ok(entries.length >= 70, String(entries.length));
  assert.equal(new Set(entries.map(({ id }) => id)).size, entries.length);
});

test("each example is explained by its own entry first, or by its reason and then by the entry that wraps it", () => {
  for (const { id, examples, wraps } of entries) {
    for (const example of examples) {
      const ids = explain(example).explanations.map((one) => one.id);
      if (wraps === true) assert.ok(ids.includes(id), `${id}: ${example}`);
      else assert.equal(ids[0], id, example);
    }
  }
});

test("every placeholder of a text is a group of its pattern", () => {
  for (const { id, pattern, means, why, remedy } of entries) {
    const groups = new Set([...pattern.source.matchAll(/\(\?<([a-z]+)>/g)].map(([, name]) => name));
    const used = [means, why, remedy].join(" ").matchAll(/\{([a-z]+)\}/g);
    for (const [, name] of used) assert.ok(groups.has(name), `${id}: {${name}}`);
  }
});

test("every entry says what it means, why, what to do, and where that was read", () => {
  for (const { id, means, why, remedy, source } of entries) {
    for (const text of [means, why, remedy]) assert.match(text, /[.}]$|'\{\.\.\.\}'`\.$/, `${id}: ${text}`);
    assert.match(source, /^(?:moby|docker|opencontainers)\/|^Linux |^Go /, id);
  }
});

test("no example names a person's folder", () => {
  for (const { examples } of entries) assert.doesNotMatch(examples.join("\n"), /\/(?:home|Users)\//);
});

const refused = "dial unix /run/docker/plugins/gate.sock: connect: connection refused";

const wrapped: readonly (readonly [what: string, text: string, ids: readonly string[]])[] = [
  [
    "the innermost reason of a nested error comes first",
    `docker: Error response from daemon: plugin gate failed with error: Post "http://%2Frun%2Fdocker%2Fplugins%2Fgate.sock/AuthZPlugin.AuthZReq": ${refused}.\nSee 'docker run --help'.`,
    ["socket-refused", "authz-failed"],
  ],
  [
    "a log line with its own quoting is read like a terminal's",
    String.raw`Jan 05 10:00:00 db1 dockerd[812]: time="2026-01-05T10:00:00Z" level=error msg="Handler for POST /v1.45/volumes/create returned error: create data: error looking up volume plugin shelf: plugin \"shelf\" not found"`,
    ["plugin-not-found", "plugin-lookup"],
  ],
  [
    "an error that a terminal broke into lines is one",
    "Error response from daemon: error while mounting volume '':\n  Post \"http://%2Frun%2Fdocker%2Fplugins%2Fs.sock/VolumeDriver.Mount\":\n  context deadline exceeded",
    ["deadline", "mount-failed"],
  ],
];
for (const [what, text, ids] of wrapped) {
  test(what, () => {
    assert.deepEqual(
      explain(text).explanations.map(({ id }) => id),
      ids,
    );
  });
}

test("names in an error are filled into what is said of it, and what is not named is said in capitals", () => {
  const [first] = explain('error looking up volume plugin shelf: plugin "shelf" not found').explanations;
  assert.match(first?.remedy ?? "", /docker plugin enable shelf/);
  const [unnamed] = explain("Error response from daemon: no such volume").explanations;
  assert.match(unnamed?.means ?? "", /name VOLUME\./);
});

test("what nobody knows has no explanation, and the nearest errors where there are some", () => {
  const { explanations, nearest } = explain(
    "Error response from daemon: plugin shelf was looking for a volume and found none",
  );
  assert.deepEqual(explanations, []);
  assert.ok(nearest.length > 0 && nearest.length <= 3);
  assert.deepEqual(explain("good morning").nearest, []);
  assert.deepEqual(explain("").nearest, []);
});

test("no pattern begins with a run without end, which a hostile text would make slow", () => {
  for (const { id, pattern } of entries) {
    for (const branch of branchesOf(pattern.source)) {
      assert.doesNotMatch(branch, /^(?:\\b|\(\?:|\(\?<\w+>|\()*(?:\\\w|\[[^\]]*\]|\.)[+*]/, id);
    }
  }
});

test("of a text without end, the end counts", () => {
  const [first] = explain(`${"nothing of interest\n".repeat(100_000)}get data: no such volume`).explanations;
  assert.equal(first?.id, "no-such-volume");
});

/** What a pattern may begin with: its alternatives that stand in no group. */
function branchesOf(source: string): string[] {
  let depth = 0;
  const branches = [""];
  for (const [part] of source.matchAll(/\\.|\[(?:\\.|[^\]])*\]|./gs)) {
    if (part === "(") depth += 1;
    if (part === ")") depth -= 1;
    if (part === "|" && depth === 0) branches.push("");
    else branches.push((branches.pop() ?? "") + part);
  }
  return branches;
}
