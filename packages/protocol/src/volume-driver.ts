import { defineProtocol } from "./descriptor.ts";

const proxy = "moby/moby daemon/volume/drivers/proxy.go";

const name = {
  type: "string",
  nonEmpty: true,
  doc: "The volume's name as the caller typed it. The engine checks nothing, so it may be a path, 300 characters long or not ASCII.",
} as const;

const mountId = {
  type: "string",
  nonEmpty: true,
  since: "1.12",
  doc: "Who mounts: 64 hexadecimal digits per container mount. `docker cp` sends the id of the running mount again, so ids are counted, not collected.",
} as const;

const volumeFields = {
  Name: { type: "string", doc: "Equals the name that was asked for, byte for byte; the engine goes on with this one." },
  Mountpoint: {
    type: "string",
    optional: true,
    doc: "Where the volume is mounted now, as the engine sees it; empty when it is not.",
  },
  CreatedAt: {
    type: "time",
    optional: true,
    since: "17.07",
    doc: "When it was made. Left out when unknown: an empty text makes the engine drop the whole reply.",
  },
  Status: {
    type: "json",
    optional: true,
    since: "1.12",
    doc: "Anything worth showing in `docker volume inspect`. Read from Get alone.",
  },
} as const;

/** Volumes: storage a container can mount, made, found and removed by name. */
export const volumeDriver = defineProtocol({
  name: "VolumeDriver",
  managedType: "docker.volumedriver/1.0",
  errorKey: "Err",
  doc: "Volumes made, mounted and removed by name. The engine asks Get before nearly everything and believes its answer: an error from Get means that the volume does not exist.",
  methods: {
    create: {
      path: "VolumeDriver.Create",
      doc: "Make a volume, or succeed and keep the data if it exists. Sent after every Get that showed no volume. A failed Create leaves nothing that Get would report.",
      request: {
        Name: name,
        Opts: {
          type: "map",
          of: { type: "string" },
          optional: true,
          doc: "`docker volume create -o key=value`. Null when none were given, as with `docker run -v`.",
        },
      },
      reply: {},
      deadlineMs: 120_000,
      since: "1.8",
      source: proxy,
    },
    remove: {
      path: "VolumeDriver.Remove",
      doc: "Delete a volume that no container uses. With `docker volume rm -f` the engine forgets the volume even when this fails.",
      request: { Name: name },
      reply: {},
      deadlineMs: 60_000,
      since: "1.8",
      source: proxy,
    },
    path: {
      path: "VolumeDriver.Path",
      doc: "Where a volume is mounted. Podman asks; Docker Engine no longer does.",
      request: { Name: name },
      reply: {
        Mountpoint: {
          type: "string",
          optional: true,
          doc: "The path on the host; empty when the volume is not mounted.",
        },
      },
      deadlineMs: 60_000,
      since: "1.8",
      source: proxy,
    },
    mount: {
      path: "VolumeDriver.Mount",
      doc: "Make the volume usable and say where. After a failure no Unmount follows; after an engine crash the same id may come again without an Unmount in between.",
      request: { Name: name, ID: mountId },
      reply: {
        Mountpoint: {
          type: "string",
          format: "absolute-path",
          doc: "Bind-mounted into the container unseen. Empty, the container would get the engine's own bundle folder.",
        },
      },
      deadlineMs: 120_000,
      since: "1.8",
      source: proxy,
    },
    unmount: {
      path: "VolumeDriver.Unmount",
      doc: "One use of the volume ended. An unknown pair of name and id succeeds; an error is only logged by the engine and the id is used again.",
      request: { Name: name, ID: mountId },
      reply: {},
      deadlineMs: 60_000,
      since: "1.8",
      source: proxy,
    },
    get: {
      path: "VolumeDriver.Get",
      doc: "Describe one volume. Any answered error, or no `Volume`, means that it does not exist: the engine then forgets its labels and who uses it.",
      request: { Name: name },
      reply: {
        Volume: {
          type: "object",
          fields: volumeFields,
          optional: true,
          doc: "The volume; left out when there is none.",
        },
      },
      deadlineMs: 60_000,
      since: "1.10",
      source: proxy,
    },
    list: {
      path: "VolumeDriver.List",
      doc: "All volumes of this driver. Runs beside any other call; `docker volume ls` waits for every driver's answer.",
      request: {},
      emptyBody: "{}",
      reply: {
        Volumes: {
          type: "list",
          of: { type: "object", fields: volumeFields },
          optional: true,
          doc: "Null or missing for none. One unreadable `CreatedAt` loses the whole list.",
        },
      },
      deadlineMs: 60_000,
      since: "1.10",
      source: proxy,
    },
    capabilities: {
      path: "VolumeDriver.Capabilities",
      doc: "Whether one volume is the same on every host. Asked once per engine life for a plugin found on the host, before nearly every call for a managed one.",
      request: {},
      emptyBody: "{}",
      reply: {
        Capabilities: {
          type: "object",
          optional: true,
          doc: "Left out: scope local.",
          fields: {
            Scope: {
              type: "string",
              doc: "`local`: volumes of this host; `global`: the same volume on all. Any case; anything else counts as local.",
            },
          },
        },
      },
      deadlineMs: 60_000,
      optional: "any-error",
      since: "1.12",
      source: "moby/moby daemon/volume/drivers/adapter.go",
    },
  },
});
