import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run, type RunOptions } from "@outrigger/linux";
import { findInRoots } from "./engine-root.ts";

/** What to make an image of, and where. */
export interface ImageOptions {
  readonly image: string;
  /** Text by path inside the image. */
  readonly files: Readonly<Record<string, string>>;
  /** A folder that the engine's own `docker` command sees. */
  readonly folder: string;
  readonly docker: (args: readonly string[], options?: RunOptions) => Promise<string>;
}

/** Makes an image of one layer out of a static busybox and files, without a registry. */
export async function importImage({ image, files, folder, docker }: ImageOptions): Promise<void> {
  const busybox = findInRoots("busybox");
  if (busybox === undefined)
    throw new Error(
      "there is no busybox to make an image of; run `npm run setup -- --lab=26.1` or install a static one on this machine",
    );
  const work = await mkdtemp(join(folder, "image-"));
  try {
    const tree = join(work, "tree");
    await mkdir(join(tree, "bin"), { recursive: true });
    await copyFile(join(busybox.root, busybox.command), join(tree, "bin", "busybox"));
    for (const applet of await appletsIn(tree)) {
      if (applet !== "busybox") await symlink("busybox", join(tree, "bin", applet));
    }
    for (const [path, text] of Object.entries({ "/tmp/.keep": "", ...files })) {
      await mkdir(dirname(join(tree, path)), { recursive: true });
      await writeFile(join(tree, path), text);
    }
    const archive = join(work, "image.tar");
    // A container's user need not be root, whatever this process's umask says.
    await run(["tar", "--mode=u=rwX,go=rX", "-cf", archive, "-C", tree, "."]);
    await docker(["import", "--change=ENV PATH=/bin", archive, image]);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Asks busybox in the tree, where it has no libraries: one that is not static fails here, and not in each container. */
async function appletsIn(tree: string): Promise<string[]> {
  const { stdout } = await run(["chroot", tree, "/bin/busybox", "--list"]);
  return stdout.trim().split("\n");
}
