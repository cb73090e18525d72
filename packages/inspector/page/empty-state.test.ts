import assert from "node:assert/strict";
import { test } from "node:test";
import { commandToTry } from "./empty-state.js";

test("the command to try makes the engine call this plugin", () => {
  const command = (protocol: string): string => commandToTry({ name: "mine", implements: [protocol] });
  assert.equal(command("VolumeDriver"), "docker volume create -d mine data");
  assert.equal(command("NetworkDriver"), "docker network create -d mine net");
  assert.equal(command("IpamDriver"), "docker network create --ipam-driver mine net");
  assert.equal(command("LogDriver"), "docker run --rm --log-driver mine busybox echo hello");
  assert.equal(command("authz"), "docker ps");
  assert.equal(command("toString"), "docker volume ls");
});

test("a name that is no plain word is not put into a command", () => {
  for (const name of ["$(id)", "a b", "x;y", "\u202E", ""])
    assert.equal(commandToTry({ name, implements: ["VolumeDriver"] }), "docker volume ls");
});
