// The three ways in which an engine finds a plugin.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Host } from "@outrigger/e2e/lab";
import { makeCertificate } from "../packages/engine/test/certificates.ts";
import { servePlugins } from "./plugin-on-host.ts";
import { story } from "./story.ts";

story("a plugin is found by its socket, by a .spec file and by a .json file with TLS", async (host) => {
  const keys = await writeCertificates(host);
  const { cert, key, clientCa } = keys.plugin;
  await using plugins = await servePlugins(host, [
    { name: "by-sock" },
    { name: "by-spec", listen: [{ tcp: "127.0.0.1:0", spec: "/etc/docker/plugins/by-spec.spec" }] },
    {
      name: "by-json",
      listen: [
        { tls: "127.0.0.1:0", cert, key, clientCa, json: { file: "/etc/docker/plugins/by-json.json", ...keys.engine } },
      ],
    },
  ]);
  await host.image("busybox");
  for (const name of ["by-sock", "by-spec", "by-json"]) {
    await host.docker(["volume", "create", "-d", name, `data-${name}`]);
    const written = ["run", "--rm", "-v", `data-${name}:/data`, "busybox"];
    await host.docker([...written, "sh", "-c", `echo ${name} >/data/file`]);
    assert.equal(await host.docker([...written, "cat", "/data/file"]), name);
    assert.equal(await host.docker(["volume", "inspect", "-f", "{{.Driver}}", `data-${name}`]), name);
    await host.docker(["volume", "rm", `data-${name}`]);
  }
  await plugins.stop();
  const left = await host.run(["ls", "/run/docker/plugins", "/etc/docker/plugins"]);
  assert.equal(left.stdout, "/etc/docker/plugins:\n\n/run/docker/plugins:\n", "socket and files are gone");
});

/** Files under a path that host and engine share: an authority that both trust, and a certificate for each. */
async function writeCertificates(host: Host): Promise<{
  plugin: { cert: string; key: string; clientCa: string };
  engine: { CAFile: string; CertFile: string; KeyFile: string };
}> {
  const folder = join(host.share, "certificates");
  await mkdir(folder);
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const authority = makeCertificate("authority");
  const [plugin, engine] = [makeCertificate("plugin", authority), makeCertificate("engine", authority)];
  const ca = await write("ca.pem", authority.cert);
  return {
    plugin: {
      cert: await write("plugin.pem", plugin.cert),
      key: await write("plugin.key", plugin.key),
      clientCa: ca,
    },
    engine: {
      CAFile: ca,
      CertFile: await write("engine.pem", engine.cert),
      KeyFile: await write("engine.key", engine.key),
    },
  };
}
