import { defineProtocol } from "./descriptor.ts";

const source = "moby/moby daemon/internal/metrics/plugin_unix.go";

/** Metrics: the engine hands a plugin its own Prometheus endpoint. */
export const metricsCollector = defineProtocol({
  name: "MetricsCollector",
  managedType: "docker.metricscollector/1.0",
  errorKey: "Err",
  doc: "Collects the engine's metrics from the socket that it mounts into the plugin at /run/docker/metrics.sock. For managed plugins only.",
  methods: {
    startMetrics: {
      path: "MetricsCollector.StartMetrics",
      doc: "Begin to collect, and answer at once: the call is part of enabling the plugin and of the engine's boot. Can come twice.",
      request: {},
      emptyBody: "nothing",
      reply: {},
      since: "17.06",
      source,
    },
    stopMetrics: {
      path: "MetricsCollector.StopMetrics",
      doc: "The engine shuts down. Can come without a start.",
      request: {},
      emptyBody: "nothing",
      reply: {},
      since: "17.06",
      source,
    },
  },
});
