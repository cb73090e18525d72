// Reads HTTP/1 messages beside a byte stream: it sees copies, so that what it cannot make out is passed on all the same.

/** The first line of a message, taken apart. */
export type StartLine =
  | { readonly kind: "request"; readonly method: string; readonly path: string }
  | { readonly kind: "reply"; readonly status: number };

/** What a reader tells of; in the order of the bytes. */
export interface MessageListener {
  /** The first byte of a message. */
  start(): void;
  /** The headers are complete. Says whether the message has no body whatever its headers say. */
  head(line: StartLine): { readonly bodiless: boolean };
  body(bytes: Buffer): void;
  end(): void;
  /** What came is no HTTP/1; `bytes` are those not told of so far. From here on, everything is told as `body`. */
  garbage(bytes: Buffer): void;
}

const maxHeadBytes = 16 * 1024;
const maxLineBytes = 1024;

type State = "head" | "body" | "chunk-size" | "chunk" | "chunk-end" | "trailer" | "until-close" | "garbage";

/** Reads the messages of one direction of one connection. */
export class MessageReader {
  readonly #kind: StartLine["kind"];
  readonly #listener: MessageListener;
  #state: State = "head";
  /** The part of a head or line that has come, as latin1. */
  #held = "";
  /** Bytes that the body or chunk still has. */
  #left = 0;

  constructor(kind: StartLine["kind"], listener: MessageListener) {
    this.#kind = kind;
    this.#listener = listener;
  }

  /** Takes the next bytes. */
  feed(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) at = this.#step(chunk, at);
  }

  /** Says that no more will come; returns whether that is in the middle of a message. */
  close(): boolean {
    const state = this.#state;
    if (state === "until-close") this.#finish();
    else if (state === "head" && this.#held !== "") {
      // A request of which nothing else was told.
      if (this.#kind === "request") this.#giveUp(Buffer.alloc(0));
      return true;
    }
    return state !== "head" && state !== "until-close";
  }

  #step(chunk: Buffer, at: number): number {
    switch (this.#state) {
      case "head":
        return this.#readHead(chunk, at);
      case "body":
      case "chunk":
        return this.#readBody(chunk, at);
      case "chunk-size":
      case "chunk-end":
      case "trailer":
        return this.#readLine(chunk, at);
      case "until-close":
      case "garbage":
        this.#listener.body(chunk.subarray(at));
        return chunk.length;
    }
  }

  #readHead(chunk: Buffer, at: number): number {
    const before = this.#held.length;
    if (before === 0) this.#listener.start();
    const text = this.#held + chunk.toString("latin1", at, Math.min(chunk.length, at + maxHeadBytes));
    const end = endOfHead(text, Math.max(0, before - 3));
    if (end < 0 && text.length < maxHeadBytes && looksRight(this.#kind, text)) {
      this.#held = text;
      return chunk.length;
    }
    const head = end < 0 ? undefined : readHead(this.#kind, text.slice(0, end));
    if (head === undefined) return this.#giveUp(chunk.subarray(at));
    this.#held = "";
    const { bodiless } = this.#listener.head(head.line);
    if (bodiless || head.framing === 0) this.#finish();
    else if (head.framing === "chunked") this.#state = "chunk-size";
    else if (head.framing === "until-close") this.#state = "until-close";
    else {
      this.#left = head.framing;
      this.#state = "body";
    }
    return at + end - before;
  }

  #readBody(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left);
    this.#left -= end - at;
    this.#listener.body(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end));
    if (this.#left > 0) return end;
    if (this.#state === "body") this.#finish();
    else this.#state = "chunk-end";
    return end;
  }

  #readLine(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(10, at);
    const stop = end < 0 ? chunk.length : end;
    const line = this.#held + chunk.toString("latin1", at, Math.min(stop, at + maxLineBytes));
    if (line.length >= maxLineBytes) return this.#giveUp(chunk.subarray(at));
    if (end < 0) {
      this.#held = line;
      return chunk.length;
    }
    if (!this.#takeLine(line.replace(/\r$/, ""))) return this.#giveUp(chunk.subarray(at));
    this.#held = "";
    return end + 1;
  }

  #takeLine(line: string): boolean {
    if (this.#state === "chunk-end") {
      this.#state = "chunk-size";
      return line === "";
    }
    if (this.#state === "trailer") {
      if (line === "") this.#finish();
      return true;
    }
    const size = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/.exec(line)?.[1];
    if (size === undefined) return false;
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? "trailer" : "chunk";
    return true;
  }

  #finish(): void {
    this.#state = "head";
    this.#held = "";
    this.#listener.end();
  }

  /** Takes the rest of a chunk, and all that will come, for garbage. */
  #giveUp(rest: Buffer): number {
    const held = Buffer.from(this.#held, "latin1");
    this.#held = "";
    this.#state = "garbage";
    this.#listener.garbage(held.length === 0 ? rest : Buffer.concat([held, rest]));
    return Number.POSITIVE_INFINITY;
  }
}

function endOfHead(text: string, from: number): number {
  for (let at = text.indexOf("\n", from); at >= 0; at = text.indexOf("\n", at + 1)) {
    if (text[at + 1] === "\n") return at + 2;
    if (text[at + 1] === "\r" && text[at + 2] === "\n") return at + 3;
  }
  return -1;
}

/** Tells early: a peer that speaks something else will hardly send an empty line. */
function looksRight(kind: StartLine["kind"], text: string): boolean {
  if (kind === "reply") return "HTTP/1.".startsWith(text.slice(0, 7));
  return /^[A-Za-z]{0,20}(?: |$)/.test(text);
}

interface ReadHead {
  readonly line: StartLine;
  readonly framing: number | "chunked" | "until-close";
}

function readHead(kind: StartLine["kind"], text: string): ReadHead | undefined {
  const coding = /^transfer-encoding:[ \t]*([^\r\n]*)/im.exec(text)?.[1];
  const lengths = [...text.matchAll(/^content-length:[ \t]*([^\r\n]*?)[ \t]*\r?$/gim)].map(([, value]) => value);
  const [length] = lengths;
  if (lengths.some((one) => one !== length) || (length !== undefined && !/^\d{1,15}$/.test(length))) return undefined;
  const chunked = coding !== undefined && /\bchunked[ \t]*$/i.test(coding);
  const framing = chunked ? "chunked" : length === undefined ? undefined : Number(length);
  if (kind === "request") {
    const [, method, path] = /^([A-Za-z]+) (\S+) HTTP\/1\.[01]\r?\n/.exec(text) ?? [];
    if (method === undefined || path === undefined) return undefined;
    return { line: { kind, method, path }, framing: framing ?? 0 };
  }
  const status = Number(/^HTTP\/1\.[01] (\d{3})[ \r\n]/.exec(text)?.[1]);
  if (Number.isNaN(status)) return undefined;
  const bodiless = status < 200 || status === 204 || status === 304;
  return { line: { kind, status }, framing: bodiless ? 0 : (framing ?? "until-close") };
}
