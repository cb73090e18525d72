import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { broken, refuses, type Broken } from "./broken-transport.ts";
import { assertFaults } from "./faults.ts";

const activate = (reply: unknown): Broken => ({ handlers: () => ({ "Plugin.Activate": () => reply }) });

test("each fault of the handshake fails its own cases", async () => {
  let activated = true;
  let names = 0;
  let running = 0;
  await assertFaults(
    [
      broken("Implements is no list", ["HS-01", "HS-02", "HS-03", "HS-06", "HS-07", "HS-09"], {
        ...activate({ Implements: "VolumeDriver" }),
        only: ["HS"],
      }),
      broken("Implements has no protocol of Docker", ["HS-02"], {
        ...activate({ Implements: ["Other"] }),
        only: ["HS"],
      }),
      broken("a name is in another case", ["HS-03"], {
        ...activate({ Implements: ["VolumeDriver", "Authz"] }),
        only: ["HS"],
      }),
      broken("an entry is no string", ["HS-03"], { ...activate({ Implements: ["VolumeDriver", 1] }), only: ["HS"] }),
      broken("Content-Type is demanded of Activate", ["HS-04"], {
        ...refuses(({ url, headers }) => url === "/Plugin.Activate" && headers["content-type"] === undefined, 415),
        setting: () => ({ profile: "podman" }),
        only: ["HS"],
      }),
      broken("Activate takes over a second", ["HS-05"], {
        handlers: () => ({ "Plugin.Activate": () => wait(1050, { Implements: ["VolumeDriver"] }) }),
        only: ["HS-05"],
      }),
      broken("Activate names something else each time", ["HS-06"], {
        handlers: () => ({ "Plugin.Activate": () => ({ Implements: ["VolumeDriver", `Other${(names += 1)}`] }) }),
        only: ["HS"],
      }),
      broken("Activates at once are refused", ["HS-07"], {
        handlers: () => ({
          "Plugin.Activate": async () => {
            if (running > 0) throw new Error("busy");
            running += 1;
            await wait(20);
            running -= 1;
            return { Implements: ["VolumeDriver"] };
          },
        }),
        only: ["HS"],
      }),
      broken("after a restart a handshake is demanded", ["HS-08"], {
        handlers: (sound) => ({
          "Plugin.Activate": () => {
            activated = true;
            return { Implements: ["VolumeDriver"] };
          },
          "VolumeDriver.List": () => {
            if (!activated) throw new Error("not activated");
            return sound["VolumeDriver.List"]?.({} as never, {} as never);
          },
        }),
        setting: (model) => ({
          callLimitMs: 500,
          restart: async (signal, whileDown) => {
            await model.restart(signal, whileDown);
            activated = false;
          },
        }),
        only: ["HS", "TR-30"],
      }),
      broken("a protocol is named and not served", ["HS-09"], {
        ...activate({ Implements: ["VolumeDriver", "IpamDriver"] }),
        only: ["HS"],
      }),
      broken("Activate refuses a body", ["HS-10"], {
        ...refuses(({ url }, _, body) => url === "/Plugin.Activate" && body.length > 0),
      }),
    ],
    8,
  );
});
