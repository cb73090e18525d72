/** Does something many times at once, and waits for the last one also when one throws; throws what the first one threw. */
export async function atOnce<T>(count: number, one: (index: number) => Promise<T>): Promise<readonly T[]> {
  const outcomes = await Promise.allSettled(Array.from({ length: count }, (_, index) => one(index)));
  return outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
}
