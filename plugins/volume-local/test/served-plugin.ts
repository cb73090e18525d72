// Serves volumes on folders until it kills itself where its argument says; started by the tests that watch it die.
import type { PluginProcessOptions } from "./plugin-process.ts";
import { serveVolumes } from "./serve-volumes.ts";

// Written by `startPlugin`.
const options = JSON.parse(process.argv[2] ?? "{}") as PluginProcessOptions;
let recovered = false;
let steps = 0;

const served = await serveVolumes(options, (step) => {
  if (recovered ? step === options.dieAt : ++steps === options.dieInRecovery) process.kill(process.pid, "SIGKILL");
});
await served.volumes.recovered;
recovered = true;
process.stdout.write("ready\n");
