// Just enough of tar to copy one file in and out of a container, as `docker cp` does. Source: POSIX, pax(1), ustar.
const blockBytes = 512;

/** An archive with one file. */
export function tarOf(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(blockBytes);
  const put = (at: number, text: string): void => void header.write(text, at, "latin1");
  put(0, name);
  put(100, "0000644\0");
  put(108, "0000000\0");
  put(116, "0000000\0");
  put(124, `${octal(content.length, 11)}\0`);
  put(136, `${octal(0, 11)}\0`);
  // The sum is taken with spaces in its own place.
  put(148, "        ");
  put(156, "0");
  put(257, "ustar\x0000");
  put(
    148,
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\0 `,
  );
  const padding = Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes);
  return Buffer.concat([header, content, padding, Buffer.alloc(2 * blockBytes)]);
}

/** The first plain file of an archive; undefined where there is none. */
export function fileInTar(archive: Buffer): Buffer | undefined {
  for (let at = 0; at + blockBytes <= archive.length;) {
    const size = Number.parseInt(archive.toString("latin1", at + 124, at + 135), 8);
    if (Number.isNaN(size)) return undefined;
    const start = at + blockBytes;
    const kind = archive.toString("latin1", at + 156, at + 157);
    if (kind === "0" || kind === "\0") return archive.subarray(start, start + size);
    at = start + Math.ceil(size / blockBytes) * blockBytes;
  }
  return undefined;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}
