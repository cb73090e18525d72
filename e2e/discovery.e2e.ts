// The three ways in which an engine finds a plugin.
import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Host } from "@outrigger/e2e/lab";
import { makeCertificate } from "../packages/engine/test/certificates.ts";
import { servePlugins, until, type PluginOnHost } from "./plugin-on-host.ts";
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

story("a .json file with TLS is verified both ways, as far as it says how", async (host) => {
  const ours = await writeCertificates(host);
  const foreign = await writeCertificates(host);
  const { CertFile, KeyFile } = ours.engine;
  const files = {
    stranger: { TLSConfig: ours.engine, Addr: "https://127.0.0.1:4001" },
    anonymous: { TLSConfig: { CAFile: foreign.engine.CAFile }, Addr: "https://127.0.0.1:4001" },
    // Without CAFile the engine takes any certificate, whatever InsecureSkipVerify says.
    careless: { TLSConfig: { CertFile, KeyFile, InsecureSkipVerify: false }, Addr: "https://127.0.0.1:4001" },
  };
  for (const [name, file] of Object.entries(files))
    await writeFile(host.path(`/etc/docker/plugins/${name}.json`), JSON.stringify(file));
  const { cert, key } = foreign.plugin;
  const listen = [{ tls: "127.0.0.1:4001", cert, key, clientCa: ours.plugin.clientCa }];
  await using plugins = await servePlugins(host, [{ listen }]);

  await host.docker(["volume", "create", "-d", "careless", "data"]);
  assert.equal(activations(plugins), 1);
  // The engine tries for 15 s; what it says of the first try is enough.
  const enough = new AbortController();
  const attempts = ["stranger", "anonymous"].map((name) =>
    assert.rejects(host.docker(["volume", "create", "-d", name, name], { signal: enough.signal })),
  );
  await until("the engine refuses the plugin", () => /certificate signed by unknown authority/.test(host.engine.log()));
  await until("the plugin refuses the engine", () => /Plugin.Activate.*(EOF|reset|required)/.test(host.engine.log()));
  enough.abort();
  await Promise.all(attempts);
  assert.equal(activations(plugins), 1, "neither got through");
});

function activations(plugins: PluginOnHost): number {
  return plugins.calls().filter(({ method }) => method === "Plugin.Activate").length;
}

/** Files under a path that host and engine share: an authority that both trust, and a certificate for each. */
async function writeCertificates(host: Host): Promise<{
  plugin: { cert: string; key: string; clientCa: string };
  engine: { CAFile: string; CertFile: string; KeyFile: string };
}> {
  const folder = await mkdtemp(join(host.share, "certificates-"));
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
