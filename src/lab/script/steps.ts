/** What a scripted client does, one step after the other: `program: script` with `steps:` in the lab file. */

export type Step =
  /** Says a line on its console. */
  | { readonly kind: 'say'; readonly text: string }
  /** Sleeps. Milliseconds. */
  | { readonly kind: 'wait'; readonly milliseconds: number }
  /** Leases an address; as a client of this vendor class, with what such a client insists on. */
  | { readonly kind: 'lease'; readonly vendor: string }
  | FetchStep
  /** Asks a name server; undefined: the lease's. */
  | { readonly kind: 'ask'; readonly name: string; readonly server: string | undefined }
  | { readonly kind: 'ping'; readonly address: string }
  /** MOUNT's MNT over UDP. */
  | { readonly kind: 'mount'; readonly server: string; readonly path: string; readonly version: number }
  /** NFS' GETATTR over UDP; without a handle NULL. */
  | { readonly kind: 'nfs'; readonly server: string; readonly version: number; readonly handle: Uint8Array | undefined }
  /** Any datagram; an answer is waited for. */
  | { readonly kind: 'send'; readonly to: string; readonly port: number; readonly bytes: Uint8Array }

/** A file by TFTP, by a client with habits. RFC 1350, RFC 2348. */
export interface FetchStep {
  readonly kind: 'fetch'
  /** Undefined: what the lease names. */
  readonly file: string | undefined
  /** Undefined: the option isn't asked for. */
  readonly blksize: number | undefined
  /** It refuses (error 8) whatever else it is granted. */
  readonly exact: boolean
  /** It goes on with block 0 behind block 65535. */
  readonly wraps: boolean
  /** It hangs for good behind so many blocks. */
  readonly stopAfter: number | undefined
}

/** Of a `lease` without one. */
export const usualVendor = 'netloom-script'
/** Largest datagram of a step. */
export const mostBytes = 1400
/** Largest block: what one packet of 1500 bytes holds. */
export const mostBlock = 1468
