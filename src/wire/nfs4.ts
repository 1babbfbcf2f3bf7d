/** NFS version 4: numbers that 4.0 (RFC 7530, XDR in RFC 7531) and 4.1 (RFC 8881, XDR in RFC 5662) agree on. Arguments are in nfs4-arguments.ts. */

/** Operations by number, from 3 (§14 of RFC 7530, §18 of RFC 8881). From `backchannelCtl` on they are 4.1's. */
export const firstOperation = 3
export const operations = [
  'access', 'close', 'commit', 'create', 'delegpurge', 'delegreturn', 'getattr', 'getfh', 'link', 'lock', 'lockt', 'locku', 'lookup', 'lookupp', 'nverify', 'open', 'openattr', 'openConfirm',
  'openDowngrade', 'putfh', 'putpubfh', 'putrootfh', 'read', 'readdir', 'readlink', 'remove', 'rename', 'renew', 'restorefh', 'savefh', 'secinfo', 'setattr', 'setclientid', 'setclientidConfirm',
  'verify', 'write', 'releaseLockowner', 'backchannelCtl', 'bindConnToSession', 'exchangeId', 'createSession', 'destroySession', 'freeStateid', 'getDirDelegation', 'getdeviceinfo', 'getdevicelist',
  'layoutcommit', 'layoutget', 'layoutreturn', 'secinfoNoName', 'sequence', 'setSsv', 'testStateid', 'wantDelegation', 'destroyClientid', 'reclaimComplete',
] as const
export type Operation = (typeof operations)[number]
/** The first operation of 4.1's own. */
export const firstOfSessions = 40
/** What stands for a number that is no operation. */
export const illegalOperation = 10_044
const numbers = new Map<Operation, number>(operations.map((name, at) => [name, firstOperation + at]))
export const numberOf = (name: Operation): number => numbers.get(name) as number
/** @param minor whose operations count. */
export const operationOf = (number: number, minor: number): Operation | undefined => (minor === 0 && number >= firstOfSessions ? undefined : operations[number - firstOperation])

/** nfsstat4 beyond those of version 3 (nfs3-results.ts), which have the same numbers (RFC 7530 §13.1, RFC 8881 §15.1). */
export const status = {
  ok: 0,
  notOwner: 1,
  notFound: 2,
  access: 13,
  exists: 17,
  notDirectory: 20,
  isDirectory: 21,
  invalid: 22,
  tooLarge: 27,
  noSpace: 28,
  nameTooLong: 63,
  stale: 70,
  badHandle: 10_001,
  badCookie: 10_003,
  notSupported: 10_004,
  tooSmall: 10_005,
  serverFault: 10_006,
  badType: 10_007,
  delay: 10_008,
  same: 10_009,
  denied: 10_010,
  expired: 10_011,
  locked: 10_012,
  grace: 10_013,
  shareDenied: 10_015,
  clientInUse: 10_017,
  resource: 10_018,
  noHandle: 10_020,
  minorMismatch: 10_021,
  staleClient: 10_022,
  staleState: 10_023,
  oldState: 10_024,
  badState: 10_025,
  badSequence: 10_026,
  notSame: 10_027,
  symlink: 10_029,
  nothingSaved: 10_030,
  attributeNotSupported: 10_032,
  noGrace: 10_033,
  reclaimBad: 10_034,
  reclaimConflict: 10_035,
  badXdr: 10_036,
  locksHeld: 10_037,
  openMode: 10_038,
  badOwner: 10_039,
  badCharacter: 10_040,
  badName: 10_041,
  illegal: 10_044,
  badSession: 10_052,
  badSlot: 10_053,
  completeAlready: 10_054,
  sequenceMisordered: 10_063,
  sequencePosition: 10_064,
  requestTooBig: 10_065,
  replyTooBig: 10_066,
  replyTooBigToCache: 10_067,
  retryUncached: 10_068,
  tooManyOperations: 10_070,
  notInSession: 10_071,
  clientBusy: 10_074,
  falseRetry: 10_076,
  noEncryption: 10_079,
  notOnlyOperation: 10_081,
  wrongType: 10_083,
} as const
export type Reason4 = Exclude<keyof typeof status, 'ok'>
/** Statuses that leave a 4.0 owner's sequence where it is (RFC 7530 §9.1.7). */
export const outOfSequence: ReadonlySet<number> = new Set([status.staleClient, status.staleState, status.badState, status.badSequence, status.badXdr, status.resource, status.noHandle])

/** nfs_ftype4 has version 3's numbers. */
export const types = { file: 1, folder: 2, block: 3, character: 4, link: 5, socket: 6, fifo: 7 } as const
/** OPEN4_SHARE_ACCESS_* and OPEN4_SHARE_DENY_*; 4.1's wishes for delegations stand above. */
export const share = { read: 1, write: 2, both: 3, wants: 0xff00, noWant: 0x0400 } as const
/** nfs_lock_type4: odd ones read; from 3 on the client would wait. */
export const lockTypes = { read: 1, write: 2, readWait: 3, writeWait: 4 } as const
/** open_claim_type4. */
export const claims = { null: 0, previous: 1, delegateCurrent: 2, delegatePrevious: 3, handle: 4, delegateCurrentHandle: 5, delegatePreviousHandle: 6 } as const
/** OPEN4_RESULT_*. */
export const openResults = { confirm: 2, posixLocks: 4 } as const
/** open_delegation_type4; the reasons of NONE_EXT: why_no_delegation4. */
export const delegations = { none: 0, noneWithReason: 3 } as const
export const whyNone = { notWanted: 0, notSupported: 3 } as const
/** EXCHGID4_FLAG_*. */
export const exchange = { known: 0x4007_0103, usePnfs: 0x0006_0000, useNoPnfs: 0x0001_0000, update: 0x4000_0000, confirmed: 0x8000_0000 } as const
/** CREATE_SESSION4_FLAG_*: all that there are. */
export const sessionFlags = 7

export const longestHandle = 128
export const verifierBytes = 8
export const otherBytes = 12
export const sessionBytes = 16
/** NFS4_OPAQUE_LIMIT. */
export const longestOpaque = 1024

/** stateid4. */
export interface StateId {
  readonly sequence: number
  /** 12 bytes. */
  readonly other: Uint8Array
}
