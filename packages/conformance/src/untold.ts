/** Rules of the contract's list that cannot be judged from outside a plugin, each with the reason. */
export const untold: readonly { readonly id: string; readonly why: string }[] = [
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
];
