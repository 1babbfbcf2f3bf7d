/**
 * Sequence numbers. RFC 9293 §3.4.
 *
 * Inside our TCP they are unwrapped: they count on from the initial one beyond 2^32 (doubles hold them for eight petabytes), so that `<`
 * means what it says and a ring is indexed by them. They are wrapped only where a header is written, and unwrapped where one is read.
 */

/** The number whose low 32 bits are `wire` and that lies nearest to `near`; below zero for what is older than the connection. */
export const unwrap = (wire: number, near: number): number => near + ((wire - near) | 0)

/** The low 32 bits, as they stand in a header. */
export const wrap = (sequence: number): number => sequence >>> 0

/** Whether the 32-bit value `a` is older than `b`, modulo 2^32; timestamps are compared so (RFC 7323 §5.2). */
export const older = (a: number, b: number): boolean => ((a - b) | 0) < 0
