const releases = new Set<() => void>();

/**
 * Runs `release` when the process exits, for whatever reason but SIGKILL, unless the returned function ran it before.
 * It must be synchronous: that is all an exiting process still does.
 */
export function releaseOnExit(release: () => void): () => void {
  if (releases.size === 0) process.on("exit", releaseAll);
  releases.add(release);
  return () => {
    if (!releases.delete(release)) return;
    if (releases.size === 0) process.off("exit", releaseAll);
    release();
  };
}

function releaseAll(): void {
  for (const release of releases) {
    try {
      release();
    } catch {
      // One file that cannot be removed must not keep the others; nobody is left to tell.
    }
  }
}
