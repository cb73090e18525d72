import { parseOptions, type Options, type OptionValues } from "@outrigger/plugin";
import { DriverError, RequestError } from "@outrigger/protocol";
import type { Backend, BackendVolume } from "./backend.ts";
import { coreOptionsOf, readCoreOptions, readFrom, type CoreOptions } from "./core-options.ts";
import { refuseOtherOptions } from "./option-differences.ts";
import type { VolumeDescription } from "./volume-record.ts";

/** What another volume system calls an option: the same as one of ours, or nothing that we could do. */
export type ForeignOption =
  | { readonly as: string; readonly value?: ((text: string) => string) | undefined }
  /** Why it is refused and what to do, as in "there is one copy, on this host; leave it out". */
  | { readonly refused: string };

/** Options as texts, by name. */
export type GivenOptions = Readonly<Record<string, string>>;

/** A volume's options, read. */
export interface ReadOptions {
  readonly backend: Backend;
  readonly core: CoreOptions;
  /** The backend's own, typed after its schema. */
  readonly own: OptionValues<Options>;
}

/** Reads volumes' options for the backends of one plugin. */
export class OptionRules {
  readonly backends: readonly Backend[];
  readonly #standard: Backend;
  readonly #foreign: Readonly<Record<string, ForeignOption>>;
  readonly #schemas = new Map<Backend, Options>();

  constructor(
    backends: readonly Backend[],
    options: { standard: Backend; foreign?: Readonly<Record<string, ForeignOption>> | undefined },
  ) {
    this.backends = backends;
    this.#standard = options.standard;
    this.#foreign = options.foreign ?? {};
    const core = coreOptionsOf(backends, this.#standard);
    for (const backend of backends) this.#schemas.set(backend, { ...core, ...backend.options });
  }

  /** Other systems' names put into ours; throws `RequestError` for one that is refused, or given twice. */
  translate(given: GivenOptions): GivenOptions {
    const pairs = Object.entries(given).map(([name, text]): [string, string] => {
      const foreign = Object.hasOwn(this.#foreign, name) ? this.#foreign[name] : undefined;
      if (foreign === undefined) return [name, text];
      if ("refused" in foreign) throw new RequestError(`option "${name}" is not possible here: ${foreign.refused}`);
      if (Object.hasOwn(given, foreign.as)) {
        throw new RequestError(`options "${name}" and "${foreign.as}" mean the same; give one of them`);
      }
      return [foreign.as, foreign.value?.(text) ?? text];
    });
    return Object.fromEntries(pairs);
  }

  /**
   * Throws `RequestError` at the first that is unknown or wrong, or that only other backends have. A volume that is there
   * stays on its backend, whatever the plugin's standard one is by now.
   */
  read(given: GivenOptions, backend = this.backendOf(given)): ReadOptions {
    const schema = this.schemaOf(backend);
    for (const name of Object.keys(given)) if (!Object.hasOwn(schema, name)) this.#refuseOthers(name, backend);
    const values: Readonly<Record<string, unknown>> = parseOptions(schema, given);
    const core = readCoreOptions(values);
    if (core.from !== undefined) this.demand(backend, "clone", 'option "from"');
    if (core.snapSchedule !== undefined) this.demand(backend, "snapshot", 'option "snap-schedule"');
    return { backend, core, own: parseOptions(backend.options, onlyOf(given, backend.options)) };
  }

  /** The options of a volume that is there. */
  readRecord({ options, backend }: Pick<VolumeDescription, "options" | "backend">): ReadOptions {
    return this.read(options, this.backendNamed(backend));
  }

  /** Whose data a volume is to begin with. */
  readFrom(given: GivenOptions): CoreOptions["from"] {
    return given["from"] === undefined ? undefined : readFrom(given["from"]);
  }

  /** The backend that options name, or the plugin's standard one. */
  backendOf(given: GivenOptions): Backend {
    const name = given["backend"];
    // A name that is none is refused by the schema.
    return this.backends.find((backend) => backend.name === name) ?? this.#standard;
  }

  /** The backend of a record; throws `DriverError` if the plugin has it no more. */
  backendNamed(name: string | undefined): Backend {
    const found = name === undefined ? this.backends[0] : this.backends.find((backend) => backend.name === name);
    if (found === undefined) throw new DriverError(`backend ${name} is not there any more; start the plugin with it`);
    return found;
  }

  /** A volume as its backend sees it. */
  view(
    record: Pick<VolumeDescription, "options" | "size" | "backend">,
    at: { readonly name: string; readonly folder: string },
  ): BackendVolume {
    const { own } = this.readRecord(record);
    return { ...at, options: record.size === undefined ? own : { ...own, size: record.size } };
  }

  /** All options of a volume of this backend. */
  schemaOf(backend: Backend): Options {
    return this.#schemas.get(backend) ?? {};
  }

  /** Throws `RequestError` unless the backend has an ability; the text names those that do. */
  demand<A extends Ability>(backend: Backend, ability: A, what: string): asserts backend is Backend & Able<A> {
    if (backend[ability] !== undefined) return;
    const able = this.backends.filter((other) => other[ability] !== undefined).map(({ name }) => name);
    throw notPossible(what, { backend, able });
  }

  /** Throws if a second Create of a name asks for another volume than the first one made. */
  refuseOther(backend: Backend, creates: { name: string; first: GivenOptions; second: GivenOptions }): void {
    const first = this.backends.length > 1 ? { ...creates.first, backend: backend.name } : creates.first;
    refuseOtherOptions(this.schemaOf(backend), { ...creates, first });
  }

  #refuseOthers(name: string, backend: Backend): void {
    const able = this.backends.filter(({ options }) => Object.hasOwn(options, name)).map(({ name }) => name);
    if (able.length > 0) throw notPossible(`option "${name}"`, { backend, able });
  }
}

/** What a backend may lack. */
export type Ability = "snapshot" | "clone" | "restore" | "resize" | "stats" | "send" | "receive";

type Able<A extends Ability> = { readonly [K in A]-?: NonNullable<Backend[K]> };

function notPossible(what: string, { backend, able }: { backend: Backend; able: readonly string[] }): RequestError {
  const remedy =
    able.length === 0 ? "no backend of this plugin has it" : `make a volume with backend=${able.join(" or backend=")}`;
  return new RequestError(`${what} is not possible on backend ${backend.name}; ${remedy}`);
}

function onlyOf(given: GivenOptions, schema: Options): GivenOptions {
  return Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(schema, name)));
}
