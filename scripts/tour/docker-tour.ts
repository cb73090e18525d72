import { announce, show } from "./stage.ts";

/** Runs a `docker` command and returns what it printed. */
export type Docker = (args: readonly string[]) => Promise<string>;

/** The image of the tour: a static busybox. */
export const image = "outrigger-tour";

const mount = ["--rm", "--network=none", "-v", "data:/data", image];

const steps: readonly (readonly string[])[] = [
  ["volume", "create", "-d", "volume-local", "data"],
  ["run", ...mount, "sh", "-c", "echo written by the first container >/data/note; ls -l /data"],
  ["run", ...mount, "cat", "/data/note"],
  ["volume", "ls"],
  ["volume", "inspect", "data"],
  ["volume", "rm", "data"],
];

/** A volume's life in six commands, on a real engine. */
export async function tourWithDocker(docker: Docker): Promise<void> {
  for (const args of steps) {
    announce(`docker ${args.map((word) => (/^[\w./:=-]+$/.test(word) ? word : `'${word}'`)).join(" ")}`);
    show(await docker(args));
  }
}

/** What to type next, with the command that reaches this engine. */
export function commandsToTry(docker: string): string[] {
  return [
    `${docker} volume create -d volume-local mine`,
    `${docker} run --rm --network=none -v mine:/data ${image} sh -c 'date >>/data/log; cat /data/log'`,
    `${docker} volume inspect mine`,
  ];
}
