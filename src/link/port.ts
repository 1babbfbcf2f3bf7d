/** The seam between a thing that speaks frames and the cable it is plugged into. */

/** `ethernet`: TAP, switch, NIC. `ip`: TUN. */
export type Medium = 'ethernet' | 'ip'

/**
 * What is still owed to a frame's bytes, as virtio-net's header says it (virtio 1.2 §5.1.6). All offsets are in bytes from the frame's start.
 * `segmentation: 'none'` with a checksum still to fill is common; `checksum: undefined` with segmentation is not allowed.
 */
export interface Offload {
  /** Sum the bytes from `start` to the end and put the ones' complement at `start + offset`; the field holds the pseudo-header's sum. */
  readonly checksum: { readonly start: number; readonly offset: number } | undefined
  readonly segmentation: 'none' | 'tcp4' | 'tcp6' | 'udp'
  /** Payload bytes of each segment to cut (gso_size). */
  readonly segmentSize: number
  /** Length of the headers to repeat in front of each segment (hdr_len). */
  readonly headerLength: number
}

/**
 * Bytes and what is still owed to them. Super-frames travel whole; only the egress of a port that can't take one segments or sums it
 * (link/egress.ts). A frame given is gone: the giver never touches its bytes again; who wants to keep it copies it.
 */
export interface Frame {
  readonly bytes: Uint8Array
  readonly offload: Offload | undefined
}

export interface FrameSink {
  receive(frame: Frame): void
}

/** One end of a cable. What is sent here is heard at the far end, later; never inside the call. */
export interface Port {
  readonly name: string
  readonly medium: Medium
  /** The largest frame in bytes, link header included, that this end may send without segmentation owed. */
  readonly frameMax: number
  send(frame: Frame): void
  /** Who hears what arrives here; one sink at a time. */
  listen(sink: FrameSink | undefined): void
  /** Whether there is a link; undefined: always. */
  readonly carrier?: boolean
  /** Tells `hear` when that changes. @returns how to end that. */
  watchCarrier?(hear: (carrier: boolean) => void): () => void
}

/** What a NIC can be plugged into: switch, TAP, TUN, NAT. */
export interface Backend {
  readonly name: string
  readonly medium: Medium
  plug(port: Port): void
  unplug(port: Port): void
}
