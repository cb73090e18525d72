/** Rules of the contract's list that cannot be judged from outside a plugin, each with the reason. */
export const untold: readonly { readonly id: string; readonly why: string }[] = [];
