// Pairs the requests and replies of one connection into calls.
import { BodyCopy, type SeenBody } from "./body-copy.ts";
import type { Later } from "./later.ts";
import { MessageReader, type MessageListener, type StartLine } from "./message-reader.ts";

/** A call as it went over the wire, with every secret in it. */
export interface SeenCall {
  readonly number: number;
  /** When its first byte came, in milliseconds since 1970. */
  readonly at: number;
  /** The path without its slash; empty where the request was no HTTP. */
  readonly path: string;
  readonly request: SeenBody;
  /** Null where no answer came. */
  readonly reply: SeenBody | null;
  readonly status: number | null;
  /** Why there is no answer, or not a whole one. */
  readonly failure: string | null;
  readonly milliseconds: number;
}

/** What a conversation needs. */
export interface ConversationOptions {
  /** Of each body, this many bytes are kept. */
  readonly bodyLimit: number;
  /** The number of the next call. */
  readonly nextNumber: () => number;
  readonly onCall: (call: SeenCall) => void;
  /** What goes over the wire is looked at behind its back. */
  readonly later: Later;
}

/** Pipelined requests that are told apart; an engine has one. */
const maxOpen = 64;

interface OpenCall {
  readonly number: number;
  readonly at: number;
  readonly startedAt: number;
  readonly path: string;
  readonly method: string;
  readonly request: BodyCopy;
  reply: BodyCopy | null;
  status: number | null;
  failure: string | null;
}

/** The calls of one connection, from the bytes of its two directions. */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #open: OpenCall[] = [];
  readonly #requests: MessageReader;
  readonly #replies: MessageReader;
  /** When what is looked at now went over the wire, by the monotonic clock. */
  #seenAt = 0;
  /** When the request that is coming began. */
  #began = { at: 0, startedAt: 0, number: 0 };
  #coming: OpenCall | undefined;
  #closed = false;
  #fresh = true;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#requests = new MessageReader("request", this.#requestListener());
    this.#replies = new MessageReader("reply", this.#replyListener());
  }

  /** Whether nothing has come yet: who has just dialled is about to ask. */
  get fresh(): boolean {
    return this.#fresh;
  }

  /** Whether no call is open and none has begun: what came so far was answered in full. */
  get idle(): boolean {
    this.#options.later.flush();
    return this.#open.length === 0 && this.#coming === undefined && this.#began.number === 0;
  }

  fromEngine(chunk: Buffer): void {
    this.#fresh = false;
    this.#later(() => this.#requests.feed(chunk), chunk.length);
  }

  fromPlugin(chunk: Buffer): void {
    this.#later(() => this.#replies.feed(chunk), chunk.length);
  }

  /** The plugin will send no more. */
  pluginEnded(): void {
    this.#later(() => {
      const [call] = this.#open;
      if (this.#replies.close() && call !== undefined) call.failure ??= "the plugin's answer was cut off";
    });
  }

  /** The connection is over; calls without a whole answer are told as that. */
  close(why: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#later(() => {
      this.#requests.close();
      for (const call of this.#open.splice(0)) {
        call.failure ??= call.reply === null ? `no answer: ${why}` : `no whole answer: ${why}`;
        this.#tell(call);
      }
    });
  }

  #later(work: () => void, bytes = 0): void {
    const seenAt = performance.now();
    this.#options.later.add(() => {
      this.#seenAt = seenAt;
      work();
    }, bytes);
  }

  #beginning(): { at: number; startedAt: number; number: number } {
    const startedAt = this.#seenAt;
    const at = Date.now() - Math.round(performance.now() - startedAt);
    return { at, startedAt, number: this.#options.nextNumber() };
  }

  #requestListener(): MessageListener {
    return {
      start: () => (this.#began = this.#beginning()),
      head: (line) => {
        if (line.kind === "request") this.#begin(line.path.replace(/^\//, ""), line.method);
        return { bodiless: false };
      },
      body: (bytes) => this.#coming?.request.add(bytes),
      end: () => (this.#coming = undefined),
      garbage: (bytes) => {
        // In the middle of a body it belongs to that call.
        const call = this.#coming ?? this.#begin("", "");
        call.failure ??= "what the engine sent is not HTTP/1";
        call.request.add(bytes);
      },
    };
  }

  #begin(path: string, method: string): OpenCall {
    const begun = this.#began.number === 0 ? this.#beginning() : this.#began;
    this.#began = { at: 0, startedAt: 0, number: 0 };
    const request = new BodyCopy(this.#options.bodyLimit);
    const call: OpenCall = { ...begun, path, method, request, reply: null, status: null, failure: null };
    this.#coming = call;
    this.#open.push(call);
    if (this.#open.length > maxOpen) {
      const oldest = this.#open.shift();
      if (oldest !== undefined)
        this.#tell({ ...oldest, failure: `${maxOpen} requests were sent after it before an answer came` });
    }
    return call;
  }

  #replyListener(): MessageListener {
    return {
      start: () => {},
      head: (line) => this.#answer(line),
      body: (bytes) => this.#addToReply(bytes),
      end: () => this.#finish(),
      garbage: (bytes) => {
        const [call] = this.#open;
        if (call === undefined) return;
        call.failure ??= "what the plugin answered is not HTTP/1";
        this.#addToReply(bytes);
      },
    };
  }

  #addToReply(bytes: Buffer): void {
    const [call] = this.#open;
    if (call === undefined) return;
    call.reply ??= new BodyCopy(this.#options.bodyLimit);
    call.reply.add(bytes);
  }

  #answer(line: StartLine): { bodiless: boolean } {
    const [call] = this.#open;
    if (line.kind !== "reply" || call === undefined) return { bodiless: false };
    // "100 Continue" comes before the answer; 101 makes the connection something else.
    if (line.status >= 200 || line.status === 101) {
      call.status = line.status;
      call.reply = new BodyCopy(this.#options.bodyLimit);
    }
    return { bodiless: call.method === "HEAD" };
  }

  #finish(): void {
    const [call] = this.#open;
    // The end of an interim answer.
    if (call === undefined || call.reply === null) return;
    this.#open.shift();
    // Answered before all of it came; the rest belongs to nobody.
    if (this.#coming === call) this.#coming = undefined;
    this.#tell(call);
  }

  #tell(call: OpenCall): void {
    const { number, at, path, request, reply, status, failure } = call;
    const milliseconds = Math.round((this.#seenAt - call.startedAt) * 1000) / 1000;
    this.#options.onCall({ number, at, path, request, reply, status, failure, milliseconds });
  }
}
