// The conformance kit with authorization plugins at a real engine: examples/authz.ts keeps every rule, and a broken one
// does not.
import assert from "node:assert/strict";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { authzModel, soundSteps } from "../packages/conformance/test/authz-model.ts";
import { idsOf, serveModel } from "../packages/conformance/test/model.ts";
import { judgeOnHost, problemsOf, serveExample } from "./conform-story.ts";
import { story } from "./story.ts";

story("examples/authz.ts passes every case, and what a careless plugin denies is carried out", async (host) => {
  {
    await using plugin = await serveExample(host, { file: "authz.ts", name: "no-privileged", root: false });
    await host.engine.stop();
    await host.engine.start({ args: ["--authorization-plugin=no-privileged"] });
    await host.image("busybox");
    const result = await judgeOnHost(host, { name: "no-privileged", restart: plugin.restart });
    assert.deepEqual(problemsOf(result), []);
    await host.engine.stop();
  }
  // Allows a body that it is not shown.
  const forbids: typeof soundSteps.forbids = (body, request) =>
    body === undefined ? undefined : soundSteps.forbids(body, request);
  const folder = join(host.share, "broken");
  await mkdir(folder);
  await using model = await serveModel(authzModel({ forbids, known: () => true }), { folder });
  await symlink(join(folder, "model.sock"), host.path("/run/docker/plugins/broken.sock"));
  await host.engine.start({ args: ["--authorization-plugin=broken"] });
  const result = await judgeOnHost(host, {
    name: "broken",
    address: model.address,
    restart: model.restart,
    only: ["AZ-15", "AZ-16", "AZ-E01", "AZ-E02", "AZ-E03", "AZ-E04", "AZ-E05"],
  });
  // Debian's 26.1 shows large bodies; its 20.10 hides them, and carries them out.
  const hides = host.engine.version === "20.10" ? ["AZ-E03"] : [];
  assert.deepEqual(idsOf(result, "failed"), ["AZ-15", "AZ-16", ...hides]);
  await host.engine.stop();
});
