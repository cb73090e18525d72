// TR: which requests a plugin has to take. Each rule is shown with a call of a protocol that the plugin implements.
import type { ConformanceCase } from "../case.ts";
import { requestBytes } from "../connection.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { act, probeOf, refused, stillServes, takeBack } from "./probes.ts";

const client = "moby/moby pkg/plugins/client.go";
const mimetype = "moby/moby pkg/plugins/transport/mimetype.go";
const podman = "containers/podman libpod/plugin/volume_api.go";

const shared = { protocol: "transport", severity: "MUST", rule: client } as const;

type Headers = Readonly<Record<string, string | undefined>>;

/** A case for requests that differ by their headers alone. */
function takesHeaders(
  about: Pick<ConformanceCase, "id" | "title"> & Partial<ConformanceCase>,
  ...headers: readonly Headers[]
): ConformanceCase {
  return {
    ...shared,
    ...about,
    judge: async (trial) => {
      for (const one of headers) await act(trial, await probeOf(trial), { headers: one });
    },
  };
}

/** The cases about requests. */
export const transportRequestCases: readonly ConformanceCase[] = [
  takesHeaders(
    {
      id: "TR-01",
      title: "A body without Content-Type is read as JSON",
      rule: "moby/moby pkg/plugins/transport/http.go",
    },
    { "Content-Type": undefined },
  ),
  takesHeaders(
    { id: "TR-02", severity: "SHOULD", title: "Podman's Content-Type is taken", rule: podman },
    { "Content-Type": "application/vnd.docker.plugins.v1.1+json" },
  ),
  takesHeaders({ id: "TR-03", title: "An empty Host header is served, which 20.10 sends" }, { Host: "" }),
  takesHeaders({ id: "TR-04", title: "The Host plugin.moby.localhost is served" }, { Host: "plugin.moby.localhost" }),
  takesHeaders(
    { id: "TR-05", title: "The engine's Accept is not refused", rule: mimetype },
    { Accept: "application/vnd.docker.plugins.v1.2+json" },
  ),
  takesHeaders(
    { id: "TR-06", severity: "SHOULD", title: "An old Accept, and none, is not refused", rule: podman },
    { Accept: "application/vnd.docker.plugins.v1+json" },
    { Accept: undefined },
  ),
  {
    ...shared,
    id: "TR-07",
    title: "A body that ends in a newline is read",
    judge: async (trial) => {
      const probe = await probeOf(trial);
      await act(trial, probe, { body: `${JSON.stringify(probe.act.request)}\n` });
    },
  },
  {
    ...shared,
    id: "TR-18",
    title: "Fields of a request that the plugin does not know are ignored",
    judge: async (trial) => {
      const probe = await probeOf(trial);
      const request = { ...probe.act.request, OutriggerUnknown: { list: [1, null, "x"] }, outriggerOther: true };
      await act(trial, probe, { body: JSON.stringify(request) });
    },
  },
  {
    ...shared,
    id: "TR-19",
    title: "null stands for a map or list that is not there",
    rule: "moby/moby daemon/volume/drivers/proxy.go",
    judge: async (trial) => {
      const probe = await probeOf(trial);
      const { withNulls: body } = probe;
      if (body === undefined)
        return trial.skip("its calls have no map or list that may be null, or need options to work");
      await act(trial, probe, { body });
    },
  },
  {
    ...shared,
    id: "TR-20",
    title: "Escapes of JSON such as \\u003c are decoded",
    judge: async (trial) => {
      const probe = await probeOf(trial);
      await act(trial, probe, { body: JSON.stringify(probe.act.request).replaceAll(/(?<=")[\w/.-]+(?=")/g, escaped) });
    },
  },
  {
    ...shared,
    id: "TR-21",
    severity: "MAY",
    title: "A chunked body is read",
    judge: async (trial) => {
      const probe = await probeOf(trial);
      const body = Buffer.from(JSON.stringify(probe.act.request));
      const pieces = [body.subarray(0, 5), body.subarray(5)].map(
        (piece) => `${piece.length.toString(16)}\r\n${piece.toString()}\r\n`,
      );
      const headers = { "Content-Length": undefined, "Transfer-Encoding": "chunked" };
      await act(trial, probe, { body: Buffer.from(`${pieces.join("")}0\r\n\r\n`), headers });
    },
  },
  {
    ...shared,
    id: "TR-29",
    severity: "SHOULD",
    title: "A body of 1 MiB is taken or refused in good order",
    rule: "moby/moby pkg/authorization/authz.go",
    judge: async (trial) => {
      const probe = await probeOf(trial);
      takeBack(trial, probe);
      const request = { ...probe.act.request, OutriggerPadding: "x".repeat(1024 * 1024) };
      await trial.send(probe.act.method, JSON.stringify(request));
      await stillServes(trial, probe, "a body of 1 MiB");
    },
  },
  {
    ...shared,
    id: "TR-33",
    severity: "MAY",
    title: "A key that stands twice does not confuse the plugin: the last one wins, or the request is refused",
    rule: "golang/go src/encoding/json/decode.go",
    judge: async (trial) => {
      const probe = await probeOf(trial);
      const other = await probeOf(trial);
      const [first, last] = [other, probe].map(({ act: { request } }) => JSON.stringify(request).slice(1, -1));
      takeBack(trial, other);
      takeBack(trial, probe);
      const answer = await trial.send(probe.act.method, `{${first},${last}}`);
      await stillServes(trial, probe, "a request with each key twice");
      if (answer.failure === undefined && !(await probe.took(answer)))
        throw new Violation(`${probe.act.method} with each key twice succeeded, and the last one did not win`);
    },
  },
  {
    ...shared,
    id: "TR-25",
    severity: "SHOULD",
    title: "A request that ends in the middle is not carried out, and the plugin lives on",
    judge: async (trial) => {
      const probe = await probeOf(trial);
      takeBack(trial, probe);
      const before = await probe.state();
      await sendAndLeave(trial, { method: probe.act.method, request: probe.act.request, share: 0.6 });
      await stillServes(trial, probe, "a request that ended in the middle");
      const after = await probe.state();
      if (after !== before) throw new Violation(`half of ${probe.act.method} was sent, and there is: ${after}`);
    },
  },
  {
    ...shared,
    id: "TR-26",
    title: "A caller that leaves before the answer, and sends the same again, gets one",
    judge: async (trial) => {
      const probe = await probeOf(trial);
      const repeated = probe.repeatable ? probe.act : probe.quiet;
      takeBack(trial, probe);
      await sendAndLeave(trial, { ...repeated, share: 1 });
      const answer = await trial.send(repeated.method, repeated.request);
      if (answer.failure === undefined) return;
      if (repeated === probe.act) await refused(trial, answer, "was sent, its caller left, and the same again ");
      throw new Violation(
        `${repeated.method} was sent, its caller left, and the same again was refused: ${answer.failure}`,
      );
    },
  },
];

/** Every character as an escape, as Go writes `<`. */
function escaped(text: string): string {
  return Array.from(text, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
}

/** Sends a share of a request and closes the connection. */
async function sendAndLeave(
  trial: Trial,
  { method, request, share }: { method: string; request?: object; share: number },
): Promise<void> {
  const whole = trial.wire.request(method, request);
  const bytes = requestBytes(whole);
  const kept = share === 1 ? bytes.length : bytes.length - Math.ceil(whole.body.length * (1 - share));
  const link = await trial.link();
  await new Promise<void>((resolve) => void link.socket.write(bytes.subarray(0, kept), () => resolve()));
  link.socket.destroy();
}
