import { parseOptions, type Option, type Options } from "@outrigger/plugin";
import { DriverError } from "@outrigger/protocol";

/** What was given to a first and a second Create of one name. */
interface TwoCreates {
  readonly name: string;
  readonly first: Readonly<Record<string, string>>;
  readonly second: Readonly<Record<string, string>>;
}

/**
 * Throws if the second Create asks for another volume than the first one made. An option left out asks for nothing:
 * the engine sends Create without options for a volume whose Get it missed.
 */
export function refuseOtherOptions(schema: Options, { name, first, second }: TwoCreates): void {
  const has: Readonly<Record<string, unknown>> = parseOptions(schema, first);
  const asked: Readonly<Record<string, unknown>> = parseOptions(schema, { ...first, ...second });
  const other = Object.keys(second).filter((option) => asked[option] !== has[option]);
  if (other.length === 0) return;
  const list = other.map((option) => difference(option, schema[option], { has: first[option], asked: second[option] }));
  throw new DriverError(
    `volume ${name} exists ${list.join(" and ")}; leave the options out to use it as it is, or choose another name`,
  );
}

function difference(
  name: string,
  option: Option | undefined,
  values: { has: string | undefined; asked: string | undefined },
): string {
  if (option?.secret) return `with another ${name}`;
  const has = values.has ?? option?.default;
  return `${has === undefined ? `without ${name}` : `with ${name}=${has}`}, not ${name}=${values.asked}`;
}
