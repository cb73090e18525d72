// Tar streams as nobody's tar would write them: pax(1) by hand.

/** One member. */
export interface Member {
  readonly name: string;
  /** `0` a file, `1` a hard link, `2` a symbolic link, `5` a folder. */
  readonly type?: "0" | "1" | "2" | "5";
  readonly link?: string;
  readonly content?: string | Buffer;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Extended attributes, such as `user.note`. */
  readonly attributes?: Readonly<Record<string, string>>;
}

const block = 512;

/** A stream of these, with its end unless told. */
export function tarOf(members: readonly Member[], { end = true } = {}): Buffer {
  return Buffer.concat([...members.flatMap(memberOf), ...(end ? [Buffer.alloc(2 * block)] : [])]);
}

function memberOf({ attributes = {}, ...member }: Member): Buffer[] {
  const records = Object.entries(attributes).map(([name, value]) => record(`SCHILY.xattr.${name}=${value}`));
  const content = Buffer.from(member.content ?? "");
  const own = [header({ ...member, content }, member.type ?? "0"), padded(content)];
  if (records.length === 0) return own;
  const pax = Buffer.from(records.join(""));
  return [header({ name: "pax", content: pax }, "x"), padded(pax), ...own];
}

/** The length at its beginning counts itself. */
function record(text: string): string {
  let length = Buffer.byteLength(text) + 2;
  while (Buffer.byteLength(`${length} ${text}\n`) !== length) length = Buffer.byteLength(`${length} ${text}\n`);
  return `${length} ${text}\n`;
}

function header({ name, link = "", content = "", mode = 0o644, uid = 0, gid = 0 }: Member, type: string): Buffer {
  const head = Buffer.alloc(block);
  const octal = (value: number, at: number, length: number): void => {
    head.write(value.toString(8).padStart(length - 1, "0"), at);
  };
  head.write(name, 0, 100);
  octal(mode, 100, 8);
  octal(uid, 108, 8);
  octal(gid, 116, 8);
  octal(content.length, 124, 12);
  octal(1_700_000_000, 136, 12);
  head.write("        ", 148);
  head.write(type, 156);
  head.write(link, 157, 100);
  head.write("ustar\u000000", 257);
  head.write(
    `${head
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  return head;
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((block - (content.length % block)) % block)]);
}
