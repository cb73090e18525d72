/** What happens around the calls; `text` says it in a sentence. */
export interface TraceEvent {
  readonly kind:
    /** Calls are seen from here on. */
    | "tracing"
    /** The engine still has connections straight to the plugin, or has none any more. */
    | "unseen"
    /** The plugin made itself a new socket, or ended. */
    | "lost"
    /** A call could not reach the plugin. */
    | "unreachable"
    /** The plugin has its place again. */
    | "given-back";
  readonly plugin: string;
  readonly text: string;
}
