import { Command } from "commander";
export function createCommand(): Command {
  return new Command("explain");
}
