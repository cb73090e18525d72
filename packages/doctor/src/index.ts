export { errorThemes } from "./errors/all-errors.ts";
export type { ErrorEntry } from "./errors/error-entry.ts";
export { checks, examine, type ExamineOptions, type Report } from "./examine.ts";
export { explain, type Explained, type Explanation } from "./explain.ts";
export type { Finding, Severity } from "./finding.ts";
export { fix, type Repair } from "./fix.ts";
export type { HostOptions } from "./host.ts";
export { missingFolders } from "./missing-folders.ts";
