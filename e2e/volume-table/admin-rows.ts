// Rows about those who look after volumes, and about how volumes are tested.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { lab, type Host } from "@outrigger/e2e/lab";
import { servePlugins } from "../plugin-on-host.ts";
import { driver } from "../volume-story.ts";
import type { Row } from "./stage.ts";

const command = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url));
const port = 9100;

/** Prints status and body of a request to the listener for OpenStorage's tools, or to the API's own socket. */
const ask = `
import { request as plain } from "node:http";
import { request as secure } from "node:https";
import { readFileSync } from "node:fs";
const { ca, token, method, path, socketPath } = JSON.parse(process.argv[1]);
const headers = token === undefined ? {} : { Authorization: "Bearer " + token };
const how = socketPath === undefined ? { host: "localhost", port: ${port}, ca: readFileSync(ca) } : { socketPath };
(socketPath === undefined ? secure : plain)({ ...how, method, path, headers }, async (response) => {
  const body = (await response.toArray()).join("");
  console.log(JSON.stringify({ status: response.statusCode, body: JSON.parse(body || "null") }));
}).end();`;

/** In the table's order. */
export const adminRows: readonly Row[] = [
  [
    "admin API + CLI + OpenAPI, authn",
    async ({ host: { engine } }) => {
      // Of its own, for an engine goes on asking for a plugin that it has met.
      await using host = await lab.host({ engine: engine.version });
      const docker = (...args: string[]): Promise<string> => host.docker(args);
      const [cert, key, tokens] = ["cert.pem", "key.pem", "tokens"].map((name) => join(host.share, name));
      const self = ["-x509", "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
      await host.run([
        "openssl",
        "req",
        ...self,
        "-newkey",
        "rsa:2048",
        "-noenc",
        "-keyout",
        `${key}`,
        "-out",
        `${cert}`,
      ]);
      const outrigger = async (...args: string[]): Promise<string> =>
        (await host.run([process.execPath, command, "volume", ...args])).stdout;
      const tokenOf = async (role: string): Promise<string> =>
        (await outrigger("token", role, `${tokens}`, "--role", role)).match(/^\S{20,}$/m)?.[0] ?? "";
      const [viewer, admin] = [await tokenOf("viewer"), await tokenOf("admin")];

      const root = "/var/lib/outrigger/governed";
      const options = {
        root,
        "osd-listen": `0.0.0.0:${port}`,
        "osd-tokens": `${tokens}`,
        "osd-cert": `${cert}`,
        "osd-key": `${key}`,
      };
      await using _plugin = await servePlugins(host, [{ name: "governed", options }]);
      await docker("volume", "create", "-d", "governed", "ledger");
      const api = ["--plugin", "governed", "--json"];
      const [listed] = JSON.parse(await outrigger("list", ...api)) as { name: string; state: string }[];
      assert.partialDeepStrictEqual(listed, { name: "ledger", state: "ready" });
      const document = await asked(host, { method: "GET", path: "/openapi.json", socketPath: join(root, "api.sock") });
      assert.partialDeepStrictEqual(document, { status: 200, body: { openapi: "3.1.0" } });

      const volumes = { ca: cert, path: "/v1/osd-volumes" };
      assert.equal((await asked(host, { ...volumes, method: "GET" })).status, 401);
      assert.equal((await asked(host, { ...volumes, method: "GET", token: `${viewer}x` })).status, 401);
      const seen = await asked(host, { ...volumes, method: "GET", token: viewer });
      assert.match(JSON.stringify(seen), /"status":200.*ledger/);
      const destroy = { ...volumes, method: "DELETE", path: `${volumes.path}/ledger` };
      assert.equal((await asked(host, { ...destroy, token: viewer })).status, 403);
      assert.equal(await docker("volume", "ls", "-q", "--filter=driver=governed"), "ledger");
      assert.equal((await asked(host, { ...destroy, token: admin })).status, 200);
      assert.equal(await docker("volume", "ls", "-q", "--filter=driver=governed"), "");
      assert.ok(!(await readFile(`${tokens}`, "utf8")).includes(admin), "a token lies about in clear text");
    },
  ],
  [
    "tests with a real engine",
    async ({ host, docker, create, inVolumes, plugin }) => {
      assert.ok((await docker("version", "--format={{.Server.Version}}")).startsWith(host.engine.version));
      assert.match(await docker("info", "--format={{.Plugins.Volume}}"), new RegExp(`\\b${driver}\\b`));
      const before = plugin.calls().length;
      await create("data");
      assert.equal(await inVolumes(["data"], "echo through >/data/file; cat /data/file"), "through");
      await docker("volume", "rm", "data");
      const methods = plugin
        .calls()
        .slice(before)
        .map(({ method }) => method);
      for (const verb of ["Create", "Mount", "Unmount", "Remove"]) {
        assert.ok(methods.includes(`VolumeDriver.${verb}`), `${verb} is not among ${methods.join(", ")}`);
      }
    },
  ],
];

async function asked(
  host: Host,
  what: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const { stdout } = await host.run([process.execPath, "--input-type=module", "--eval", ask, JSON.stringify(what)]);
  // What the program above prints.
  return JSON.parse(stdout) as { status: number; body: unknown };
}
