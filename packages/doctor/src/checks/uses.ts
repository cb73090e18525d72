// Drivers that something needs, and whether anybody provides them.
import { countOf, quoted, type Check } from "../check.ts";
import type { DriverKind, DriverUse, ManagedPlugin } from "../driver-uses.ts";
import type { ExaminedPlugin, Facts } from "../facts.ts";

/** All that need one driver of one kind. */
interface Need {
  readonly kind: DriverKind;
  readonly driver: string;
  readonly by: readonly string[];
}

function needsOf(facts: Facts, wanted: (use: DriverUse) => boolean): Need[] {
  const needs = new Map<string, Need & { readonly by: string[] }>();
  for (const use of facts.engine?.state.uses.filter(wanted) ?? []) {
    const key = `${use.kind} ${use.driver}`;
    const need = needs.get(key) ?? { kind: use.kind, driver: use.driver, by: [] };
    if (!need.by.includes(use.by)) need.by.push(use.by);
    needs.set(key, need);
  }
  return [...needs.values()];
}

type Provider =
  | { readonly state: "missing" }
  | { readonly state: "disabled" | "managed"; readonly managed: ManagedPlugin }
  | { readonly state: "plugin"; readonly plugin: ExaminedPlugin };

/** A managed plugin comes before a file of its name, also when it is disabled. */
function providerOf({ driver }: Need, facts: Facts): Provider {
  const managed = facts.engine?.state.managed.find(({ name, id }) =>
    [name, name.replace(/:latest$/, ""), id].includes(driver),
  );
  if (managed !== undefined) return { state: managed.enabled ? "managed" : "disabled", managed };
  const plugin = facts.plugins.find(({ kind, name }) => kind !== "managed" && name === driver);
  return plugin === undefined ? { state: "missing" } : { state: "plugin", plugin };
}

const notVolume = ({ by }: DriverUse): boolean => !by.startsWith("volume ");

const missingDriver: Check = {
  id: "missing-driver",
  title: "A driver that containers, networks or the engine's configuration name, and that nobody provides.",
  find: (facts) =>
    needsOf(facts, notVolume)
      .filter((need) => providerOf(need, facts).state === "missing")
      .map(({ kind, driver, by }) => ({
        severity: "error",
        object: driver,
        what: `there is no plugin "${driver}" (${kind}), which ${by.length === 1 ? "is" : "are"} named by ${listed(by)}`,
        cost: costs[kind],
        remedy: remedyFor({ kind, driver }),
      })),
};

const costs: Readonly<Record<DriverKind, string>> = {
  VolumeDriver: "such a container does not start: each attempt fails after 15 s",
  NetworkDriver: "no container starts on such a network: each attempt fails after 15 s",
  IpamDriver: "no container starts on such a network, and none like it can be made",
  LogDriver: "no container that logs there starts, or can be made",
  authz: "the engine does not start, and one that runs ends when it is told to read its configuration again",
};

function remedyFor({ kind, driver }: Pick<Need, "kind" | "driver">): string {
  const start = `start the plugin ${quoted(driver)}, or enable it: docker plugin enable ${quoted(driver)}`;
  return kind === "authz" ? `${start}; to do without it, take it out of authorization-plugins` : start;
}

const orphanVolumes: Check = {
  id: "orphan-volumes",
  title: "Volumes whose driver is gone.",
  find: (facts) =>
    needsOf(facts, (use) => !notVolume(use))
      .filter((need) => providerOf(need, facts).state === "missing")
      .map(({ driver, by }) => {
        const names = by.map((one) => one.slice("volume ".length));
        return {
          severity: "error",
          object: driver,
          what: `${countOf("volume", names)} belong${names.length === 1 ? "s" : ""} to plugin "${driver}", which is gone`,
          cost: `the engine waits ${names.length * 15} s for them at its next start, and each use of one fails after 15 s`,
          remedy: `start the plugin ${quoted(driver)} again; or give them up: docker volume rm -f ${names.slice(0, 3).map(quoted).join(" ")}${names.length > 3 ? " …" : ""}`,
        };
      }),
};

const disabledPlugin: Check = {
  id: "disabled-plugin",
  title: "A managed plugin that is disabled and needed.",
  find: (facts) =>
    needsOf(facts, () => true).flatMap((need) => {
      const provider = providerOf(need, facts);
      if (provider.state !== "disabled") return [];
      const { name } = provider.managed;
      return {
        severity: "error" as const,
        object: name,
        what: `managed plugin ${name} is disabled, and needed by ${listed(need.by)}`,
        cost: `each use fails: the engine finds it, and looks for no other plugin "${need.driver}"`,
        remedy: `docker plugin enable ${quoted(name)}`,
      };
    }),
};

const wrongKind: Check = {
  id: "wrong-kind",
  title: "A plugin that is there and does not implement what it is needed for.",
  find: (facts) =>
    needsOf(facts, () => true).flatMap((need) => {
      const provider = providerOf(need, facts);
      const offers =
        provider.state === "managed"
          ? provider.managed.kinds
          : provider.state === "plugin" && provider.plugin.state === "answers"
            ? provider.plugin.implements
            : undefined;
      if (offers === undefined) return [];
      // In a managed plugin's configuration the names are in lower case.
      const fits =
        provider.state === "managed"
          ? offers.map((one) => one.toLowerCase()).includes(need.kind.toLowerCase())
          : offers.includes(need.kind);
      if (fits) return [];
      return {
        severity: "error" as const,
        object: need.driver,
        what: `plugin "${need.driver}" does not implement ${need.kind}, for which it is needed by ${listed(need.by)}; it implements ${offers.join(", ") || "nothing"}`,
        owner: provider.state === "plugin" ? provider.plugin.owner : undefined,
        cost: costs[need.kind],
        remedy: "name another driver there, or give that plugin another name",
      };
    }),
};

const neededAndDown: Check = {
  id: "needed-and-down",
  title: "Who needs a plugin whose file is there and that does not work.",
  find: (facts) =>
    needsOf(facts, () => true).flatMap((need) => {
      const provider = providerOf(need, facts);
      if (provider.state !== "plugin" || !provider.plugin.tried) return [];
      if (["answers", "forbidden"].includes(provider.plugin.state)) return [];
      return {
        severity: "error" as const,
        object: need.driver,
        what: `plugin "${need.driver}" (${provider.plugin.state}) is needed by ${listed(need.by)}`,
        owner: provider.plugin.owner,
        cost: costs[need.kind],
        remedy: `see what is said of ${provider.plugin.file}`,
      };
    }),
};

function listed(by: readonly string[]): string {
  return by.slice(0, 3).join(", ") + (by.length > 3 ? ` and ${by.length - 3} more` : "");
}

/** The checks of this theme. */
export const useChecks: readonly Check[] = [missingDriver, orphanVolumes, disabledPlugin, wrongKind, neededAndDown];
