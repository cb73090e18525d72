const batch = 32;

/** Does something to each of many, a few at a time: a file's reader may take a megabyte, and there may be thousands. */
export async function inBatches<T, R>(items: readonly T[], task: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += batch) {
    results.push(...(await Promise.all(items.slice(at, at + batch).map(task))));
  }
  return results;
}
