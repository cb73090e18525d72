/**
 * Why a plugin did not come up, with file and line where they are known, and whether it is only that another process
 * has its state.
 */
export function describeFailure(error: unknown): { text: string; inUse: boolean } {
  const chain = causesOf(error);
  const root = chain.at(-1);
  const inUse = chain.some((one) => one instanceof Error && "code" in one && one.code === "in-use");
  const outer = error instanceof Error ? error.message : String(error);
  if (!(root instanceof Error)) return { text: outer, inUse };
  const stack = (root.stack ?? "").split("\n").filter((line) => !/^\s+at .*(node:|\/node_modules\/)/.test(line));
  const at = stack.filter((line) => /^\s+at /.test(line)).slice(0, 3);
  // A syntax error's stack begins with file, line and the line itself.
  const head = stack.filter((line) => !/^\s+at /.test(line) && line.trim() !== "");
  const where = head[0] !== undefined && /^\S+:\d+$/.test(head[0]) ? head : [outer];
  return { text: [...where, ...at].join("\n").replaceAll("file://", ""), inUse };
}

/** An error and what caused it, the first cause last; the first 20, for somebody may have made a ring of them. */
function causesOf(error: unknown): unknown[] {
  const chain = [error];
  for (let one = error; chain.length < 20 && one instanceof Error && one.cause !== undefined; one = one.cause) {
    chain.push(one.cause);
  }
  return chain;
}
