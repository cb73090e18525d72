import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { answers, broken, refuses, remove, type Broken } from "./broken-transport.ts";
import { assertFaults } from "./faults.ts";
import { idsOf, judge, serveModel } from "./model.ts";
import { transportModel } from "./transport-model.ts";

test("a plugin that keeps the rules of handshake and transport passes them all", async () => {
  await using model = await serveModel(transportModel());
  await chmod(model.address.slice("unix://".length), 0o600);
  const setting = { restart: model.restart, patienceMs: 5000 };
  const result = await judge(model.address, { only: ["HS", "TR"], setting });
  assert.deepEqual(
    result.cases.filter(({ status }) => status === "failed").map(({ id, message }) => `${id} ${message}`),
    [],
  );
  assert.deepEqual(idsOf(result, "skipped"), ["TR-23"]);
  assert.deepEqual(result.left, []);
});

test("each fault of the transport fails its own cases", async () => {
  const creates = ({ url }: IncomingMessage): boolean => url === "/VolumeDriver.Create";
  let served = 0;
  let starts = 0;
  const accepts = (value: string): Broken =>
    refuses((incoming) => creates(incoming) && incoming.headers.accept === value, 406);
  await assertFaults(
    [
      broken("Content-Type is demanded", ["TR-01"], {
        ...refuses((incoming) => creates(incoming) && incoming.headers["content-type"] === undefined, 415),
        setting: () => ({ profile: "podman" }),
      }),
      broken(
        "Podman's Content-Type is refused",
        ["TR-02"],
        refuses((incoming) => creates(incoming) && incoming.headers["content-type"] !== undefined, 415),
      ),
      broken(
        "an empty Host is refused",
        ["TR-03"],
        refuses((incoming) => incoming.headers.host === ""),
      ),
      broken("the engine's Host is refused", ["TR-04"], {
        ...refuses((incoming) => creates(incoming) && incoming.headers.host === "plugin.moby.localhost", 421),
        setting: () => ({ profile: "podman" }),
      }),
      broken("the engine's Accept is refused", ["TR-05"], {
        ...accepts("application/vnd.docker.plugins.v1.2+json"),
        setting: () => ({ profile: "podman" }),
      }),
      broken("an old Accept is refused", ["TR-06"], accepts("application/vnd.docker.plugins.v1+json")),
      broken("a newline at the end is refused", ["TR-07"], {
        ...refuses((incoming, _, body) => creates(incoming) && body.at(-1) === 10),
        setting: () => ({ profile: "podman" }),
      }),
      broken(
        "success is 201",
        ["TR-08"],
        answers(remove, (response) => response.writeHead(201).end("{}")),
      ),
      broken(
        "success has no body",
        ["TR-09"],
        answers(remove, (response) => response.writeHead(200).end()),
      ),
      broken(
        "success is a list",
        ["TR-10"],
        answers(remove, (response) => response.writeHead(200).end("[]")),
      ),
      broken(
        "the error key is an object",
        ["TR-11"],
        answers(remove, (response) => response.writeHead(200).end('{"Err":{}}')),
      ),
      broken(
        "failure is 200 with Err",
        ["TR-12"],
        answers("VolumeDriver.Mount", (response) => response.writeHead(200).end('{"Err":"no"}')),
      ),
      broken(
        "failure is a page",
        ["TR-12", "TR-13"],
        answers("VolumeDriver.Mount", (response) => response.writeHead(500).end("<html>oops")),
      ),
      broken(
        "failure is a stack trace",
        ["TR-13"],
        answers("VolumeDriver.Mount", (response) =>
          response.writeHead(500).end(JSON.stringify({ Err: new Error("no").stack })),
        ),
      ),
      broken(
        "an unknown method is 500",
        ["TR-14"],
        refuses(({ url }) => url?.includes("Outrigger") === true, 500),
      ),
      broken("an empty body removes something", ["TR-15"], {
        intercept: (incoming, response, body) => {
          if (incoming.url !== `/${remove}` || body.length > 0) return false;
          response.writeHead(200).end("{}");
          return true;
        },
      }),
      broken("{} makes a volume of some name, and says no", ["TR-16"], {
        handlers: (sound) => ({
          "VolumeDriver.Create": (request: { Name?: string }, incoming) => {
            if (request.Name === undefined && incoming.headers["content-length"] === "2")
              sound["VolumeDriver.Create"]?.({ Name: `volume-${(served += 1)}` } as never, incoming);
            return sound["VolumeDriver.Create"]?.(request as never, incoming);
          },
        }),
      }),
      broken("what is no JSON counts as done", ["TR-17"], {
        intercept: (incoming, response, body) => {
          if (incoming.url !== `/${remove}` || body.length < 3 || body.at(-1) === 125 || body.at(-1) === 10)
            return false;
          response.writeHead(200).end("{}");
          return true;
        },
      }),
      broken(
        "unknown fields are refused",
        ["TR-18"],
        refuses((incoming, _, body) => creates(incoming) && body.includes('"outriggerOther"')),
      ),
      broken(
        "null is refused",
        ["TR-19"],
        refuses((incoming, _, body) => creates(incoming) && body.includes("null") && !body.includes("Outrigger")),
      ),
      broken("escapes stay as they are", ["TR-20"], {
        intercept: (incoming, response, body) => {
          if (!creates(incoming) || !body.includes("\\u")) return false;
          response.writeHead(200).end("{}");
          return true;
        },
      }),
      broken(
        "chunks are refused",
        ["TR-21"],
        refuses((incoming) => incoming.headers["transfer-encoding"] !== undefined, 411),
      ),
      broken("a second request on a connection is not answered", ["TR-22"], {
        intercept: ({ socket }) => {
          const seen = "outriggerSeen" in socket;
          Object.assign(socket, { outriggerSeen: true });
          if (seen) socket.destroy();
          return seen;
        },
      }),
      broken("an idle connection is closed early", ["TR-23"], {
        intercept: ({ socket }, response) => {
          response.on("finish", () => setTimeout(() => socket.destroy(), 50));
          return false;
        },
        setting: () => ({ slow: true }),
        only: ["TR-23"],
      }),
      broken("twenty connections are too many", ["TR-24"], {
        intercept: (() => {
          const open = new Set<Socket>();
          return ({ socket }, response) => {
            socket.once("close", () => open.delete(socket));
            open.add(socket);
            if (open.size > 15) response.writeHead(503).end();
            return open.size > 15;
          };
        })(),
        only: ["TR-24"],
      }),
      broken("a request that ends in the middle is carried out", ["TR-25"], {
        handlers: () => ({ "VolumeDriver.List": () => ({ Volumes: [{ Name: `half-${(served += 1)}` }] }) }),
        only: ["TR-25"],
      }),
      broken("the same request is refused the second time", ["TR-26"], {
        handlers: (sound) => {
          const made = new Set<string>();
          return {
            "VolumeDriver.Create": (request: { Name: string }, incoming) => {
              if (made.has(request.Name)) throw new Error("there is one already");
              made.add(request.Name);
              return sound["VolumeDriver.Create"]?.(request as never, incoming);
            },
          };
        },
        only: ["TR"],
      }),
      broken(
        "a call is redirected",
        ["TR-27"],
        answers(remove, (response) => response.writeHead(307, { Location: "/" }).end()),
      ),
      broken("GET is a call", ["TR-28"], {
        intercept: ({ method }, response) => {
          if (method === "GET") response.writeHead(200).end("{}");
          return method === "GET";
        },
      }),
      broken("a large body ends the connection", ["TR-29"], {
        intercept: ({ socket }, _, body) => {
          if (body.length > 1_000_000) socket.destroy();
          return body.length > 1_000_000;
        },
      }),
      broken("every other start fails", ["TR-30"], {
        setting: (model) => ({
          callLimitMs: 300,
          restart: async (signal, whileDown) => {
            starts += 1;
            if (starts % 2 === 0) return model.restart(signal, whileDown);
            await model.restart(signal, () => Promise.reject(new Error("stays down"))).catch(() => {});
          },
        }),
        only: ["TR-30"],
      }),
      broken("the socket is left over", ["TR-31"], {
        setting: (model) => ({
          restart: (signal, whileDown) =>
            model.restart(signal, async () => {
              await writeFile(model.address.slice("unix://".length), "");
              await whileDown?.();
            }),
        }),
        only: ["TR-30", "TR-31"],
      }),
      broken("anybody may connect", ["TR-32"], {
        prepare: async (model) => {
          await chmod(model.folder, 0o755);
          await chmod(model.address.slice("unix://".length), 0o777);
        },
      }),
      broken("of a key that stands twice the first one wins", ["TR-33"], {
        intercept: (incoming, response, body) => {
          if (!creates(incoming) || body.toString().split('"Name"').length < 3) return false;
          response.writeHead(200).end("{}");
          return true;
        },
      }),
      broken("replies are always compressed", ["TR-34"], {
        ...answers("VolumeDriver.List", (response) =>
          response.writeHead(200, { "Content-Encoding": "gzip" }).end(gzipSync('{"Volumes":[]}')),
        ),
        only: ["TR-34"],
      }),
    ],
    6,
  );
});
