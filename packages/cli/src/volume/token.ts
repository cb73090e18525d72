import { appendFile } from "node:fs/promises";
import { makeToken } from "@outrigger/storage-api";
import { Command, Option } from "commander";
import { EnvironmentError, messageOf } from "../command-error.ts";
import { print, printJson } from "../output.ts";

interface TokenFlags {
  readonly role: "viewer" | "operator" | "admin";
  readonly json?: true;
}

/** A token for the listener that OpenStorage's tools use. */
export function tokenCommand(): Command {
  return new Command("token")
    .summary("make a token for tools that know OpenStorage")
    .description("Make a token, print it once, and add its hash to a file; to take it back, delete its line.")
    .argument("<name>", "what the line in the file is called")
    .argument("<file>", "the file that the plugin has as osd-tokens; made where missing, for its owner alone")
    .addOption(new Option("--role <role>", "what it may do").choices(["viewer", "operator", "admin"]).default("viewer"))
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  outrigger volume token grafana /etc/outrigger/tokens --role viewer")
    .action(async (name: string, file: string, { role, json }: TokenFlags) => {
      const { token, line } = makeToken(name, role);
      await appendFile(file, `${line}\n`, { mode: 0o600 }).catch((cause: unknown) => {
        throw new EnvironmentError(`${file} cannot be written: ${messageOf(cause)}`, { cause });
      });
      if (json) printJson({ name, role, token });
      else print(token);
    });
}
