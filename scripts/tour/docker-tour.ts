import { announce, show } from "./stage.ts";

/** Runs a `docker` command and returns what it printed. */
export type Docker = (args: readonly string[]) => Promise<string>;

/** The image of the tour: a static busybox. */
export const image = "outrigger-tour";

/** How volumes keep snapshots here, or why they cannot. */
export type Snapshots =
  | { readonly take: (volume: string, snapshot: string) => Promise<void> }
  | { readonly none: string };

const onData = ["--rm", "--network=none", "-v", "data:/data", image];

const beginning: readonly (readonly string[])[] = [
  ["volume", "create", "-d", "volume-local", "data"],
  ["run", ...onData, "sh", "-c", "echo written by the first container >/data/note; ls -l /data"],
  ["run", ...onData, "cat", "/data/note"],
];

const change = ["run", ...onData, "sh", "-c", "echo changed since >/data/note"];

const cloning: readonly (readonly string[])[] = [
  ["volume", "create", "-d", "volume-local", "-o", "from=data@before", "copy"],
  ["run", "--rm", "--network=none", "-v", "data:/data", "-v", "copy:/copy", image, "cat", "/data/note", "/copy/note"],
  ["volume", "rm", "copy"],
];

const ending: readonly (readonly string[])[] = [
  ["volume", "ls"],
  ["volume", "inspect", "data"],
  ["volume", "rm", "data"],
];

/** A volume's life in a dozen commands, on a real engine. */
export async function tourWithDocker(docker: Docker, snapshots: Snapshots): Promise<void> {
  const type = async (steps: readonly (readonly string[])[]): Promise<void> => {
    for (const args of steps) {
      announce(`docker ${args.map((word) => (/^[\w./:=@-]+$/.test(word) ? word : `'${word}'`)).join(" ")}`);
      show(await docker(args));
    }
  };
  await type(beginning);
  if ("take" in snapshots) {
    await snapshots.take("data", "before");
    await type([change, ...cloning]);
  } else show(`\nno snapshots and clones: ${snapshots.none}`);
  await type(ending);
}

/** What to type next, with the command that reaches this engine. */
export function commandsToTry(docker: string): string[] {
  return [
    `${docker} volume create -d volume-local mine`,
    `${docker} run --rm --network=none -v mine:/data ${image} sh -c 'date >>/data/log; cat /data/log'`,
    `${docker} volume inspect mine`,
  ];
}
