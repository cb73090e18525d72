export { checks, examine, type ExamineOptions, type Report } from "./examine.ts";
export { fix, type Repair } from "./fix.ts";
export type { Finding, Severity } from "./finding.ts";
export type { HostOptions } from "./host.ts";
