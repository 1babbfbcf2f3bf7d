/** Plain state: what a thing is made of, apart from its wiring. Snapshots, threads, diffs and views read it. */

export type Plain = undefined | null | boolean | number | string | bigint | Uint8Array | readonly Plain[] | { readonly [key: string]: Plain }

export interface Stateful<State extends Plain> {
  /** A copy that shares nothing with the thing itself. */
  save(): State
  load(state: State): void
}
