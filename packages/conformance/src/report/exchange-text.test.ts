import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { openWire, type Address } from "@outrigger/engine";
import { requestBytes } from "../connection.ts";
import { curlLine, describeExchanges } from "./exchange-text.ts";

const address: Address = { transport: "unix", path: "/run/x.sock" };

test("the bytes of a call are shown, and a terminal takes no harm", () => {
  const sent = Buffer.from("POST /VolumeDriver.List HTTP/1.1\r\nHost: x\r\n\r\n{}\n");
  const received = Buffer.from('HTTP/1.1 200 OK\r\n\r\n{"Err":"\u001b[31m"}');
  assert.deepEqual(describeExchanges([{ method: "VolumeDriver.List", sent, received }], address), [
    "> POST /VolumeDriver.List HTTP/1.1",
    "> Host: x",
    ">",
    "> {}",
    "< HTTP/1.1 200 OK",
    "<",
    '< {"Err":"\\u{1b}[31m"}',
    "$ curl -sS --unix-socket '/run/x.sock' -X POST -H 'Content-Type:' --data-binary '{}' 'http://plugin.moby.localhost/VolumeDriver.List'",
  ]);
});

test("of many calls the last are shown, of a long body the beginning", () => {
  const sent = Buffer.from(`POST /a HTTP/1.1\r\n\r\n${"x".repeat(5000)}`);
  const lines = describeExchanges(
    Array.from({ length: 10 }, () => ({ method: "a", sent, received: Buffer.alloc(0) })),
    address,
  );
  assert.equal(lines[0], "(the 4 calls before are left out)");
  assert.ok(lines.includes("> (2972 more bytes)"));
});

test("the shell reads the curl line as it was meant, whatever the body holds", async () => {
  const wire = await openWire("unix:///run/it's.sock");
  const request = wire.request("VolumeDriver.Create", { Name: "it's $HOME <a> \u00e9", Opts: null });
  const line = curlLine({ method: "", sent: requestBytes(request), received: Buffer.alloc(0) }, wire.address);
  const { stdout } = await promisify(execFile)("sh", ["-c", `curl() { printf '%s\\n' "$@"; }; ${line}`]);
  assert.deepEqual(stdout.trimEnd().split("\n"), [
    "-sS",
    "--unix-socket",
    "/run/it's.sock",
    "-X",
    "POST",
    "-H",
    "Content-Type:",
    "-H",
    "Accept: application/vnd.docker.plugins.v1.2+json",
    "--data-binary",
    request.body.toString().trimEnd(),
    "http://plugin.moby.localhost/VolumeDriver.Create",
  ]);
});
