import type { Backups } from "./backups.ts";
import { operation, part, type Operation, type StorageHouse } from "./operation.ts";
import { ProblemError } from "./problem.ts";

/** Backups in the repository that is configured. */
export const backupOperations: readonly Operation[] = [
  operation({
    id: "initBackups",
    method: "POST",
    path: "/v1/backups/init",
    doc: "Makes the repository that is configured; refused where there is one.",
    role: "admin",
    reply: "Operation",
    run: (house) => {
      const backups = backupsOf(house);
      return { job: house.jobs.start({ kind: "backup init", run: () => backups.init() }) };
    },
  }),
  operation({
    id: "listBackups",
    method: "GET",
    path: "/v1/backups",
    doc: "Backups in the repository, oldest first.",
    role: "viewer",
    query: { volume: { type: "string", doc: "Only those of this volume." } },
    reply: "BackupList",
    run: async (house, { query }) => ({ json: await backupsOf(house).list(query.volume) }),
  }),
  operation({
    id: "createBackup",
    method: "POST",
    path: "/v1/volumes/{volume}/backups",
    doc: "Backs a volume up, at one instant where its backend has snapshots, and drops what is more than is to be kept.",
    role: "operator",
    reply: "Operation",
    run: (house, call) => {
      const [backups, volume] = [backupsOf(house), part(call, "volume")];
      house.verbs.inspect(volume);
      return {
        job: house.jobs.start({ kind: "backup create", volume, run: (report) => backups.create(volume, report) }),
      };
    },
  }),
  operation({
    id: "verifyBackups",
    method: "POST",
    path: "/v1/backups/verify",
    doc: "Reads everything in the repository, and compares it with its checksums.",
    role: "operator",
    reply: "Operation",
    run: (house) => {
      const backups = backupsOf(house);
      return { job: house.jobs.start({ kind: "backup verify", run: () => backups.verify() }) };
    },
  }),
  operation({
    id: "restoreBackup",
    method: "POST",
    path: "/v1/backups/{backup}/restore",
    doc: "Makes a new volume with a backup's data; where that fails, there is no volume.",
    role: "admin",
    body: { name: { type: "string", required: true, doc: "The new volume's name." } },
    options: true,
    reply: "Operation",
    run: (house, call) => {
      const [backups, id, { name }, { options }] = [backupsOf(house), part(call, "backup"), call.body, call];
      const run = (): Promise<unknown> => backups.restore(id, name, options);
      return { job: house.jobs.start({ kind: "backup restore", volume: name, run }) };
    },
  }),
];

function backupsOf({ backups, name }: StorageHouse): Backups {
  if (backups !== undefined) return backups;
  const remedy = "start it with backup-repository-file and backup-password-file";
  throw new ProblemError(501, `${name} has no repository for backups; ${remedy}`);
}
