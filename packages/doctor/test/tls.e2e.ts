// Beside src, because it borrows the certificates of another package's tests.
import assert from "node:assert/strict";
import { chmod, rm } from "node:fs/promises";
import { test } from "node:test";
import { makeCertificate } from "../../engine/test/certificates.ts";
import { tlsChecks } from "../src/checks/tls.ts";
import { gather } from "../src/gather.ts";
import { hostOf } from "../src/host.ts";
import { startBudget } from "../src/time-budget.ts";
import type { Facts } from "../src/facts.ts";
import { scratch, type Scratch } from "./scratch.ts";

const day = 86_400_000;

async function factsOf(at: Scratch): Promise<Facts> {
  return gather(hostOf(at.here), startBudget(20_000));
}

/** What the checks say of the facts at some time. */
function judge(facts: Facts, now = new Date()): string[] {
  return tlsChecks.flatMap(({ id, find }) =>
    find({ ...facts, now }).map(({ severity, what }) => `${severity} ${id}: ${what}`),
  );
}

async function writePlugin(at: Scratch): Promise<{ key: string; cert: string }> {
  const [own, other] = [makeCertificate("engine"), makeCertificate("other")];
  const files = { CAFile: own.cert, CertFile: own.cert, KeyFile: own.key, other: other.key };
  for (const [name, text] of Object.entries(files)) await chmod(await at.write(`tls/${name}`, text), 0o600);
  const TLSConfig = {
    CAFile: at.path("tls/CAFile"),
    CertFile: at.path("tls/CertFile"),
    KeyFile: at.path("tls/KeyFile"),
    // The system's roots take half a second to load.
    ExclusiveRootPools: true,
  };
  // Port 1 of this machine refuses; the files are looked at nevertheless.
  await at.write("etc/docker/plugins/far.json", JSON.stringify({ Addr: "https://127.0.0.1:1", TLSConfig }));
  return { key: TLSConfig.KeyFile, cert: TLSConfig.CertFile };
}

test("a certificate is told before and after its time, and a short while before its end", async () => {
  await using at = await scratch();
  await writePlugin(at);
  const facts = await factsOf(at);
  const linesIn = (days: number): string[] => judge(facts, new Date(Date.now() + days * day));
  assert.match(linesIn(2).join("\n"), /error certificate-time: the CertFile of plugin "far" .* has expired on/);
  assert.match(linesIn(-2).join("\n"), /error certificate-time: the CAFile of plugin "far" .* is not valid before/);
  assert.match(linesIn(0).join("\n"), /warning certificate-time: .* expires on/);
});

test("a key that all may read, that fits another certificate, or that is gone is told", async () => {
  await using at = await scratch();
  const { key } = await writePlugin(at);
  const without = (lines: readonly string[]): string[] => lines.filter((line) => !line.includes("certificate-time"));
  assert.deepEqual(without(judge(await factsOf(at))), []);
  await chmod(key, 0o644);
  assert.match(without(judge(await factsOf(at))).join("\n"), /^warning open-key: everybody/);
  await at.write("tls/KeyFile", makeCertificate("other").key);
  await chmod(key, 0o600);
  assert.match(
    without(judge(await factsOf(at))).join("\n"),
    /^error bad-tls: .*must be unencrypted PEM and fit CertFile/,
  );
  await rm(key);
  assert.match(
    without(judge(await factsOf(at))).join("\n"),
    /^error bad-tls: .*tls\/KeyFile as KeyFile, which cannot be read/,
  );
});
