import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError, plainEnvironment, run, startChild } from "@outrigger/linux";
import { findInRoots } from "../../e2e/lab/engine-root.ts";
import { importImage } from "../../e2e/lab/image.ts";
import { commandsToTry, image, tourWithDocker, type Docker } from "./docker-tour.ts";
import { plainFolders, showPluginLines, untilServing, type Stage } from "./stage.ts";

const outrigger = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url));

/** This machine's own Docker: the plugin's socket goes where it looks, and what the tour made is removed again. */
export async function systemStage(): Promise<Stage> {
  const version = await docker(["version", "--format", "{{.Server.Version}}"]).catch((cause: unknown) => {
    throw new Error("this machine's Docker does not answer `docker version`; start it, or leave out --engine system", {
      cause,
    });
  });
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "outrigger-tour-"));
  opening.defer(() => rm(folder, { recursive: true, force: true }));
  await makeImage(folder);
  opening.defer(async () => void (await docker(["image", "rm", "--force", image])));
  const root = join(folder, "volumes");
  const plugin = opening.use(
    await startChild([process.execPath, outrigger, "serve", "volume-local", "--root", root, "--trace"], {
      onOutput: showPluginLines(),
    }),
  );
  await untilServing(plugin);
  opening.defer(removeVolumes);
  const opened = opening.move();
  return {
    title: `This machine's own Docker Engine ${version}, with volumes in ${root}.\nAn engine remembers a plugin it has used: after this tour, \`docker volume ls\` waits 15 s for it until the engine restarts`,
    commands: commandsToTry("docker"),
    play: () => tourWithDocker(docker, { none: plainFolders }),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

const docker: Docker = async (args) => {
  const environment = {
    ...plainEnvironment,
    ...pick("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"),
  };
  const { stdout } = await run(["docker", ...args], { env: environment, timeoutMs: 120_000 });
  return stdout.trimEnd();
};

function pick(...names: string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

async function makeImage(folder: string): Promise<void> {
  if (findInRoots("busybox") !== undefined) return importImage({ image, files: {}, folder, docker });
  await docker(["pull", "busybox"]);
  await docker(["tag", "busybox", image]);
}

/** Whatever was made with the plugin while it was up; a volume that a container still uses stays, and is named. */
async function removeVolumes(): Promise<void> {
  const names = await docker(["volume", "ls", "--quiet", "--filter", "driver=volume-local"]);
  for (const name of names.split("\n").filter((line) => line !== "")) {
    await docker(["volume", "rm", name]).catch((error: unknown) => {
      console.error(`volume ${name} is left: ${error instanceof CommandError ? error.stderr.trim() : String(error)}`);
    });
  }
}
