import { authz } from "./authz.ts";
import { ipamDriver } from "./ipam-driver.ts";
import { logDriver } from "./log-driver.ts";
import { metricsCollector } from "./metrics-collector.ts";
import { networkDriver } from "./network-driver.ts";
import { secretProvider } from "./secret-provider.ts";
import { volumeDriver } from "./volume-driver.ts";

/** Every protocol a plugin can implement, by its entry in `Implements`. */
export const protocols = {
  VolumeDriver: volumeDriver,
  NetworkDriver: networkDriver,
  IpamDriver: ipamDriver,
  authz,
  LogDriver: logDriver,
  MetricsCollector: metricsCollector,
  secretprovider: secretProvider,
} as const;

/** An entry of `Implements`. */
export type ProtocolName = keyof typeof protocols;
