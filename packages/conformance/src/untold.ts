// Rules that a black box cannot tell: what they ask for cannot be brought about from outside of a plugin.

/** A rule of the list that has no case, and why. */
export interface Untold {
  readonly id: string;
  readonly why: string;
}

const csi = "CSI is gRPC on a socket of its own, and none of the protocols that a plugin names in Implements";

/** All rules without a case. */
export const untold: readonly Untold[] = [
  {
    id: "VOL-17",
    why: "a backend cannot be taken away from outside; a plugin's own tests have to show that Get answers without it",
  },
  { id: "VOL-26", why: "a single volume cannot be broken from outside without knowing how the plugin keeps it" },
  { id: "VOL-49", why: "a backend cannot be made to fail a Remove from outside without knowing it" },
  {
    id: "VOL-53",
    why: "the engine has no way to send labels, so every Create of every case goes without them; VOL-04 fails where they are missed",
  },
  {
    id: "VOL-54",
    why: "a Create cannot be made slow from outside; every Create of every case is given the engine's two minutes and fails its case beyond them",
  },
  {
    id: "VOL-55",
    why: "a backend cannot be made to hang from outside; every call of every case has the engine's limit",
  },
  {
    id: "MET-04",
    why: "the metrics socket is the engine's, and what a plugin scrapes from it goes nowhere that is seen from outside",
  },
  { id: "SEC-07", why: "which consumer may have which secret is the plugin's own rule, and no call tells it" },
  {
    id: "AZ-26",
    why: "a plugin's own calls to the engine do not pass the kit; its own tests have to show that it decides without them",
  },
  { id: "AZ-28", why: "a plugin's logs are where its author put them, and are not seen through its socket" },
  { id: "AZ-29", why: "no call makes a plugin read its policy anew, so a reload cannot be brought about from outside" },
  { id: "CSI-01", why: csi },
  { id: "CSI-02", why: csi },
  { id: "CSI-03", why: csi },
  { id: "CSI-04", why: csi },
  { id: "CSI-05", why: csi },
  { id: "CSI-06", why: csi },
  { id: "CSI-07", why: csi },
  { id: "CSI-08", why: csi },
  { id: "CSI-09", why: csi },
  { id: "CSI-10", why: csi },
  { id: "CSI-11", why: csi },
];
