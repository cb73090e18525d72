// The conformance kit with authorization plugins at a real engine: examples/authz.ts keeps every rule, and broken ones do
// not.
import assert from "node:assert/strict";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { RunResult } from "@outrigger/conformance";
import { lab, type Host } from "@outrigger/e2e/lab";
import { authzModel, soundSteps, type AuthzSteps } from "../packages/conformance/test/authz-model.ts";
import { serveModel } from "../packages/conformance/test/model.ts";
import { assertFails, judgeOnHost, onNewest, problemsOf, serveExample } from "./conform-story.ts";
import { story } from "./story.ts";

const engineCases = Array.from({ length: 5 }, (_, index) => `AZ-E0${index + 1}`);

story("examples/authz.ts passes every case", async (host) => {
  await using plugin = await serveExample(host, { file: "authz.ts", name: "no-privileged", root: false });
  await host.engine.stop();
  await host.engine.start({ args: ["--authorization-plugin=no-privileged"] });
  await host.image("busybox");
  // What is no engine's doing is judged once. An idle connection takes half a minute.
  const chosen = onNewest(host) ? { except: ["TR-23"] } : { only: engineCases };
  const result = await judgeOnHost(host, { name: "no-privileged", restart: plugin.restart, ...chosen });
  assert.deepEqual(problemsOf(result), []);
  // An engine that asks a plugin would wait for it.
  await host.engine.kill9();
});

interface Broken {
  readonly title: string;
  readonly fails: Readonly<Record<string, RegExp>>;
  readonly passes: readonly string[];
  readonly steps: Partial<AuthzSteps>;
  /** Steps after the first start of the plugin. */
  readonly later?: Partial<AuthzSteps>;
}

/** Without it the model would not let the kit make its container. */
const known = (): boolean => true;

const broken: readonly Broken[] = [
  {
    title: "the version is not to be shown",
    fails: { "AZ-E01": /answers \d+: .*not for you/, "AZ-E04": /answers \d+: .*not for you/ },
    passes: ["AZ-E02"],
    steps: {
      known,
      // Who starts the engine pings it.
      response: ({ RequestUri }) => {
        if (RequestUri === "/version") throw new Error("not for you");
      },
    },
  },
  {
    title: "paths without a version are not looked at",
    fails: { "AZ-E02": /denies this container, and the engine answers its creation with (201|404)/ },
    passes: ["AZ-E01"],
    steps: {
      known,
      forbids: (body, request) =>
        request.RequestUri?.startsWith("/containers") === true ? undefined : soundSteps.forbids(body, request),
    },
  },
  { title: "twenty requests are the most", fails: { "AZ-E04": /answers 403/ }, passes: ["AZ-E01"], steps: atMost(20) },
  {
    title: "the policy is gone after a restart",
    fails: { "AZ-E05": /denies this container, and the engine answers its creation with (201|404)/ },
    passes: ["AZ-E01"],
    steps: { known },
    later: { known, forbids: () => undefined },
  },
];

function atMost(most: number): Partial<AuthzSteps> {
  let asked = 0;
  return { known: () => (asked += 1) <= most };
}

test("broken authorization plugins fail their own cases, through a real engine", { skip: lab.skip() }, async (t) => {
  await using host = await lab.host();
  await host.image("busybox");
  for (const [index, one] of broken.entries()) {
    await t.test(one.title, async () => assertFails(await judgeBroken(host, `broken-${index}`, one), one.fails));
  }
});

story(
  "a plugin that allows what it is not shown has large bodies carried out where the engine hides them",
  async (host) => {
    await host.image("busybox");
    const forbids: AuthzSteps["forbids"] = (body, request) =>
      body === undefined ? undefined : soundSteps.forbids(body, request);
    const only = { fails: {}, passes: ["AZ-15", "AZ-16", "AZ-E03"] };
    const result = await judgeBroken(host, "broken", { title: "", ...only, steps: { known, forbids } });
    // Debian's 26.1 shows large bodies; its 20.10 hides them, and carries them out.
    const hides = host.engine.version === "20.10" ? { "AZ-E03": /answers its creation with/ } : {};
    assertFails(result, { "AZ-15": /./, "AZ-16": /./, ...hides });
  },
);

/** The engine is killed at the end: it would wait for a plugin that is gone. */
async function judgeBroken(host: Host, name: string, { fails, passes, steps, later }: Broken): Promise<RunResult> {
  const folder = join(host.share, name);
  await mkdir(folder);
  let handlers = authzModel(steps);
  const methods = Object.keys(handlers).map((method) => [
    method,
    (...given: [never, never]) => handlers[method]?.(...given),
  ]);
  await using model = await serveModel(Object.fromEntries(methods), { folder });
  await symlink(join(folder, "model.sock"), host.path(`/run/docker/plugins/${name}.sock`));
  await host.engine.kill9();
  await host.engine.start({ args: [`--authorization-plugin=${name}`] });
  const restart: typeof model.restart = async (signal, whileDown) => {
    await model.restart(signal, whileDown);
    if (later !== undefined) handlers = authzModel(later);
  };
  const only = [...Object.keys(fails), ...passes];
  const result = await judgeOnHost(host, { name, address: model.address, restart, only });
  await host.engine.kill9();
  return result;
}
