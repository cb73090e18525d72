// The conformance kit with log plugins at a real engine: examples/log.ts keeps every rule, and a broken one does not.
import assert from "node:assert/strict";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { decodeLogEntry } from "@outrigger/protocol";
import { logModel } from "../packages/conformance/test/log-model.ts";
import { idsOf, serveModel } from "../packages/conformance/test/model.ts";
import { judgeOnHost, problemsOf, serveExample } from "./conform-story.ts";
import { story } from "./story.ts";

story(
  "examples/log.ts passes every case, and one that loses lines and follows for ever fails its own",
  async (host) => {
    await host.image("busybox");
    {
      await using plugin = await serveExample(host, { file: "log.ts", name: "logbook" });
      const result = await judgeOnHost(host, { name: "logbook", restart: plugin.restart });
      assert.deepEqual(problemsOf(result), notHere);
      assert.deepEqual(result.left, []);
    }
    const lost = /^(last|7777 p+)$/;
    const { handlers, intercept, kill } = logModel(
      {
        entry: (message) => {
          const entry = decodeLogEntry(message);
          return lost.test(Buffer.from(entry.line).toString()) ? undefined : entry;
        },
        selects: (entries) => entries,
        followEnds: false,
      },
      host.path("/"),
    );
    using _pipes = { [Symbol.dispose]: () => kill(false) };
    const folder = join(host.share, "broken");
    await mkdir(folder);
    await using model = await serveModel(handlers, { intercept, folder });
    await symlink(join(folder, "model.sock"), host.path("/run/docker/plugins/broken.sock"));
    const engineCases = Array.from({ length: 7 }, (_, index) => `LOG-E0${index + 1}`);
    const result = await judgeOnHost(host, {
      name: "broken",
      address: model.address,
      restart: model.restart,
      only: engineCases,
      callLimitMs: 2500,
    });
    assert.deepEqual(idsOf(result, "failed"), ["LOG-E02", "LOG-E03", "LOG-E04", "LOG-E05"]);
  },
);

/** The call that shows how requests are taken has no map or list. */
const notHere = ["TR-19 skipped: its calls have no map or list that may be null, or need options to work"];
