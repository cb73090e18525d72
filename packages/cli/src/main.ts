#!/usr/bin/env node
import { run } from "./program.ts";

// A reader that has seen enough, as in `outrigger ls | head`, is no failure; a plugin that is served goes on.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

await run(process.argv.slice(2));
