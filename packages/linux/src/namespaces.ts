/** The namespaces of another process that a command is to run in, as unshare(1) and nsenter(1) name them. */
export type Namespace = "mount" | "uts" | "net" | "pid" | "cgroup";

/** The command line that runs a command in namespaces of a process. */
export function enterNamespaces(
  argv: readonly string[],
  options: {
    readonly pid: number;
    readonly namespaces: readonly Namespace[];
    readonly cwd?: string;
    readonly root?: string;
  },
): string[] {
  const { pid, namespaces, cwd, root } = options;
  return [
    "nsenter",
    `--target=${pid}`,
    ...namespaces.map((namespace) => `--${namespace}`),
    ...(root === undefined ? [] : [`--root=${root}`]),
    ...(cwd === undefined ? [] : [`--wdns=${cwd}`]),
    "--",
    ...argv,
  ];
}
