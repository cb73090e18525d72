import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run, type RunOptions } from "@outrigger/linux";

/** What to make an image of, and where. */
export interface ImageOptions {
  readonly image: string;
  /** Text by path inside the image. */
  readonly files: Readonly<Record<string, string>>;
  readonly busybox: string;
  /** A folder that the engine's own `docker` command sees. */
  readonly folder: string;
  readonly docker: (args: readonly string[], options?: RunOptions) => Promise<string>;
}

/** Makes an image of one layer, without a registry. */
export async function importImage({ image, files, busybox, folder, docker }: ImageOptions): Promise<void> {
  const work = await mkdtemp(join(folder, "image-"));
  try {
    const tree = join(work, "tree");
    await mkdir(join(tree, "bin"), { recursive: true });
    await copyFile(busybox, join(tree, "bin", "busybox"));
    for (const applet of await appletsOf(busybox)) {
      if (applet !== "busybox") await symlink("busybox", join(tree, "bin", applet));
    }
    for (const [path, text] of Object.entries({ "/tmp/.keep": "", ...files })) {
      await mkdir(dirname(join(tree, path)), { recursive: true });
      await writeFile(join(tree, path), text);
    }
    const archive = join(work, "image.tar");
    await run(["tar", "-cf", archive, "-C", tree, "."]);
    await docker(["import", "--change=ENV PATH=/bin", archive, image]);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function appletsOf(busybox: string): Promise<string[]> {
  const { stdout } = await run([busybox, "--list"]);
  return stdout.trim().split("\n");
}
