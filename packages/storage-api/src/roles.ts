import type { Role } from "./operation.ts";

const ranks: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 };

/** Whether who has a role may do what takes another: an admin is an operator too, and both are viewers. */
export function mayDo(has: Role, takes: Role): boolean {
  return ranks[has] >= ranks[takes];
}

/** Whether a text names a role. */
export function isRole(text: string): text is Role {
  return Object.hasOwn(ranks, text);
}
