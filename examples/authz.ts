// Nobody gets a privileged container or a privileged exec, and what this file does not know is refused. Enable with
// `dockerd --authorization-plugin=no-privileged`.
import { definePlugin } from "@outrigger/plugin";

/** What may be asked for, by path; everything may be read, but for what is left out here. */
const routes: readonly (readonly [method: RegExp, path: RegExp])[] = [
  [/^(GET|HEAD)$/, /^\/(_ping|version|info|events|auth|system\/df|distribution\/.+\/json)$/],
  [/^(GET|HEAD)$/, /^\/(containers|images|networks|volumes|exec)\/.+$/],
  [/^(GET|HEAD)$/, /^\/(networks|volumes|nodes|services|tasks|secrets|configs|swarm|plugins)(\/.+)?$/],
  [/^POST$/, /^\/(auth|build(\/prune|\/cancel)?|commit|session|grpc)$/],
  [/^POST$/, /^\/(containers|images|networks|volumes)\/(create|prune)$/],
  [/^POST$/, /^\/images\/(load|.+\/(push|tag))$/],
  [/^POST$/, /^\/exec\/[^/]+\/(start|resize)$/],
  [/^POST$/, /^\/networks\/[^/]+\/(connect|disconnect)$/],
  [/^POST$/, /^\/containers\/.+\/(attach|exec|kill|pause|rename|resize|restart|start|stop|unpause|update|wait)$/],
  [/^PUT$/, /^\/containers\/.+\/archive$/],
  [/^DELETE$/, /^\/(containers|images|networks|volumes)\/.+$/],
];

/** Where a body decides. As wide as the engine's own routes: a linked container's name has a slash. */
const guarded = /^\/containers\/(create|.+\/(exec|update))$/;

export const plugin = definePlugin({
  name: "no-privileged",
  drivers: {
    authz: {
      authZReq({ RequestMethod, RequestUri, RequestBody }) {
        const path = pathOf(RequestUri);
        if (path === undefined || !routes.some(([method, known]) => method.test(RequestMethod) && known.test(path)))
          return deny(`${RequestMethod} ${path ?? RequestUri} is not among what is allowed here`);
        if (RequestMethod !== "POST" || !guarded.test(path)) return { Allow: true };
        // Engines before 29.3.1 hide large bodies and carry them out all the same.
        if (RequestBody === undefined) return deny("the body was not shown; send a smaller one");
        const text = Buffer.from(RequestBody).toString();
        if (!isJson(text)) return deny("the body is no JSON");
        return isPrivileged(text) ? deny("nothing privileged here; leave out --privileged") : { Allow: true };
      },
      // By now it has happened: here is no place to prevent anything.
      authZRes: () => ({ Allow: true }),
    },
  },
});

function deny(why: string): { Allow: false; Msg: string } {
  return { Allow: false, Msg: why };
}

/** The path as the engine's router sees it: decoded, without version, doubled slashes and dots; none for what is no URL. */
function pathOf(target: string): string | undefined {
  const url = URL.parse(target.startsWith("/") ? `http://engine${target}` : target);
  try {
    // To the engine 1.41.0 is 1.41.
    return url === null
      ? undefined
      : decodeURIComponent(url.pathname)
          .replaceAll(/\/+/g, "/")
          .replace(/^\/v[\d.]+\//, "/");
  } catch {
    return undefined;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Looks at keys in any case, at any depth, and each time they stand there: the engine takes a repeated object for more
 * of the first. So a label of that name is refused too.
 */
function isPrivileged(json: string): boolean {
  const strings = json.matchAll(/"((?:[^"\\]|\\.)*)"(\s*:(?!\s*(?:false|null)))?/g);
  return strings.some(([, key, granted]) => granted !== undefined && /^privileged$/i.test(JSON.parse(`"${key}"`)));
}
