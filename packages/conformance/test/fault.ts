// How a model plugin is made to break a rule, and how it is seen that its own case finds that.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { RunResult } from "@outrigger/conformance";
import { idsOf, type Handlers, type Intercept } from "./model.ts";

/** One way to break the rules. */
export interface Fault<World, Variant extends string = string> {
  readonly title: string;
  /** All the cases that fail; where there are several, the title or a comment says why. */
  readonly breaks?: readonly string[];
  /** In place of `breaks`: the only cases that neither fail nor are skipped. */
  readonly spares?: readonly string[];
  /** Which of the models; the first by default. */
  readonly variant?: Variant;
  readonly slow?: boolean;
  readonly change?: (handlers: Handlers, world: World) => Handlers;
  /** What the plugin loses when it is started again. */
  readonly onRestart?: (world: World, signal: string) => void;
  readonly intercept?: Intercept;
}

/** Ways to break one method of a protocol. */
export interface Breaking<World, Call> {
  /** Replaces it; `usual` is what the model answers. */
  readonly method: (
    name: string,
    answer: (request: Call, usual: () => object, world: World) => unknown,
  ) => Pick<Fault<World>, "change">;
  /** Adds to its reply. */
  readonly reply: (name: string, more: object) => Pick<Fault<World>, "change">;
  /** Refuses some of its calls. */
  readonly refuse: (name: string, when: (request: Call, world: World) => unknown) => Pick<Fault<World>, "change">;
  /** Answers differently from one call to the next. */
  readonly alternate: (name: string, answers: readonly object[]) => Pick<Fault<World>, "change">;
  /** Refuses some of its calls with a status and no text. */
  readonly refuseMutely: (name: string, when: (body: string) => boolean) => Pick<Fault<World>, "intercept">;
  /** Ends the connection of some of its calls. */
  readonly hangUp: (name: string, when: (body: string) => boolean) => Pick<Fault<World>, "intercept">;
}

/** The ways to break methods of a protocol. `world` is given where the model is made. */
export function breaking<World, Call extends object>(protocol: string): Breaking<World, Call> {
  const method: Breaking<World, Call>["method"] = (name, answer) => {
    const full = `${protocol}.${name}`;
    return {
      change: (handlers, world) => ({
        [full]: (request: Call) => answer(request, () => callOf(handlers, full)(request), world),
      }),
    };
  };
  const onWire = (
    name: string,
    when: (body: string) => boolean,
    spoil: (response: Parameters<Intercept>[1]) => void,
  ): Pick<Fault<World>, "intercept"> => ({
    intercept: (incoming, response, body) => {
      if (incoming.url !== `/${protocol}.${name}` || !when(body.toString())) return false;
      spoil(response);
      return true;
    },
  });
  return {
    method,
    reply: (name, more) => method(name, (_, usual) => ({ ...usual(), ...more })),
    refuse: (name, when) =>
      method(name, (request, usual, world) => {
        if (when(request, world)) throw new Error("refused");
        return usual();
      }),
    alternate: (name, answers) => {
      let calls = 0;
      return method(name, () => answers[calls++ % answers.length]);
    },
    refuseMutely: (name, when) => onWire(name, when, (response) => response.writeHead(500).end()),
    hangUp: (name, when) => onWire(name, when, (response) => response.destroy()),
  };
}

/** Several ways of breaking methods in one fault. */
export function together<World>(...ways: readonly Pick<Fault<World>, "change">[]): Pick<Fault<World>, "change"> {
  return { change: (handlers, world) => Object.assign({}, ...ways.map(({ change }) => change?.(handlers, world))) };
}

/** A handler of a model, to be called by another that changes its answer. */
export function callOf(handlers: Handlers, method: string): (request: object) => object {
  const handler = handlers[method];
  if (handler === undefined) throw new Error(`the model has no ${method}`);
  // The models' handlers take what the engine sends and answer objects at once; none looks at the HTTP request.
  return handler as (request: object) => object;
}

/** Judges each fault, several at once, and declares one test for each. */
export async function judgeFaults<World, Variant extends string>(
  t: TestContext,
  faults: readonly Fault<World, Variant>[],
  judgeFault: (fault: Fault<World, Variant>) => Promise<RunResult>,
): Promise<void> {
  const queue = [...faults];
  const judgeNext = async (): Promise<void> => {
    for (let fault = queue.shift(); fault !== undefined; fault = queue.shift()) {
      const { breaks, spares, title } = fault;
      const result = await judgeFault(fault);
      await t.test(title, () => {
        const found = spares === undefined ? idsOf(result, "failed") : idsOf(result, "passed");
        assert.deepEqual(found.sort(), [...(spares ?? breaks ?? [])].sort(), problemsOf(result).join("\n"));
      });
    }
  };
  await Promise.all(Array.from({ length: 4 }, judgeNext));
}

/** The cases that failed, with their messages. */
export function problemsOf(result: RunResult): string[] {
  return result.cases.filter(({ status }) => status === "failed").map(({ id, message }) => `${id}: ${message}`);
}
