// Who could take a plugin's place, or be its engine: the protocol has no authentication.
import { quoted, type Check } from "../check.ts";

const openSocket: Check = {
  id: "open-socket",
  title: "A plugin's socket that everybody may connect to.",
  find: (facts) =>
    facts.plugins
      .filter(({ socket }) => socket?.isSocket === true && socket.reachableByAll && (socket.mode & 0o002) !== 0)
      .map(({ name, file, address, owner }) => {
        const path = address?.transport === "unix" ? address.path : file;
        return {
          severity: "warning",
          object: path,
          what: `everybody on this machine may call plugin "${name}" as if he were the engine`,
          owner,
          cost: "any user can remove volumes and mount them; plugins run as root",
          remedy: `chmod o-rwx ${quoted(path)}, and let the plugin make its socket so`,
        };
      }),
};

const openFolder: Check = {
  id: "open-folder",
  title: "A folder of plugins that others than root may write.",
  find: (facts) =>
    facts.folderFacts
      .filter(({ mode, uid }) => (mode & 0o002) !== 0 || (uid !== 0 && uid !== process.getuid?.()))
      .map(({ folder, mode, uid }) => ({
        severity: "error",
        object: folder,
        what:
          (mode & 0o002) !== 0
            ? "everybody on this machine may write here"
            : `belongs to user ${uid}, who may write here`,
        cost: "whoever may write here can put a plugin in another's place, and the engine hands it volumes and secrets",
        remedy: (mode & 0o002) !== 0 ? `chmod go-w ${quoted(folder)}` : `chown root: ${quoted(folder)}`,
      })),
};

/** The checks of this theme. */
export const permissionChecks: readonly Check[] = [openSocket, openFolder];
