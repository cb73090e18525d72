import assert from "node:assert/strict";
import { test } from "node:test";
import { authz, logDriver, networkDriver, secretProvider, volumeDriver, type Fields } from "@outrigger/protocol";
import { Redactor } from "./redactor.ts";

const { create, mount } = volumeDriver.methods;

const cases: readonly { title: string; fields: Fields | undefined; message: unknown; shown: unknown }[] = [
  {
    title: "what the protocol calls secret, whatever its type, in any case of its key",
    fields: authz.methods.authZReq.request,
    message: { RequestUri: "/v1.41/auth", requestbody: "aHVudGVyMg==", RequestHeaders: { "X-Registry-Auth": "abc" } },
    shown: { RequestUri: "/v1.41/auth", requestbody: "[redacted]", RequestHeaders: "[redacted]" },
  },
  {
    title: "a secret's value",
    fields: secretProvider.methods.getSecret.reply,
    message: { Value: "aHVudGVyMg==", DoNotReuse: true },
    shown: { Value: "[redacted]", DoNotReuse: true },
  },
  {
    title: "the environment of a container, and not its name",
    fields: logDriver.methods.startLogging.request,
    message: {
      File: "/run/x",
      Info: { ContainerName: "/web", ContainerEnv: ["A=b"], Config: { "splunk-token": "t-1234", tag: "x" } },
    },
    shown: {
      File: "/run/x",
      Info: { ContainerName: "/web", ContainerEnv: "[redacted]", Config: { "splunk-token": "[redacted]", tag: "x" } },
    },
  },
  {
    title: "options by their names",
    fields: create.request,
    message: {
      Name: "data",
      Opts: { size: "1G", Password: "hunter22", "api-key": "k", passphrase: "", authFile: "/x", user: "me" },
    },
    shown: {
      Name: "data",
      Opts: {
        size: "1G",
        Password: "[redacted]",
        "api-key": "[redacted]",
        passphrase: "",
        authFile: "[redacted]",
        user: "me",
      },
    },
  },
  {
    title: "options in options, and a whole object under a secret name",
    fields: networkDriver.methods.createNetwork.request,
    message: {
      Options: { "com.docker.network.generic": { "encryption-key": "abcdef", depth: [{ token: { a: 1 } }] } },
    },
    shown: {
      Options: { "com.docker.network.generic": { "encryption-key": "[redacted]", depth: [{ token: "[redacted]" }] } },
    },
  },
  {
    title: "secrets within a value: mount options, addresses, JSON, flags",
    fields: create.request,
    message: {
      Name: "data",
      Opts: {
        o: "addr=10.0.0.1,username=me,password=hunter22,vers=3",
        device: "https://me:hunter33@host/share",
        config: '{"user":"me","pass\\u0077ord":"x","secretKey":"hun\\"ter44","port":1}',
        nested: '{"inner":"{\\"token\\":\\"hunter55\\"}"}',
        cutOff: '{"inner":"{\\"token\\":\\"hunter66',
        plain: '"apiKey": "hunter77',
      },
    },
    shown: {
      Name: "data",
      Opts: {
        o: "addr=10.0.0.1,username=me,password=[redacted],vers=3",
        device: "https://me:[redacted]@host/share",
        config: '{"user":"me","password":"[redacted]","secretKey":"[redacted]","port":1}',
        nested: '{"inner":"{\\"token\\":\\"[redacted]\\"}"}',
        cutOff: '{"inner":"{\\"token\\":\\"[redacted]',
        plain: '"apiKey": [redacted]',
      },
    },
  },
  {
    title: "the argument that follows a secret flag",
    fields: logDriver.methods.startLogging.request,
    message: { Info: { ContainerArgs: ["--password", "hunter22", "--token=abcd", "--verbose", "on"] } },
    shown: { Info: { ContainerArgs: ["--password", "[redacted]", "--token=[redacted]", "--verbose", "on"] } },
  },
  {
    title: "secrets in a URL",
    fields: authz.methods.authZReq.request,
    message: { RequestUri: "/build?buildargs=%7B%22NPM_TOKEN%22%3A%22hunter22%22%7D&t=x" },
    shown: { RequestUri: "/build?buildargs=%7B%22NPM_TOKEN%22%3A%22[redacted]%22%7D&t=x" },
  },
  {
    title: "by name alone where no protocol is known",
    fields: undefined,
    message: { Name: "x", Credentials: ["a"], list: [1, null] },
    shown: { Name: "x", Credentials: "[redacted]", list: [1, null] },
  },
  {
    title: "names and ids of the protocol, which look like secrets, are kept",
    fields: authz.methods.authZReq.request,
    message: { UserAuthNMethod: "TLS", User: "me" },
    shown: { UserAuthNMethod: "TLS", User: "me" },
  },
];

for (const { title, fields, message, shown } of cases) {
  test(`taken out: ${title}`, () => assert.deepEqual(new Redactor().message(message, fields), shown));
}

test("a secret is taken out wherever it is quoted afterwards, in keys as well", () => {
  const redactor = new Redactor();
  redactor.message({ Name: "data", Opts: { password: "hunter22", pin_key: "abc" } }, create.request);
  assert.equal(
    redactor.text("login with hunter22 failed (abc, abcd)"),
    "login with [redacted] failed ([redacted], abcd)",
  );
  assert.deepEqual(redactor.message({ Err: "mount -o x,hunter22: no", hunter22: 1 }, mount.reply), {
    Err: "mount -o x,[redacted]: no",
    "[redacted]": 1,
  });
});

test("a recording that is redacted again stays as it is", () => {
  const redactor = new Redactor();
  const once = redactor.message({ Opts: { password: "hunter22", o: "password=hunter22" } }, create.request);
  assert.deepEqual(new Redactor().message(once, create.request), once);
});

test("what is remembered has a limit, and what was seen last stays", () => {
  const redactor = new Redactor();
  for (let index = 0; index < 400; index++)
    redactor.message({ Opts: { password: `secret-number-${index}.` } }, create.request);
  assert.equal(redactor.text("secret-number-399."), "[redacted]");
  assert.equal(redactor.text("secret-number-1."), "secret-number-1.");
});

test("a text of 64 KiB that is made to be slow to search is not", () => {
  for (const piece of ["key.", "pass=", '"key"', '\\"auth', "://a:", "%22key%22"]) {
    const text = piece.repeat(65_536 / piece.length);
    assert.ok(new Redactor().text(text).length > 0, piece);
  }
});

test("`__proto__` is a key as any other", () => {
  const message: unknown = JSON.parse('{"Opts":{"__proto__":{"password":"hunter22"},"x":"y"}}');
  assert.equal(
    JSON.stringify(new Redactor().message(message, create.request)),
    '{"Opts":{"__proto__":{"password":"[redacted]"},"x":"y"}}',
  );
});
