// A Docker Engine's HTTP API, as much of it as the cases need that judge a plugin through a real engine.
import { request } from "node:http";
import type { Trial } from "./trial.ts";
import { Skip, Violation } from "./violation.ts";

/** What an engine answered. */
export interface EngineAnswer {
  readonly status: number;
  /** The decoded body; undefined where it is not JSON. */
  readonly json: unknown;
  readonly text: string;
  readonly body: Buffer;
}

/** Bounds of one call. */
export interface EngineCallOptions {
  readonly signal?: AbortSignal;
  /** Two and a half minutes by default: more than the longest that an engine waits for one volume call. */
  readonly deadlineMs?: number;
}

/** An engine by its API. */
export interface EngineApi {
  /** Any answer counts; throws `Violation` where none came. Bytes are sent as a tar archive, all else as JSON. */
  readonly call: (verb: string, path: string, body?: object) => Promise<EngineAnswer>;
}

/** What a container is made of. */
export interface ContainerSpec {
  /** The lines for `sh -c`. */
  readonly script: string;
  /** What goes to `HostConfig`, such as `Binds`. */
  readonly host?: object;
  /** What else goes to the request, such as `NetworkingConfig`. */
  readonly rest?: object;
}

/** The engine that a trial was given. What is made through it goes away at the trial's end. */
export interface TrialEngine extends EngineApi {
  /** The plugin's name to this engine. */
  readonly driver: string;
  readonly image: string;
  /** A call that has to succeed; throws `Violation` with the engine's text. */
  ok(verb: string, path: string, body?: object): Promise<EngineAnswer>;
  /** Deletes something at the trial's end, whatever came of it; what is gone by then is fine. */
  deleteLater(path: string): void;
  /** Makes a container and returns its name. */
  createContainer(spec: ContainerSpec): Promise<string>;
  start(container: string): Promise<void>;
  /** Waits for a container's end and returns its exit code. */
  wait(container: string): Promise<number>;
  /** What a container printed, both streams. */
  logs(container: string): Promise<string>;
  /** Ends and removes a container; one that is gone already is fine. */
  removeContainer(container: string): Promise<void>;
  /** Makes a container, runs it to its end, removes it, and returns what it printed; its exit code has to be 0. */
  run(spec: ContainerSpec): Promise<string>;
}

const mostAnswerBytes = 64 * 1024 * 1024;
const callLimitMs = 150_000;

/** Talks to the engine at a unix socket. */
export function engineApi(socketPath: string, options: EngineCallOptions = {}): EngineApi {
  return { call: (verb, path, body) => exchange({ socketPath, verb, path, body }, options) };
}

/** The engine of a trial whose case needs `engine`. */
export function engineOf(trial: Trial): TrialEngine {
  const given = trial.setting.engine;
  if (given === undefined) throw new Skip("no Docker Engine was given");
  const { call } = engineApi(given.socket, { signal: trial.signal });
  // What was made is taken away also when the case's time is over.
  const last = engineApi(given.socket, { deadlineMs: 60_000 });
  const ok: TrialEngine["ok"] = async (verb, path, body) => succeeded(await call(verb, path, body), { verb, path });

  const engine: TrialEngine = {
    driver: given.driver,
    image: given.image,
    call,
    ok,
    createContainer: async ({ script, host = {}, rest = {} }) => {
      const program = { Image: given.image, Entrypoint: ["sh", "-c"], Cmd: [script] };
      // A shell that is process 1 ignores SIGTERM, and whoever stops it would wait ten seconds.
      const container = { ...program, StopSignal: "SIGKILL", HostConfig: host, ...rest };
      const name = trial.name("container");
      engine.deleteLater(containerPath(name));
      await ok("POST", `/containers/create?name=${name}`, container);
      return name;
    },
    start: async (container) => void (await ok("POST", `/containers/${container}/start`)),
    wait: async (container) => {
      const { json } = await ok("POST", `/containers/${container}/wait`);
      // The engine's own schema: moby/moby api/swagger.yaml, ContainerWaitResponse.
      return (json as { StatusCode: number }).StatusCode;
    },
    logs: async (container) => {
      const { body } = await ok("GET", `/containers/${container}/logs?stdout=1&stderr=1`);
      return unframed(body);
    },
    removeContainer: (container) => deleteAt({ call }, containerPath(container)),
    deleteLater: (path) => trial.defer(() => deleteAt(last, path)),
    run: async (spec) => {
      const container = await engine.createContainer(spec);
      await engine.start(container);
      const code = await engine.wait(container);
      const printed = await engine.logs(container);
      if (code !== 0) throw new Violation(`a container with ${JSON.stringify(spec)} ended with ${code}: ${printed}`);
      await engine.removeContainer(container);
      return printed;
    },
  };
  return engine;
}

