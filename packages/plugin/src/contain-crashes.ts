import { currentCall } from "./running-call.ts";

let users = 0;

/**
 * Turns an exception or rejection that nobody caught into the failure of the call it comes from; the process and its
 * other calls go on. One that comes from no call ends the process as ever. Returns what ends this again.
 */
export function containCrashes(): () => void {
  if (users++ === 0) {
    process.on("uncaughtException", onException);
    process.on("unhandledRejection", onRejection);
  }
  return () => {
    if (--users === 0) stop();
  };
}

function onException(error: unknown): void {
  contain(error, "uncaughtException");
}

function onRejection(error: unknown): void {
  contain(error, "unhandledRejection");
}

function contain(error: unknown, event: "uncaughtException" | "unhandledRejection"): void {
  const call = currentCall.getStore();
  if (call !== undefined) return call.crash(error);
  // Others who listen have their own idea of what comes from no call of ours.
  if (process.listenerCount(event) > 1) return;
  stop();
  process.nextTick(() => {
    throw error;
  });
}

function stop(): void {
  process.off("uncaughtException", onException);
  process.off("unhandledRejection", onRejection);
}
