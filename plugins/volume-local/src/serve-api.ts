import type { Logger, OptionValues } from "@outrigger/plugin";
import { RequestError } from "@outrigger/protocol";
import { openStorageApi, type OsdListener, type RepositoryConfig, type StorageApi } from "@outrigger/storage-api";
import type { VolumeVerbs } from "@outrigger/volume-core";
import type { config } from "./config.ts";

type Config = OptionValues<typeof config>;

/** What the API is served over. */
export interface ApiGround {
  readonly name: string;
  readonly root: string;
  readonly verbs: VolumeVerbs;
  readonly log: Logger;
}

/** Serves the storage API as the configuration says; undefined where it says no. */
export async function serveApi(options: Config, ground: ApiGround): Promise<StorageApi | undefined> {
  const backups = repositoryOf(options);
  const osd = osdOf(options);
  if (options.api !== false) return await openStorageApi({ ...ground, backups, osd });
  if (backups === undefined && osd === undefined) return undefined;
  throw new RequestError("backups and osd-listen belong to the storage API; leave api=false out, or them");
}

function repositoryOf(options: Config): RepositoryConfig | undefined {
  const repositoryFile = options["backup-repository-file"];
  const passwordFile = options["backup-password-file"];
  const environmentFile = options["backup-environment-file"];
  const keepLast = options["backup-keep-last"];
  if (repositoryFile !== undefined && passwordFile !== undefined) {
    return { repositoryFile, passwordFile, environmentFile, keepLast };
  }
  if ([repositoryFile, passwordFile, environmentFile, keepLast].every((one) => one === undefined)) return undefined;
  throw new RequestError("backups take both backup-repository-file and backup-password-file; give the missing one");
}

function osdOf(options: Config): OsdListener | undefined {
  const { "osd-listen": listen, "osd-tokens": tokens, "osd-cert": cert, "osd-key": key } = options;
  if (listen === undefined) {
    if ([tokens, cert, key].every((one) => one === undefined)) return undefined;
    throw new RequestError("osd-tokens, osd-cert and osd-key belong to osd-listen; give it, or leave them out");
  }
  if (tokens === undefined)
    throw new RequestError("osd-listen takes osd-tokens; make a token with outrigger volume token");
  if ((cert === undefined) !== (key === undefined)) {
    throw new RequestError("osd-cert and osd-key belong together; give the missing one");
  }
  return { listen, tokens, certificate: cert === undefined || key === undefined ? undefined : { cert, key } };
}
