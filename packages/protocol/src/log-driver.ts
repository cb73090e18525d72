import { defineProtocol } from "./descriptor.ts";

const proxy = "moby/moby daemon/logger/proxy.go";

const file = {
  type: "string",
  nonEmpty: true,
  doc: "The pipe the engine writes log entries to, as the plugin sees it; open it for reading.",
} as const;

const info = {
  type: "object",
  open: true,
  fields: {
    Config: {
      type: "map",
      of: { type: "string" },
      optional: true,
      doc: "All `--log-opt`s, `mode` and `max-buffer-size` among them.",
    },
    ContainerID: { type: "string", doc: "64 hexadecimal digits." },
    ContainerName: { type: "string", optional: true, doc: "With a leading slash." },
    ContainerEntrypoint: { type: "string", optional: true, doc: "The program." },
    ContainerArgs: { type: "list", of: { type: "string" }, optional: true, doc: "Its arguments." },
    ContainerImageID: { type: "string", optional: true, doc: "The image's id." },
    ContainerImageName: { type: "string", optional: true, doc: "The image as the user named it." },
    ContainerCreated: { type: "time", optional: true, doc: "When the container was made." },
    ContainerEnv: { type: "list", of: { type: "string" }, optional: true, secret: true, doc: "Its environment." },
    ContainerLabels: { type: "map", of: { type: "string" }, optional: true, doc: "Its labels." },
    LogPath: { type: "string", optional: true, doc: "Empty for plugins." },
    DaemonName: { type: "string", optional: true, doc: "`docker`." },
  },
} as const;

/** Logs: what containers print, through a pipe. */
export const logDriver = defineProtocol({
  name: "LogDriver",
  managedType: "docker.logdriver/1.0",
  errorKey: "Err",
  doc: "Receives what containers print, through a pipe per container start. A pipe that nobody empties stops the container.",
  methods: {
    startLogging: {
      path: "LogDriver.StartLogging",
      doc: "Begin to read a pipe. Also sent for a stopped container whose log is read, and again with another pipe after a live-restore: not the start of a container.",
      request: { File: file, Info: { ...info, doc: "Whose log it is." } },
      reply: {},
      since: "17.05",
      source: proxy,
    },
    stopLogging: {
      path: "LogDriver.StopLogging",
      doc: "Store what is left in the pipe, then answer; the engine removes the pipe. After an error the plugin counts as in use for ever. An unknown pipe succeeds.",
      request: { File: file },
      reply: {},
      since: "17.05",
      source: proxy,
    },
    capabilities: {
      path: "LogDriver.Capabilities",
      doc: "Whether `docker logs` can read from the driver.",
      request: {},
      emptyBody: "nothing",
      reply: {
        Cap: {
          type: "object",
          optional: true,
          fields: { ReadLogs: { type: "boolean", optional: true, doc: "ReadLogs is there." } },
          doc: "Left out: no reading.",
        },
      },
      optional: "any-error",
      since: "17.05",
      source: proxy,
    },
    readLogs: {
      path: "LogDriver.ReadLogs",
      doc: "Stream stored entries in the pipe's framing, each complete line ending in a newline. With Follow, end when the container's logging ends; the engine does not.",
      request: {
        Info: { ...info, doc: "Whose log to read." },
        Config: {
          type: "object",
          optional: true,
          fields: {
            Since: { type: "time", optional: true, doc: "Earlier entries are not wanted; year 1 for no limit." },
            Until: { type: "time", optional: true, doc: "Later entries are not wanted; year 1 for no limit." },
            Tail: { type: "integer", optional: true, doc: "How many of the last lines; -1 for all." },
            Follow: { type: "boolean", optional: true, doc: "Go on with new entries." },
          },
          doc: "Which entries. Under `Config`, not `ReadConfig`.",
        },
      },
      reply: {},
      streams: "reply",
      optional: "not-sent",
      since: "17.05",
      source: proxy,
    },
  },
});
