// Nobody gets a privileged container or a privileged exec. Enable with `dockerd --authorization-plugin=no-privileged`.
import { definePlugin, serve } from "@outrigger/plugin";

const guarded = /^\/(v\d+\.\d+\/)?containers\/(create|[^/]+\/exec)$/;

export const plugin = definePlugin({
  name: "no-privileged",
  drivers: {
    authz: {
      authZReq({ RequestMethod, RequestUri, RequestBody }) {
        if (RequestMethod !== "POST" || !guarded.test(pathOf(RequestUri))) return { Allow: true };
        // Engines before 29.3.1 hide large bodies and carry them out all the same.
        if (RequestBody === undefined) return { Allow: false, Msg: "the body was not shown; send a smaller one" };
        if (isPrivileged(RequestBody)) return { Allow: false, Msg: "nothing privileged here; leave out --privileged" };
        return { Allow: true };
      },
      authZRes: () => ({ Allow: true }),
    },
  },
});

/** Anything that is no URL throws, and what throws is denied. */
function pathOf(target: string): string {
  const { pathname } = new URL(target.startsWith("/") ? `http://engine${target}` : target);
  return decodeURIComponent(pathname).replaceAll(/\/+/g, "/");
}

/** Reads keys in any case and at any depth, as the engine does; a body that is no JSON throws. */
function isPrivileged(body: Uint8Array): boolean {
  let privileged = false;
  JSON.parse(Buffer.from(body).toString(), (key, value: unknown) => {
    if (key.toLowerCase() === "privileged" && value !== false && value !== null) privileged = true;
    return value;
  });
  return privileged;
}

if (import.meta.main) await serve(plugin);
