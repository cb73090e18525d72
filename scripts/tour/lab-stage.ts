import { fileURLToPath } from "node:url";
import { lab } from "../../e2e/lab/index.ts";
import { commandsToTry, image, tourWithDocker } from "./docker-tour.ts";
import { showPluginLines, untilServing, type Stage } from "./stage.ts";

const outrigger = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url));

/** A real engine in namespaces of its own. */
export async function labStage(engine: string | undefined): Promise<Stage> {
  await using opening = new AsyncDisposableStack();
  const host = opening.use(await lab.host(engine === undefined ? {} : { engine }));
  await host.image(image);
  const plugin = opening.use(
    await host.start([process.execPath, outrigger, "serve", "volume-local", "--trace"], {
      onOutput: showPluginLines(),
    }),
  );
  await untilServing(plugin);
  const version = await host.docker(["version", "--format", "{{.Server.Version}}"]);
  const opened = opening.move();
  return {
    title: `Docker Engine ${version} in namespaces of its own; nothing on this machine is touched`,
    commands: commandsToTry(host.dockerScript),
    play: () => tourWithDocker((args) => host.docker(args)),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}
