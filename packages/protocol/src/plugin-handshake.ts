import { defineProtocol } from "./descriptor.ts";

/** What every plugin answers before anything else: which protocols it speaks. */
export const pluginHandshake = defineProtocol({
  name: "Plugin",
  managedType: "",
  errorKey: "Err",
  doc: "The handshake. Sent once per engine life and plugin name to plugins found on the host; a managed plugin never gets it, its config.json says the same.",
  methods: {
    activate: {
      path: "Plugin.Activate",
      doc: "Name the protocols. An answered list is kept for the engine's life; an error is tried again at the next use. The engine gives the call no deadline: a plugin that accepts and stays silent hangs `docker volume ls` for every user.",
      request: {},
      emptyBody: "nothing",
      reply: {
        Implements: {
          type: "list",
          of: { type: "string" },
          doc: "Manifest names, in exact case: `VolumeDriver`, `NetworkDriver`, `IpamDriver`, `authz`, `LogDriver`, `MetricsCollector`, `secretprovider`.",
        },
      },
      since: "1.7",
      source: "moby/moby pkg/plugins/plugins.go",
    },
  },
});
