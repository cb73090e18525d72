// The plugins in examples/, each asked by a real engine for what it promises.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { startExample } from "./example-on-host.ts";
import { story } from "./story.ts";

story("volume.ts keeps what a container wrote", async (host) => {
  // A folder that the lab's engine sees, as any engine sees all of its machine.
  await host.run(["mkdir", "/var/lib/outrigger/folders"]);
  await host.run(["ln", "-s", "/var/lib/outrigger/folders", "/var/lib/folders"]);
  await using _plugin = await startExample(host, { file: "volume.ts", name: "folders" });
  await host.image("busybox");
  const run = ["run", "--rm", "--volume-driver", "folders", "-v", "data:/data", "busybox", "sh", "-c"];
  await host.docker([...run, "echo hello >/data/file"]);
  assert.equal(await host.docker([...run, "cat /data/file"]), "hello");
  await host.docker(["volume", "rm", "data"]);
});

story("network.ts and ipam.ts let two containers reach each other", async (host) => {
  await using _wires = await startExample(host, { file: "network.ts", name: "wires" });
  await using _counting = await startExample(host, { file: "ipam.ts", name: "counting" });
  await host.image("busybox");
  await host.docker(["network", "create", "-d", "wires", "--ipam-driver", "counting", "net"]);
  await host.docker(["run", "-d", "--name", "first", "--network", "net", "busybox", "sleep", "1d"]);
  const format = "{{.NetworkSettings.Networks.net.IPAddress}}";
  const address = await host.docker(["inspect", "-f", format, "first"]);
  assert.match(address, /^10\.88\.0\.\d+$/);
  const ping = ["run", "--rm", "--network", "net", "busybox", "ping", "-c", "1", "-W", "5"];
  assert.match(await host.docker([...ping, address]), /1 packets received/);
  assert.match(await host.docker([...ping, "first"]), /1 packets received/, "by name");

  await host.docker(["rm", "-f", "first"]);
  await host.docker(["network", "rm", "net"]);
  const links = await host.run(["ls", "/sys/class/net"]);
  assert.doesNotMatch(links.stdout, /^w[io]/m, "links");
});

story("authz.ts refuses privileged containers, and only those", async (host) => {
  await host.image("busybox");
  await using _plugin = await startExample(host, { file: "authz.ts", name: "no-privileged" });
  await host.engine.stop();
  await host.engine.start({ args: ["--authorization-plugin=no-privileged"] });
  assert.equal(await host.docker(["run", "--rm", "busybox", "echo", "hello"]), "hello");
  await assert.rejects(
    host.docker(["run", "--rm", "--privileged", "busybox", "true"]),
    /authorization denied by plugin no-privileged: nothing privileged here; leave out --privileged/,
  );
  await host.docker(["run", "-d", "--name", "user", "busybox", "sleep", "1d"]);
  await assert.rejects(host.docker(["exec", "--privileged", "user", "true"]), /nothing privileged here/);
  assert.equal(await host.docker(["exec", "user", "echo", "hello"]), "hello");
});

story("log.ts writes a container's lines into its file", async (host) => {
  await using _plugin = await startExample(host, { file: "log.ts", name: "lines" });
  await host.image("busybox");
  const script = "for i in 1 2 3; do echo line $i; done; echo oops >&2";
  const id = await host.docker(["run", "-d", "--log-driver", "lines", "--name", "user", "busybox", "sh", "-c", script]);
  await host.docker(["wait", "user"]);
  await host.docker(["rm", "user"]);
  const lines = (await readFile(host.path(`/var/lib/outrigger/lines/${id}.log`), "utf8")).split("\n");
  assert.deepEqual(lines.sort(), ["", "line 1", "line 2", "line 3", "oops"]);
});
