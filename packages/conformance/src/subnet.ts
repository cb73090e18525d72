// Addresses and subnets as numbers, read as Go's net package reads them.
import { isIPv4, isIPv6 } from "node:net";

/** One address. */
export interface Ip {
  readonly number: bigint;
  readonly bits: 32 | 128;
}

/** An address with its prefix length, and the block that they make. */
export interface Cidr extends Ip {
  readonly prefix: number;
  readonly first: bigint;
  readonly last: bigint;
}

/** Reads an address without prefix length; undefined for all else. Go knows no zones: moby/moby uses net.ParseIP. */
export function readIp(value: unknown): Ip | undefined {
  if (typeof value !== "string") return undefined;
  if (isIPv4(value)) return { number: value.split(".").reduce((sum, byte) => sum * 256n + BigInt(byte), 0n), bits: 32 };
  if (!isIPv6(value) || value.includes("%")) return undefined;
  return { number: numberOfGroups(value), bits: 128 };
}

/** Reads an address with prefix length; undefined for all else. */
export function readCidr(value: unknown): Cidr | undefined {
  if (typeof value !== "string") return undefined;
  const [address, length = "", ...rest] = value.split("/");
  const ip = readIp(address);
  if (ip === undefined || rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(length)) return undefined;
  const prefix = Number(length);
  if (prefix > ip.bits) return undefined;
  const size = 1n << BigInt(ip.bits - prefix);
  const first = ip.number - (ip.number % size);
  return { ...ip, prefix, first, last: first + size - 1n };
}

/** Whether a block holds an address. */
export function holds(block: Cidr, ip: Ip): boolean {
  return block.bits === ip.bits && block.first <= ip.number && ip.number <= block.last;
}

/** Writes an address; an IPv6 address in full. */
export function textOf({ number, bits }: Ip): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 255n).join(".");
  return Array.from({ length: 8 }, (_, index) => ((number >> BigInt(112 - 16 * index)) & 65535n).toString(16)).join(
    ":",
  );
}

function numberOfGroups(text: string): bigint {
  // The URL parser writes every IPv6 address in groups alone.
  const [head = "", tail = ""] = new URL(`http://[${text}]`).hostname.slice(1, -1).split("::");
  const [front, back] = [head, tail].map((side) => side.split(":").filter((group) => group !== ""));
  const groups = [
    ...(front ?? []),
    ...Array<string>(8 - (front ?? []).length - (back ?? []).length).fill("0"),
    ...(back ?? []),
  ];
  return groups.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}
