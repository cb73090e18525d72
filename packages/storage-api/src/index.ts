export type { Backup } from "./backups.ts";
export { createStorageClient, StorageApiError, type ApiRequest, type StorageClient } from "./client.ts";
export type { Job, Progress } from "./jobs.ts";
export type { Operation, Role } from "./operation.ts";
export { operations } from "./operations.ts";
export { osdOperations } from "./osd-operations.ts";
export type { RepositoryConfig } from "./restic.ts";
export { openStorageApi, type OsdListener, type StorageApi, type StorageApiOptions } from "./storage-api.ts";
export { makeToken } from "./tokens.ts";
