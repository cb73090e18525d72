import { defineOptions } from "@outrigger/plugin";

/** The plugin's own configuration. */
export const config = defineOptions({
  root: {
    type: "path",
    doc: "The folder that volumes and their records are kept in; /var/lib/outrigger/<name> where left out. Only one plugin can use it at a time.",
  },
});
