import { addressErrors } from "./addresses.ts";
import { answerErrors } from "./answers.ts";
import { authorizationErrors } from "./authorization.ts";
import type { ErrorEntry } from "./error-entry.ts";
import { logErrors } from "./logs.ts";
import { managedErrors } from "./managed.ts";
import { networkErrors } from "./networks.ts";
import { reachingErrors } from "./reaching.ts";
import { volumeErrors } from "./volumes.ts";

/** Every error that can be explained, by theme. */
export const errorThemes: Readonly<Record<string, readonly ErrorEntry[]>> = {
  "Reaching a plugin": reachingErrors,
  "A plugin's answer": answerErrors,
  Volumes: volumeErrors,
  Networks: networkErrors,
  Addresses: addressErrors,
  Authorization: authorizationErrors,
  Logs: logErrors,
  "Managed plugins": managedErrors,
};
