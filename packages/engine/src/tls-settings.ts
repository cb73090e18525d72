// The TLSConfig of a `.json` file: what it says, what the engine makes of it, and the files behind it.
import type { SecureContext, SecureVersion } from "node:tls";
import type { Rules } from "./address.ts";
import { DiscoveryError } from "./engine-error.ts";
import { readRegularFile } from "./regular-file.ts";

/** `TLSConfig` as a `.json` file spells it. Source: docker/go-connections tlsconfig/config.go. */
export interface TlsConfig {
  readonly CAFile?: string;
  readonly CertFile?: string;
  readonly KeyFile?: string;
  readonly InsecureSkipVerify?: boolean;
  readonly ExclusiveRootPools?: boolean;
  /** 771 for TLS 1.2, 772 for TLS 1.3. */
  readonly MinVersion?: number;
}

/** How to reach a plugin over TLS, after the rules have been applied. */
export interface TlsSettings {
  /** Check the plugin's certificate. */
  readonly verify: boolean;
  readonly caFile?: string | undefined;
  /** Trust `caFile` alone, not the system's roots too. */
  readonly exclusiveRoots: boolean;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly minVersion: SecureVersion;
}

/** Settings and what a reader of the file should know about them. */
export interface DecidedTls {
  readonly settings: TlsSettings;
  readonly warnings: readonly string[];
}

/** What an `https://` address without a `TLSConfig` gets: system roots, and no check at all by the engine's `.spec`. */
export function plainTls(kind: "spec" | "json", rules: Rules): DecidedTls {
  const ignored = kind === "spec";
  const warning =
    'the engine never checks the certificate behind a .spec file; write a .json file with "TLSConfig" and "CAFile"';
  return {
    settings: { verify: !ignored || rules === "strict", exclusiveRoots: false, minVersion: "TLSv1.2" },
    warnings: ignored ? [warning] : [],
  };
}

/** Applies the rules to a `TLSConfig`; throws `DiscoveryError` for one the engine refuses too. */
export function decideTls(config: TlsConfig, rules: Rules): DecidedTls {
  if ((config.CertFile ?? "") === "" && config.KeyFile) throw bad("has KeyFile without CertFile; name both or neither");
  if ((config.KeyFile ?? "") === "" && config.CertFile) throw bad("has CertFile without KeyFile; name both or neither");
  const minVersion = versions.get(config.MinVersion ?? 0);
  if (minVersion === undefined) {
    throw bad(`has MinVersion ${config.MinVersion}; write 771 for TLS 1.2 or 772 for TLS 1.3`);
  }
  const skip = config.InsecureSkipVerify === true;
  const forced = !skip && !config.CAFile;
  const warnings: string[] = [];
  if (skip) warnings.push("InsecureSkipVerify is true, so the plugin's certificate is not checked");
  if (forced) warnings.push("the engine does not check the plugin's certificate without a CAFile; name one");
  return {
    settings: {
      verify: !skip && !(forced && rules === "engine"),
      caFile: config.CAFile || undefined,
      exclusiveRoots: config.ExclusiveRootPools === true,
      certFile: config.CertFile || undefined,
      keyFile: config.KeyFile || undefined,
      minVersion,
    },
    warnings,
  };
}

/** What each connection needs: its context is made once, for reading all roots takes a tenth of a second. */
export interface LoadedTls {
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized: boolean;
}

/** Reads the files behind the settings, as the engine does at activation; throws `DiscoveryError`. */
export async function loadTls(settings: TlsSettings): Promise<LoadedTls> {
  const { createSecureContext, getCACertificates } = await import("node:tls");
  const [ca, cert, key] = await Promise.all([
    readPem("CAFile", settings.caFile),
    readPem("CertFile", settings.certFile),
    readPem("KeyFile", settings.keyFile),
  ]);
  if (ca !== undefined && !ca.includes("-----BEGIN CERTIFICATE-----")) {
    throw bad(`names ${settings.caFile} as CAFile, which holds no PEM certificate`);
  }
  const roots = settings.exclusiveRoots && ca !== undefined ? [] : getCACertificates("system");
  const secure = {
    ca: ca === undefined ? roots : [...roots, ca],
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    minVersion: settings.minVersion,
  };
  try {
    return { secureContext: createSecureContext(secure), rejectUnauthorized: settings.verify };
  } catch (cause) {
    throw bad(
      "names a certificate or key that cannot be used; the key must be unencrypted PEM and fit CertFile",
      cause,
    );
  }
}

const versions = new Map<number, SecureVersion>([
  [0, "TLSv1.2"],
  [771, "TLSv1.2"],
  [772, "TLSv1.3"],
]);

async function readPem(field: string, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readRegularFile(file);
  } catch (cause) {
    const why = cause instanceof DiscoveryError ? cause.message : String(cause);
    throw bad(`names ${file} as ${field}, which ${why}`, cause);
  }
}

function bad(why: string, cause?: unknown): DiscoveryError {
  return new DiscoveryError(`TLSConfig ${why}`, { code: "bad-tls", cause });
}