/** Ends the engine and starts it again. */
export async function restartEngine(trial: Trial, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  const restart = trial.setting.engine?.restart;
  if (restart === undefined) return trial.skip("the engine cannot be restarted from here");
  try {
    await restart(signal);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Violation(`the engine, ended by ${signal}, was not started again: ${why}`, { cause });
  }
}

function containerPath(name: string): string {
  return `/containers/${name}?force=1&v=1`;
}

async function deleteAt(api: EngineApi, path: string): Promise<void> {
  const answer = await api.call("DELETE", path);
  const isGoing = answer.status === 409 && answer.text.includes("already in progress");
  if (answer.status !== 404 && !isGoing) succeeded(answer, { verb: "DELETE", path });
}

function succeeded(answer: EngineAnswer, { verb, path }: { verb: string; path: string }): EngineAnswer {
  if (answer.status < 400) return answer;
  throw new Violation(
    `the engine answered ${verb} ${path} with ${answer.status}: ${answer.text.trim().slice(0, 1000)}`,
  );
}

interface Call {
  readonly socketPath: string;
  readonly verb: string;
  readonly path: string;
  readonly body: object | undefined;
}

function exchange({ socketPath, verb, path, body }: Call, options: EngineCallOptions): Promise<EngineAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<EngineAnswer>();
  const deadline = AbortSignal.timeout(options.deadlineMs ?? callLimitMs);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  const fail = (cause: unknown): void => {
    if (options.signal?.aborted === true) return reject(options.signal.reason);
    const why = cause instanceof Error ? cause.message : String(cause);
    reject(new Violation(`the engine at ${socketPath} did not answer ${verb} ${path}: ${why}`, { cause }));
  };
  const sent = body instanceof Uint8Array ? body : body && Buffer.from(JSON.stringify(body));
  const type = body instanceof Uint8Array ? "application/x-tar" : "application/json";
  // A connection of its own: the engine may be stopped and started between two calls.
  const headers = { ...(sent && { "Content-Type": type, "Content-Length": sent.length }), Connection: "close" };
  const outgoing = request({ socketPath, path, method: verb, headers, signal, agent: false }, (incoming) => {
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > mostAnswerBytes) outgoing.destroy(new Error(`the answer is over ${mostAnswerBytes} bytes`));
    });
    incoming.on("error", fail);
    incoming.on("end", () => resolve(readAnswer(incoming.statusCode ?? 0, Buffer.concat(chunks))));
  });
  outgoing.on("error", fail);
  outgoing.end(sent);
  return promise;
}

function readAnswer(status: number, body: Buffer): EngineAnswer {
  const text = body.toString("utf8");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status, json, text, body };
}

/** Takes the frames off a container's output. Source: moby/moby api/pkg/stdcopy/stdcopy.go. */
function unframed(bytes: Buffer): string {
  const pieces: Buffer[] = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    const end = at + 8 + bytes.readUInt32BE(at + 4);
    pieces.push(bytes.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(pieces).toString("utf8");
}
