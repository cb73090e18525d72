import { checkName, type Plugin } from "./define-plugin.ts";
import type { Logger } from "./logger.ts";
import type { Options, OptionValues } from "./options.ts";

/** What a plugin is given to open with, beside its configuration. */
export interface PluginContext {
  /** The name to serve under, which the operator may have chosen: two copies with two names are two plugins. */
  readonly name: string;
  readonly log: Logger;
  /** Aborted when the plugin is to stop before it is open. */
  readonly signal: AbortSignal;
}

/** What a plugin's package exports as `plugin`, so that `outrigger serve <package>` can load, configure and serve it. */
export interface PluginModule<S extends Options = Options> {
  /** The name it is served under unless the operator gives another. */
  readonly name: string;
  /** What it is, in one sentence. */
  readonly doc: string;
  /** Its configuration: keys of the configuration file, and flags. */
  readonly options: S;
  /** Brings the plugin up, ready to be served; disposed of after it is no longer served. */
  open(config: OptionValues<S>, context: PluginContext): Promise<Plugin & AsyncDisposable>;
}

/** Declares a plugin's module and keeps the types of its options; it is never opened under a name that is none. */
export function definePluginModule<const S extends Options>(module: PluginModule<S>): PluginModule<S> {
  return {
    ...module,
    async open(config, context) {
      // First of all, for a plugin may call its folders by its name.
      checkName(context.name);
      return module.open(config, context);
    },
  };
}
