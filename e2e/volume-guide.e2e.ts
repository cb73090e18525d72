// What docs/volumes.md has its readers type, in its order; a line that does not work any more fails here.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { lab } from "@outrigger/e2e/lab";
import { servePlugins } from "./plugin-on-host.ts";

const page = new URL("../docs/volumes.md", import.meta.url);
const newest = lab.engines().at(-1);

test("the docker commands of the guide to volumes work as they stand there", { skip: lab.skip(newest) }, async () => {
  const text = await readFile(page, "utf8");
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, lines = ""]) => lines);
  const commands = blocks.flatMap((lines) => lines.split("\n")).filter((line) => line.startsWith("docker "));
  assert.ok(commands.length >= 11, `${commands.length} commands`);
  const [, refused = "", reason = ""] = /^```\n\$ docker (.*)\n… (.*)\n```$/m.exec(text) ?? [];

  await using host = await lab.host(newest === undefined ? {} : { engine: newest });
  await host.run(["mount", "-t", "tmpfs", "srv", "/srv"]);
  await host.run(["mkdir", "/srv/photos"]);
  await host.image("busybox");
  const root = "/var/lib/outrigger/volume-local";
  await using _plugin = await servePlugins(host, [{ options: { root, pool: "auto" } }]);
  for (const line of commands) await host.docker(line.split(" ").slice(1));
  await assert.rejects(host.docker(refused.split(" ")), (error) => String(error).includes(reason) && reason !== "");
  const left = (await host.docker(["volume", "ls", "-q"])).split("\n");
  assert.deepEqual(left.sort(), ["cache", "data", "database", "diary"]);
  await host.docker(["volume", "rm", ...left]);
});
