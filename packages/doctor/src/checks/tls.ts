// Certificates and keys that `.json` files name.
import { quoted, type Check } from "../check.ts";

const soonMs = 14 * 86_400_000;

const badTls: Check = {
  id: "bad-tls",
  title: "TLS files that are missing, unreadable, damaged, or do not fit, and connections that find no trust.",
  find: (facts) =>
    facts.plugins
      .filter(
        ({ problems, tried, state }) =>
          problems.some(({ code }) => code === "bad-tls") || (tried && state === "unusable"),
      )
      .filter(({ problems }) => problems.every(({ code }) => code === "bad-tls"))
      .map(({ name, file, problems, reason }) => ({
        severity: "error",
        object: file,
        what: problems[0]?.message ?? reason,
        cost: `the engine cannot use the driver "${name}"; TLS files are read at the first use, so it shows late`,
        remedy: `put the files in place, or mend TLSConfig in ${quoted(file)}`,
      })),
};

const certificateTime: Check = {
  id: "certificate-time",
  title: "Certificates that are no longer or not yet valid, or not for much longer.",
  find: (facts) =>
    facts.plugins.flatMap(({ name, certificates }) =>
      certificates.flatMap(({ field, file, subject, validFrom, validTo }) => {
        const early = facts.now < validFrom;
        const late = facts.now > validTo;
        const soon = facts.now.getTime() + soonMs > validTo.getTime();
        if (!early && !late && !soon) return [];
        const when = early
          ? `is not valid before ${validFrom.toISOString()}`
          : `${late ? "has expired" : "expires"} on ${validTo.toISOString()}`;
        return {
          severity: early || late ? ("error" as const) : ("warning" as const),
          object: file,
          what: `the ${field} of plugin "${name}" (${subject}) ${when}`,
          cost: "the engine's connections to the plugin fail from then on, after 15 s of trying each",
          remedy: early ? "set this machine's clock right, or make the certificate anew" : `renew ${quoted(file)}`,
        };
      }),
    ),
};

const openKey: Check = {
  id: "open-key",
  title: "A private key that everybody may read.",
  find: (facts) =>
    facts.plugins
      .filter(({ keyMode = 0 }) => (keyMode & 0o004) !== 0)
      .map(({ name, tls }) => ({
        severity: "warning",
        object: tls?.keyFile ?? name,
        what: `everybody on this machine may read the key that the engine proves itself to plugin "${name}" with`,
        cost: "whoever has it is the engine to that plugin",
        remedy: `chmod go-rwx ${quoted(tls?.keyFile ?? name)}, and make the key anew if others were here`,
      })),
};

/** The checks of this theme. */
export const tlsChecks: readonly Check[] = [badTls, certificateTime, openKey];
