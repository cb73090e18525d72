// Nobody gets a privileged container or a privileged exec. Enable with `dockerd --authorization-plugin=no-privileged`.
import { definePlugin, serve } from "@outrigger/plugin";

// As wide as the engine's own routes: to it 1.41.0 is 1.41, and a linked container's name has a slash.
const guarded = /^\/(v[\d.]+\/)?containers\/(create|.+\/exec)$/;

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

/**
 * Reads keys in any case, at any depth and each time they stand there, for the engine takes a repeated object for more
 * of the first; a body that is no JSON throws.
 */
function isPrivileged(body: Uint8Array): boolean {
  const text = Buffer.from(body).toString();
  JSON.parse(text);
  const strings = text.matchAll(/"((?:[^"\\]|\\.)*)"(\s*:(?!\s*(?:false|null)))?/g);
  return strings.some(([, key, granted]) => granted !== undefined && /^privileged$/i.test(JSON.parse(`"${key}"`)));
}

if (import.meta.main) await serve(plugin);
