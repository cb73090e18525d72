// Faults of engine releases that concern plugins.
import type { Facts } from "./facts.ts";
import type { Severity } from "./finding.ts";

/** Major, minor and patch. */
export type Version = readonly [number, number, number];

/** A fault of some releases. */
export interface Hazard {
  /** A CVE where there is one. */
  readonly id: string;
  readonly severity: Severity;
  readonly affects: (version: Version) => boolean;
  /** What of the plugins in use it bears upon. */
  readonly concerns: (facts: Facts) => boolean;
  readonly what: string;
  readonly cost: string;
  readonly remedy: string;
}

/** `20.10.24+dfsg1` and the like; undefined for what is no release. */
export function parseVersion(text: string): Version | undefined {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

/** Whether a release comes before another one. */
function isBefore(version: Version, other: Version): boolean {
  const at = version.findIndex((part, index) => part !== other[index]);
  return at >= 0 && (version[at] ?? 0) < (other[at] ?? 0);
}

/** Fixed in these releases of their lines and in everything from the last one on; older lines never were. */
function unfixed(fixes: readonly Version[]): (version: Version) => boolean {
  return (version) => {
    const own = fixes.find(([major, minor]) => major === version[0] && minor === version[1]);
    const last = fixes.at(-1);
    return isBefore(version, own ?? last ?? version);
  };
}

const usesAuthz = ({ engine }: Facts): boolean => (engine?.config.authorizationPlugins.length ?? 0) > 0;
const usesManaged = ({ engine }: Facts): boolean => (engine?.state.managed.length ?? 0) > 0;
const uses =
  (kind: string) =>
  ({ engine, plugins }: Facts): boolean =>
    engine?.state.uses.some((use) => use.kind === kind) === true ||
    plugins.some(({ implements: names }) => names?.includes(kind) === true);

/** What is known, the gravest first. */
export const hazards: readonly Hazard[] = [
  {
    id: "CVE-2024-41110",
    severity: "error",
    affects: unfixed([
      [23, 0, 15],
      [25, 0, 6],
      [26, 1, 5],
      [27, 1, 1],
    ]),
    concerns: usesAuthz,
    what: "this release may hide a request's body from authorization plugins and carry the request out (GHSA-v23v-6jw2-98fq)",
    cost: "a policy that looks at bodies can be passed by; whoever may use the API may become root",
    remedy:
      "update the engine to 23.0.15, 25.0.6, 26.1.5, 27.1.1 or later (distributions carry the fix in older numbers too: see the package's changelog); let the plugin refuse a request whose body is missing",
  },
  {
    id: "CVE-2026-34040",
    severity: "error",
    affects: unfixed([[29, 3, 1]]),
    concerns: usesAuthz,
    what: "this release hides large bodies from authorization plugins and carries the requests out (GHSA-x744-4wpc-v9h2)",
    cost: "a policy that looks at bodies can be passed by; whoever may use the API may become root",
    remedy:
      "update the engine to 29.3.1 or later; let the plugin refuse a JSON request whose body is missing, or put a proxy in front of the API",
  },
  {
    id: "builds past authorization plugins",
    severity: "warning",
    affects: (version) => !isBefore(version, [29, 2, 0]),
    concerns: usesAuthz,
    what: "this release does not show builds to authorization plugins",
    cost: "a policy on builds has no effect",
    remedy: "keep the engine's socket for root, and let users in through a proxy that judges requests",
  },
  {
    id: "CVE-2026-33997",
    severity: "warning",
    affects: unfixed([[29, 3, 1]]),
    concerns: usesManaged,
    what: "this release compares the privileges that a managed plugin asks for with those granted by mistake (GHSA-pxq6-2prw-chj9)",
    cost: "a managed plugin may get more than was agreed to",
    remedy: "update the engine to 29.3.1 or later; install plugins of known origin only",
  },
  {
    id: "live-restore forgets mounts",
    severity: "warning",
    affects: (version) => isBefore(version, [24, 0, 0]),
    concerns: (facts) => facts.engine?.config.liveRestore === true && uses("VolumeDriver")(facts),
    what: "with live-restore, this release begins at 0 when it counts the mounts of containers that outlived it",
    cost: "`docker cp` on such a container unmounts its volume for plugins that trust the count",
    remedy: "update the engine to 24.0 or later, or stop such containers before the engine",
  },
  {
    id: "EndpointOperInfo is needed",
    severity: "note",
    affects: (version) => isBefore(version, [28, 0, 0]),
    concerns: uses("NetworkDriver"),
    what: "this release fails a container's start when a network plugin answers EndpointOperInfo with an error",
    cost: "containers on that plugin's networks do not start, though it works on newer engines",
    remedy: "let the plugin answer EndpointOperInfo with 200 and an empty Value",
  },
];
