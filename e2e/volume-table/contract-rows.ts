// Rows about what is asked for, what is refused, and what is removed.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { RemovedVolume } from "@outrigger/volume-core";
import { until } from "../plugin-on-host.ts";
import { driver } from "../volume-story.ts";
import type { Row, Stage } from "./stage.ts";

/** In the table's order. */
export const contractRows: readonly Row[] = [
  [
    "create provisions storage",
    async ({ host, root, docker, create, folderOf }) => {
      await create("sub");
      await create("img", "backend=image", "size=16MiB");
      const homes = await readdir(host.path(join(root, "pool", "volumes")));
      assert.ok(homes.some((name) => name.startsWith("sub-")));
      const files = await readdir(host.path(await folderOf("img")));
      const sizes = await Promise.all(
        files.map(async (name) => (await stat(host.path(join(await folderOf("img"), name)))).size),
      );
      assert.ok(sizes.includes(16 * 2 ** 20), String(files));
      await docker("volume", "rm", "sub", "img");
    },
  ],
  [
    "rm: delete / keep / trash chosen per volume",
    async ({ docker, create, inVolumes, verb }) => {
      for (const policy of ["delete", "keep", "trash"]) await create(policy, `on-remove=${policy}`);
      await inVolumes(["delete", "keep", "trash"], "for name in delete keep trash; do echo $name >/$name/file; done");
      await docker("volume", "rm", "delete", "keep", "trash");
      const removed = (): Promise<RemovedVolume[]> => verb("removed") as Promise<RemovedVolume[]>;
      const kept = new Map(
        (await removed()).map(({ name, until }) => [name, until === undefined ? "for ever" : "for a while"]),
      );
      assert.deepEqual(
        kept,
        new Map([
          ["keep", "for ever"],
          ["trash", "for a while"],
        ]),
      );
      for (const { id } of await removed()) await verb("bringBack", id);
      assert.equal(await inVolumes(["keep", "trash"], "cat /keep/file /trash/file"), "keep\ntrash");
      await docker("volume", "rm", "keep", "trash");
      for (const { id } of await removed()) await verb("purge", id);
    },
  ],
  [
    "rm can never delete through a mount",
    async ({ host, docker, create, folderOf }) => {
      await create("data", "backend=dir");
      const inner = join(await folderOf("data"), "data", "inner");
      await host.run(["mkdir", inner]);
      await host.run(["mount", "--bind", "/var/lib/outrigger/precious", inner]);
      await assert.rejects(docker("volume", "rm", "data"), /volume data .*mounted/);
      await host.run(["umount", inner]);
      await host.run(["ln", "-s", "/var/lib/outrigger/precious", join(inner, "link")]);
      await docker("volume", "rm", "data");
      assert.equal((await host.run(["cat", "/var/lib/outrigger/precious/inner/keep"])).stdout, "kept");
    },
  ],
  [
    "unknown option refused, known ones listed",
    async ({ create }) => {
      await assert.rejects(create("data", "mod=0700"), /unknown option "mod".*"mode".*known are backend, .*, uid/);
    },
  ],
  [
    "name rule, no traversal",
    async (at) => {
      await unchanged(at, async () => {
        for (const name of ["../precious", "/etc", "a/b", "..", "a b", "a\nb", "a".repeat(129)]) {
          await assert.rejects(at.docker("volume", "create", "-d", driver, "--", name), /is not allowed; use 1 to 128/);
        }
      });
    },
  ],
  [
    "no shell, no free option pass-through",
    async (at) => {
      const { host, docker, create } = at;
      const shell = "$(touch /run/pwned);`touch /run/pwned`";
      await unchanged(at, async () => {
        await assert.rejects(docker("volume", "create", "-d", driver, shell), /is not allowed/);
        for (const option of [
          `uid=${shell}`,
          `fs=${shell}`,
          "o=bind,suid",
          "device=/etc",
          "mount-options=suid",
          "-o=x",
        ]) {
          await assert.rejects(create("data", "backend=image", option), /option/);
        }
      });
      await create("data", `labels=note=${shell}`);
      assert.equal((await at.status("data")).labels?.["note"], shell);
      assert.ok(!existsSync(host.path("/run/pwned")));
      await docker("volume", "rm", "data");
    },
  ],
  [
    "secrets by reference, never in inspect/state",
    async ({ host, root, create, docker }) => {
      for (const name of ["passphrase", "secret_key", "password"]) {
        await assert.rejects(create("data", `${name}=open-sesame`), new RegExp(`option "${name}"`));
      }
      await assert.rejects(docker("volume", "inspect", "data"), /no such volume/i);
      const found = await host.run(["grep", "-rl", "open-sesame", root], { accept: [0, 1] });
      assert.equal(found.stdout, "");
    },
  ],
  [
    "error text names cause + remedy",
    async ({ create }) => {
      const refused: readonly (readonly [options: readonly string[], cause: RegExp, remedy: RegExp])[] = [
        [["backend=image"], /"size" is missing/, /backend image needs one/],
        [["backend=btrf"], /"backend"/, /use one of dir, btrfs, image, tmpfs/],
        [["backend=dir", "size=1GiB"], /"size" is not possible on backend dir/, /backend=btrfs/],
        [["backend=dir", "source=/none/such"], /\/none\/such .* is not there/, /make it/],
        [["backend=image", "size=200MiB", "fs=xfs"], /xfs needs 314572800 bytes/, /fs=ext4/],
        [["snap-schedule=often"], /"often" is not a span of time/, /6h/],
        [["repl=2"], /there is one copy, on this host/, /leave it out/],
      ];
      for (const [options, cause, remedy] of refused) {
        await assert.rejects(
          create("data", ...options),
          (error) => cause.test(String(error)) && remedy.test(String(error)),
        );
      }
    },
  ],
  [
    "read-only, uid/gid/mode, subpath options",
    async ({ docker, create, inVolumes }) => {
      await create("owned", "uid=12", "gid=34", "mode=0750");
      assert.equal(
        await inVolumes(["owned"], "stat -c '%u %g %a' /owned; mkdir /owned/inner; echo in >/owned/inner/file"),
        "12 34 750",
      );
      await create("seen", "from=owned", "readonly=true", "subpath=inner");
      assert.equal(
        await inVolumes(["seen"], "cat /seen/file; touch /seen/file 2>&1 || true"),
        "in\ntouch: /seen/file: Read-only file system",
      );
      await docker("volume", "rm", "owned", "seen");
    },
  ],
  [
    "right Scope",
    async ({ docker, create }) => {
      await create("data");
      assert.equal(await docker("volume", "inspect", "-f", "{{.Scope}}", "data"), "local");
      await docker("volume", "rm", "data");
    },
  ],
];

/** Neither a file nor a volume is there afterwards that was not there before. */
async function unchanged({ host, docker, root }: Stage, act: () => Promise<void>): Promise<void> {
  // What rows before this one removed is still being deleted.
  await until("the trash is empty", async () => (await readdir(host.path(join(root, "trash")))).length === 0);
  const look = async (): Promise<string[]> => {
    const paths = await readdir(host.path("/var/lib/outrigger"), { recursive: true });
    return [...paths.filter((path) => !path.includes("state.db")).sort(), await docker("volume", "ls", "-q")];
  };
  const before = await look();
  await act();
  assert.deepEqual(await look(), before);
}
