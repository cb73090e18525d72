/** A kind of namespace, as unshare(1) and nsenter(1) name it. */
export type Namespace = "mount" | "uts" | "net" | "pid" | "cgroup";

/** Namespaces of another process, to run a command in. */
export interface NamespacesOf {
  readonly pid: number;
  readonly namespaces: readonly Namespace[];
}

/** The command line that runs a command in namespaces of a process. */
export function enterNamespaces(argv: readonly string[], { pid, namespaces }: NamespacesOf): string[] {
  return ["nsenter", `--target=${pid}`, ...namespaces.map((namespace) => `--${namespace}`), "--", ...argv];
}
