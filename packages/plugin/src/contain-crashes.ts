import { currentCall } from "./running-call.ts";

let users = 0;

/**
 * Turns an exception or rejection that nobody caught into the failure of the call it comes from; the process and its
 * other calls go on. One that comes from no call ends the process as ever. Returns what ends this again.
 */
export function containCrashes(): () => void {
  if (users++ === 0) {
    process.on("uncaughtException", contain);
    process.on("unhandledRejection", contain);
  }
  return () => {
    if (--users === 0) stop();
  };
}

function contain(error: unknown): void {
  const call = currentCall.getStore();
  if (call === undefined) giveUp(error);
  else call.crash(error);
}

/** As Node does where nobody listens; others who listen have their own idea of it. */
function giveUp(error: unknown): void {
  if (process.listenerCount("uncaughtException") > 1) return;
  stop();
  process.nextTick(() => {
    throw error;
  });
}

function stop(): void {
  process.off("uncaughtException", contain);
  process.off("unhandledRejection", contain);
}
