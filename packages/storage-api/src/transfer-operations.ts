import type { IncomingMessage } from "node:http";
import { Transform } from "node:stream";
import { openFrozen } from "./frozen-folder.ts";
import type { Progress } from "./jobs.ts";
import { operation, part, type Operation, type StorageHouse } from "./operation.ts";
import { ProblemError } from "./problem.ts";
import { tarFolder, untarFolder } from "./tar-folder.ts";

/** Volumes as tar streams. */
export const transferOperations: readonly Operation[] = [
  operation({
    id: "exportVolume",
    method: "GET",
    path: "/v1/volumes/{volume}/export",
    doc: "The volume's data as a tar stream, at one instant where the backend has snapshots; the trailer Outrigger-Changed is true where files changed meanwhile.",
    role: "admin",
    query: { snapshot: { type: "string", doc: "Take this snapshot." } },
    reply: "Tar",
    run: async ({ verbs, closing }, call) => {
      const folder = await openFrozen(verbs, part(call, "volume"), call.query.snapshot);
      const signal = AbortSignal.any([closing, call.gone]);
      const { stdout, ended } = tarFolder(folder.path, { live: folder.live, signal });
      const changed = ended.then((code) => ({ changed: code === 1 }));
      changed.catch(() => {});
      const dispose = async (): Promise<void> => {
        await changed.catch(() => {});
        await folder[Symbol.asyncDispose]();
      };
      return { tar: { stream: stdout, ended: changed, [Symbol.asyncDispose]: dispose } };
    },
  }),
  operation({
    id: "importVolume",
    method: "POST",
    path: "/v1/volumes/{volume}/import",
    doc: "Makes a new volume from a tar stream; where the stream breaks off or is damaged, there is no volume.",
    role: "admin",
    query: {
      options: { type: "string", doc: 'Options of the volume as JSON, as in {"size":"1GiB"}.' },
      bytes: { type: "integer", min: 0, doc: "How long the stream is, for the progress." },
    },
    body: "tar",
    reply: "Volume",
    run: async (house, call) => {
      const name = part(call, "volume");
      const options = call.query.options === undefined ? {} : readOptionsText(call.query.options);
      const run = (report: (progress: Progress) => void): Promise<unknown> =>
        importTar(house, { name, options, stream: call.stream, totalBytes: call.query.bytes, report });
      return { json: await house.jobs.wait({ kind: "import", volume: name, run }), status: 201 };
    },
  }),
];

interface Import {
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
  readonly stream: IncomingMessage;
  readonly totalBytes: number | undefined;
  readonly report: (progress: Progress) => void;
}

async function importTar({ landings, closing }: StorageHouse, what: Import): Promise<unknown> {
  const { name, options, stream, totalBytes, report } = what;
  let doneBytes = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      doneBytes += chunk.length;
      report({ doneBytes, ...(totalBytes !== undefined && { totalBytes }) });
      done(null, chunk);
    },
  });
  // A request that breaks off is an error to what reads it.
  stream.once("error", (error) => counted.destroy(error));
  stream.once("close", () => {
    if (!stream.complete) counted.destroy(new ProblemError(400, "the client left before the tar stream ended"));
  });
  return await landings.land({ name, options, fill: (folder) => untarFolder(folder, stream.pipe(counted), closing) });
}

function readOptionsText(text: string): Record<string, string> {
  try {
    return checkOptions(JSON.parse(text));
  } catch (cause) {
    if (cause instanceof ProblemError) throw cause;
    throw new ProblemError(400, 'query "options" is no JSON; write {"name":"value"}', { cause });
  }
}

const mostOptions = 100;

/** A volume's options as a request has them; throws `ProblemError` for what is no object of texts. */
export function checkOptions(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ProblemError(400, '"options" has to be an object of texts, as in {"size": "1GiB"}');
  }
  const entries = Object.entries(value).map(([name, one]: [string, unknown]): [string, string] => {
    if (typeof one === "string") return [name, one];
    throw new ProblemError(400, `option ${JSON.stringify(name.slice(0, 60))} has to be a text; write it in quotes`);
  });
  if (entries.length > mostOptions) throw new ProblemError(400, `more than ${mostOptions} options; leave some out`);
  return Object.fromEntries(entries);
}
