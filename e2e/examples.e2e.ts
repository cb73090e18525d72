// The plugins in examples/, each asked by a real engine for what it promises.
import assert from "node:assert/strict";
import { startExample } from "./example-on-host.ts";
import { until } from "./plugin-on-host.ts";
import { story } from "./story.ts";

story("volume.ts keeps what a container wrote", async (host) => {
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
  const published = ["run", "-d", "-p", "127.0.0.1::80", "--network", "net", "--name", "second", "busybox"];
  await host.docker([...published, "sh", "-c", "mkdir /www; echo hello >/www/index.html; httpd -f -h /www"]);
  const [port = ""] = (await host.docker(["port", "second", "80"])).split("\n");
  const fetched = (): Promise<string> =>
    host.run(["curl", "-sf", `http://${port}/`], { accept: [0, 7, 56] }).then(({ stdout }) => stdout);
  await until("the published port answers", async () => (await fetched()) === "hello\n");

  await host.docker(["rm", "-f", "first", "second"]);
  await host.docker(["network", "rm", "net"]);
  const links = await host.run(["ls", "/sys/class/net"]);
  assert.doesNotMatch(links.stdout, /^w[bio]-/m, "links");
});

story("authz.ts refuses privileged containers, and only those", async (host) => {
  await host.image("busybox");
  await using _plugin = await startExample(host, { file: "authz.ts", name: "no-privileged", root: false });
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

story("log.ts keeps what a container prints, for docker logs too, while it runs and after", async (host) => {
  await using plugin = await startExample(host, { file: "log.ts", name: "logbook" });
  await host.image("busybox");
  const script = "for i in 1 2 3; do echo line $i; done; exec sleep 1d";
  await host.docker(["run", "-d", "--log-driver", "logbook", "--name", "user", "busybox", "sh", "-c", script]);
  const logs = (...args: string[]): Promise<string> => host.docker(["logs", ...args, "user"]);
  await until("the lines are there", async () => (await logs()) === "line 1\nline 2\nline 3");
  assert.equal(await logs("--tail", "1"), "line 3");

  plugin.kill("SIGKILL");
  await plugin.ended;
  await using _again = await startExample(host, { file: "log.ts", name: "logbook" });
  const followed = logs("-f", "--tail", "1");
  await host.docker(["stop", "-t", "0", "user"]);
  assert.equal(await followed, "line 3");
  assert.equal(await logs(), "line 1\nline 2\nline 3", "of a container that has ended");
  await host.docker(["rm", "user"]);
});
