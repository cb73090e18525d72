import assert from "node:assert/strict";
import { test } from "node:test";
import { fileInTar, tarOf } from "./tar.ts";

for (const size of [0, 5, 512, 1025]) {
  test(`a file of ${size} bytes comes out of an archive as it went in`, () => {
    const content = Buffer.alloc(size, "x");
    const archive = tarOf("file", content);
    assert.equal(archive.length % 512, 0);
    assert.deepEqual(fileInTar(archive), content);
  });
}

test("a file behind a folder is found, and none in what is no archive", () => {
  const folder = tarOf("folder/", Buffer.alloc(0)).subarray(0, 512);
  folder.write("5", 156);
  assert.equal(fileInTar(Buffer.concat([folder, tarOf("file", Buffer.from("in"))]))?.toString(), "in");
  assert.equal(fileInTar(folder), undefined);
  assert.equal(fileInTar(Buffer.from("no archive".repeat(100))), undefined);
});
