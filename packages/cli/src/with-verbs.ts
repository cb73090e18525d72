import type { Command } from "commander";
import { UsageError } from "./command-error.ts";
import { didYouMean } from "./did-you-mean.ts";

/** A command that is nothing without one of its verbs. */
export function withVerbs(command: Command, verbs: readonly Command[]): Command {
  for (const verb of verbs) command.addCommand(verb);
  const names = verbs.map((verb) => verb.name());
  return (
    command
      .helpCommand(false)
      // A word that is no verb is said before its flags are.
      .allowUnknownOption()
      .allowExcessArguments()
      .argument("[verb]", "one of the commands below")
      .usage("<verb> [options]")
      .action((word: string | undefined) => {
        const choice = `verbs are ${names.join(", ")}`;
        if (word === undefined || word.startsWith("-"))
          throw new UsageError(`name a verb of ${command.name()}; ${choice}`);
        throw new UsageError(`${command.name()} has no verb ${word}${didYouMean(word, names, choice)}`);
      })
  );
}
