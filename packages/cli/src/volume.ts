// outrigger volume: volumes beside what the engine can do with them.
import { Command } from "commander";
import { backupCommands } from "./volume/backup.ts";
import { snapshotCommands } from "./volume/snapshots.ts";
import { tokenCommand } from "./volume/token.ts";
import { transferCommands } from "./volume/transfer.ts";
import { trashCommands } from "./volume/trash.ts";
import { upkeepCommands } from "./volume/upkeep.ts";
import { volumeCommands } from "./volume/volumes.ts";
import { withVerbs } from "./with-verbs.ts";

const help = `
The plugin's storage API is asked, on api.sock in the plugin's root folder; that takes root, as the folder does.
Long work goes on when the command is stopped; outrigger volume operations shows it.

Exit codes: 0 good, 1 it could not be done, or something was found, 2 wrong usage, 3 nobody serves the API.

Examples:
  outrigger volume list
  outrigger volume snapshot data before-upgrade
  outrigger volume clone data try --snapshot before-upgrade
  outrigger volume backup create data
  outrigger volume export data | ssh other outrigger volume import data`;

/** Builds the verb, which has verbs of its own. */
export function createCommand(): Command {
  const verbs = [
    ...volumeCommands(),
    ...snapshotCommands(),
    ...transferCommands(),
    backupCommands(),
    trashCommands(),
    ...upkeepCommands(),
    tokenCommand(),
  ];
  return withVerbs(new Command("volume"), verbs)
    .description("List, snapshot, clone, restore, resize, back up, export and check volumes.")
    .addHelpText("after", help);
}
