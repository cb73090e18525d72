const releases = new Set<() => void>();

/**
 * Runs `release` when the process exits, for whatever reason but SIGKILL, unless the returned function ran it before.
 * It must be synchronous, since an exiting process waits for nothing. What it throws becomes a process warning.
 */
export function releaseOnExit(release: () => void): () => void {
  if (releases.size === 0) process.on("exit", releaseAll);
  releases.add(release);
  return () => {
    if (!releases.delete(release)) return;
    if (releases.size === 0) process.off("exit", releaseAll);
    attempt(release);
  };
}

function releaseAll(): void {
  for (const release of releases) attempt(release);
}

/** One file that cannot be removed must not keep the others. */
function attempt(release: () => void): void {
  try {
    release();
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
  }
}
