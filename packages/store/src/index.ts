export type { OnDamage, Origin } from "./state-file.ts";
export {
  openStore,
  type Migration,
  type Row,
  type Store,
  type StoreOptions,
  type Survives,
  type Table,
} from "./store.ts";
export { StoreError, type StoreErrorCode } from "./store-error.ts";
