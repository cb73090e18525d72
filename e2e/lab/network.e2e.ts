import assert from "node:assert/strict";
import { test } from "node:test";
import { lab, type ConnectedHost, type Hosts } from "./index.ts";
import { until } from "./until.ts";

const skip = lab.skip();

test("two hosts reach each other, and a host that is cut off reaches none until it is healed", { skip }, async () => {
  await using network = await lab.hosts(3);
  const [a, b, c] = three(network);
  assert.equal(await received({ from: a, to: b, count: 10 }), 10);

  await network.partition([a]);
  assert.equal(await received({ from: a, to: b, count: 10 }), 0);
  assert.equal(await received({ from: c, to: a, count: 10 }), 0);
  assert.equal(await received({ from: c, to: b, count: 10 }), 10);

  await network.partition([a, b]);
  assert.equal(await received({ from: a, to: b, count: 10 }), 10);
  assert.equal(await received({ from: b, to: c, count: 10 }), 0);

  await network.heal();
  assert.equal(await received({ from: b, to: c, count: 10 }), 10);
});

test("a host loses the share of packets that it is told to, both ways", { skip }, async () => {
  await using network = await lab.hosts(3);
  const [a, b, c] = three(network);
  // Once each, so that the loss of an ARP packet later loses nothing more.
  for (const [from, to] of pairs(a, b, c)) assert.equal(await received({ from, to, count: 1 }), 1);

  await network.loss(a, 50);
  for (const [from, to] of pairs(a, b)) {
    const count = await received({ from, to, count: 200 });
    assert.ok(count > 20 && count < 180, `${count} of 200 arrived`);
  }
  assert.equal(await received({ from: b, to: c, count: 200 }), 200);

  await network.loss(a, 100);
  for (const [from, to] of pairs(a, b)) assert.equal(await received({ from, to, count: 200 }), 0);

  await network.loss(a, 0);
  for (const [from, to] of pairs(a, b)) assert.equal(await received({ from, to, count: 200 }), 200);
});

test("a connection is cut with the network, and goes on when it is healed", { skip }, async () => {
  await using network = await lab.hosts(2);
  const [a, b] = two(network);
  const server = `require("node:net").createServer((s) => s.on("error", () => {}).pipe(s)).listen(7000, "${b.address}", () => console.log("up"))`;
  await using echo = await b.start([process.execPath, "-e", server]);
  await until("the server listens", () => echo.output().includes("up"));
  const client = `const s = require("node:net").connect(7000, "${b.address}"); process.stdin.pipe(s); s.pipe(process.stdout)`;
  await using talk = await a.start([process.execPath, "-e", client]);
  talk.stdin.write("one\n");
  await until("the first line is back", () => talk.output() === "one\n");
  await network.partition([b]);
  talk.stdin.write("two\n");
  assert.equal(await received({ from: a, to: b, count: 1 }), 0);
  assert.equal(talk.output(), "one\n");
  await network.heal();
  await until("the second line is back", () => talk.output() === "one\ntwo\n");
});

test("partition and loss refuse what they cannot do", { skip }, async () => {
  await using network = await lab.hosts(1);
  await using stranger = await lab.host();
  const [host] = network.hosts;
  assert.ok(host !== undefined);
  assert.throws(() => network.partition([stranger]), /is not on this network; name one of its own hosts/);
  assert.throws(() => network.loss(host, 101), /give an integer from 0 to 100/);
});

/** How many datagrams of so many arrive. The end is told on the receiver's standard input, which loses nothing. */
async function received(options: { from: ConnectedHost; to: ConnectedHost; count: number }): Promise<number> {
  const { from, to, count } = options;
  const receiver = `
    let count = 0;
    const socket = require("node:dgram").createSocket("udp4", () => count++);
    socket.bind(7001, "${to.address}", () => console.log("up"));
    const drain = (before) => setImmediate(() => count > before ? drain(count) : (console.log("got " + count), socket.close()));
    process.stdin.on("end", () => drain(-1)).resume();`;
  await using receiving = await to.start([process.execPath, "-e", receiver]);
  await until("the receiver listens", () => receiving.output().includes("up"));
  const sender = `
    const socket = require("node:dgram").createSocket("udp4");
    (async () => {
      for (let i = 0; i < ${count}; i++) await new Promise((done) => socket.send("x", 7001, "${to.address}", done));
      socket.close();
    })();`;
  await from.run([process.execPath, "-e", sender]);
  receiving.stdin.end();
  await receiving.ended;
  return Number(/got (\d+)/.exec(receiving.output())?.[1]);
}

function two(network: Hosts): [ConnectedHost, ConnectedHost] {
  const [a, b] = network.hosts;
  assert.ok(a !== undefined && b !== undefined);
  return [a, b];
}

function three(network: Hosts): [ConnectedHost, ConnectedHost, ConnectedHost] {
  const [a, b, c] = network.hosts;
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  return [a, b, c];
}

function pairs(...hosts: ConnectedHost[]): [ConnectedHost, ConnectedHost][] {
  return hosts.flatMap((from) =>
    hosts.filter((to) => to !== from).map((to): [ConnectedHost, ConnectedHost] => [from, to]),
  );
}
