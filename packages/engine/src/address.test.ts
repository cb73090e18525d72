import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatAddress, parseAddress, type Address } from "./address.ts";
import { DiscoveryError } from "./engine-error.ts";

const good: readonly [text: string, address: Address][] = [
  ["unix:///run/a.sock", { transport: "unix", path: "/run/a.sock" }],
  ["unix:/run/a.sock", { transport: "unix", path: "/run/a.sock" }],
  ["unix:///run/a%20b.sock", { transport: "unix", path: "/run/a b.sock" }],
  ["tcp://localhost:9999", { transport: "tcp", host: "localhost", port: 9999, authority: "localhost:9999" }],
  ["http://host", { transport: "tcp", host: "host", port: 80, authority: "host" }],
  ["https://host/", { transport: "tls", host: "host", port: 443, authority: "host" }],
  ["HTTPS://host:1", { transport: "tls", host: "host", port: 1, authority: "host:1" }],
  ["tcp://[::1]:9", { transport: "tcp", host: "::1", port: 9, authority: "[::1]:9" }],
];

for (const [text, address] of good) {
  test(`${text} is understood`, () => assert.deepEqual(parseAddress(text), { address, warnings: [] }));
}

const bad: readonly [text: string, message: RegExp][] = [
  ["", /has no scheme; write unix:/],
  ["/run/a.sock", /has no scheme/],
  ["localhost:9999", /takes "localhost:" for the scheme\); write tcp:\/\/localhost:9999$/],
  ["unix://run/a.sock", /relative path.*three slashes/],
  ["unix://", /relative path/],
  [`unix:///${"x".repeat(107)}`, /is 108 bytes long.*room for 107/],
  [`unix:///${"é".repeat(54)}`, /is 109 bytes long/],
  ["unix:///run/%zz", /%25/],
  ["npipe:////./pipe/a", /Windows only/],
  ["tcp://", /names no host/],
  ["tcp://:80", /names no host/],
  ["tcp://host:0", /no usable port/],
  ["tcp://host:65536", /no usable port/],
  ["tcp://host:http", /names no host/],
  ["tcp://[::1", /names no host/],
];

for (const [text, message] of bad) {
  for (const rules of ["strict", "engine"] as const) {
    test(`${text.slice(0, 40)} is refused (${rules})`, () => {
      assert.throws(
        () => parseAddress(text, { rules }),
        (error) => error instanceof DiscoveryError && error.code === "bad-address" && message.test(error.message),
      );
    });
  }
}

const weakened: readonly [text: string, message: RegExp][] = [
  ["tcp://host:1/base", /carries "\/base", which the engine drops/],
  ["tcp://host:1?a=b", /carries "\?a=b"/],
  ["tcp://user:word@host:1", /carries the user/],
  ["unix:///run/a.sock?x", /carries "\?x"/],
  ["gopher://host:1", /unknown scheme "gopher".*plain tcp/],
];

for (const [text, message] of weakened) {
  test(`${text} is refused by strict rules and warned of by the engine's`, () => {
    assert.throws(() => parseAddress(text), message);
    const { address, warnings } = parseAddress(text, { rules: "engine" });
    assert.match(warnings.join(), message);
    assert.doesNotMatch(formatAddress(address), /base|a=b|word|\?/);
  });
}

test("an address survives being written and read again", () => {
  const path = fc
    .string({ unit: fc.constantFrom("a", "é", "-", ".", "/", "%", "?", "#", " "), maxLength: 40 })
    .map((name) => `/${name}`);
  fc.assert(
    fc.property(path, fc.integer({ min: 1, max: 65_535 }), fc.constantFrom("tcp", "tls"), (path, port, transport) => {
      const unix: Address = { transport: "unix", path };
      assert.deepEqual(parseAddress(formatAddress(unix)).address, unix);
      const tcp: Address = {
        transport: transport === "tls" ? "tls" : "tcp",
        host: "::1",
        port,
        authority: `[::1]:${port}`,
      };
      assert.deepEqual(parseAddress(formatAddress(tcp)).address, tcp);
    }),
  );
});

test("no text at all makes the reader fail in another way", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.constantFrom("strict", "engine"), (text, rules) => {
      try {
        parseAddress(text, { rules: rules === "strict" ? "strict" : "engine" });
      } catch (error) {
        assert.ok(error instanceof DiscoveryError);
      }
    }),
    { numRuns: 50 },
  );
});
