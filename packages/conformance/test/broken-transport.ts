// How a model plugin is made to break a rule of the handshake or the transport.
import { chmod } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import type { RunResult, Setting } from "@outrigger/conformance";
import type { Fault } from "./faults.ts";
import { judge, serveModel, type Handlers, type Intercept, type ServedModel } from "./model.ts";
import { transportModel } from "./transport-model.ts";

/** How a plugin breaks a rule. */
export interface Broken {
  /** Methods in place of the model's. */
  readonly handlers?: (sound: Handlers) => Handlers;
  readonly intercept?: Intercept;
  readonly setting?: (model: ServedModel) => Partial<Setting>;
  readonly only?: readonly string[];
  readonly prepare?: (model: ServedModel) => Promise<void>;
}

/** A fault by the cases that fail on it. */
export function broken(title: string, fails: readonly string[], how: Broken): Fault {
  return { title, fails, judge: () => judgeBroken(how) };
}

async function judgeBroken({ handlers, intercept, setting, prepare, only = ["HS", "TR"] }: Broken): Promise<RunResult> {
  const sound = transportModel();
  await using model = await serveModel(
    { ...sound, ...handlers?.(sound) },
    intercept === undefined ? {} : { intercept },
  );
  await chmod(model.address.slice("unix://".length), 0o600);
  await prepare?.(model);
  return await judge(model.address, { only, setting: { patienceMs: 1000, ...setting?.(model) } });
}

/** Answers one method otherwise. */
export function answers(method: string, answer: (response: ServerResponse) => void): Broken {
  return {
    intercept: (incoming, response, body) => {
      // Whatever the model refuses stays refused.
      if (incoming.url !== `/${method}` || (method === remove && !body.includes('"Name":"or-'))) return false;
      answer(response);
      return true;
    },
  };
}

/** Refuses requests that look somehow. */
export function refuses(wrong: (...given: Parameters<Intercept>) => boolean, status = 400): Broken {
  return {
    intercept: (...given) => {
      if (!wrong(...given)) return false;
      given[1].writeHead(status).end('{"Err":"refused"}');
      return true;
    },
  };
}

/** A method whose failure is a good one to look at. */
export const remove = "VolumeDriver.Remove";
