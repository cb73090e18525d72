import { test } from "node:test";
import { startChild } from "@outrigger/linux";
import { skipWithoutBrowser } from "./index.ts";
import { until } from "./until.ts";

test("a browser ends when its owner is killed", { skip: skipWithoutBrowser() }, async () => {
  const script = `
    const { startBrowser } = await import(${JSON.stringify(import.meta.resolve("./index.ts"))});
    const browser = await startBrowser();
    console.log(browser.endpoint);
    setInterval(() => {}, 1000);`;
  await using owner = await startChild([process.execPath, "--input-type=module", "--eval", script]);
  await until("the owner has a browser", () => owner.output().includes("ws://"));
  const version = new URL("/json/version", /ws:\S+/.exec(owner.output())?.[0].replace("ws:", "http:"));
  const answers = (): Promise<boolean> =>
    fetch(version).then(
      ({ ok }) => ok,
      () => false,
    );
  await until("the browser answers", answers);
  owner.kill("SIGKILL");
  await until("the browser is gone", async () => !(await answers()));
});
