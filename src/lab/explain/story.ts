/** What happened to one node, reduced while it happens to what a boot doctor asks for; bounded, whatever the guest does. */
import type { Instant } from '../../base/time.ts'
import type { Message as Dhcp } from '../../wire/dhcp.ts'

/** One line of a node's timeline. */
export interface StoryEvent {
  readonly time: Instant
  /** `link`, `dhcp`, `arp`, `tftp`, `dns`, `http`, `tcp`, `icmp`, `nfs`, `console`, `fault`, `machine`. */
  readonly topic: string
  readonly text: string
}

export interface Transfer {
  readonly began: Instant
  readonly file: string
  readonly server: string
  /** As asked for, in bytes; undefined: not at all. */
  readonly asked: number | undefined
  /** Of the OACK; 512 without one. */
  blksize: number
  /** Number of the last block heard, as the wire has it, and how many in all. */
  block: number
  blocks: number
  bytes: number
  lastHeard: Instant
  lastSaid: Instant
  acknowledged: number
  done: boolean
  error: { readonly code: number; readonly message: string; readonly from: 'client' | 'server' } | undefined
  /** How the file begins. */
  head: Uint8Array
}

export interface Question {
  readonly name: string
  readonly server: string
  asked: number
  /** The code of the answer; undefined: nobody answered. */
  rcode: number | undefined
}

/** What became of a node's NFS. */
export interface NfsStory {
  mounted: boolean
  /** The last MNT, if it was refused; status by RFC 1813 §5.1.4. */
  refused: { readonly path: string; readonly server: string; readonly status: number } | undefined
  /** The last answer said that it doesn't speak that; `low` and `high` are what it speaks, of a program that it has. */
  mismatch: { readonly server: string; readonly program: 'NFS' | 'MOUNT'; readonly version: number; readonly low: number | undefined; readonly high: number | undefined } | undefined
  denied: { readonly server: string } | undefined
  /** `known`: the node mounted something in this run. */
  stale: { readonly server: string; readonly times: number; readonly known: boolean } | undefined
}

export interface Story {
  readonly node: string
  readonly events: StoryEvent[]
  sent: number
  heard: number
  readonly dhcp: { discovers: number; requests: number; declines: number; archs: readonly number[]; vendor: string; offer: Dhcp | undefined; offers: number; ack: Dhcp | undefined; nak: string | undefined; faulty: string | undefined }
  readonly transfers: Transfer[]
  readonly questions: Map<string, Question>
  /** Who was asked for by ARP, how often, and who answered. */
  readonly neighbours: Map<string, { asked: number; readonly macs: Set<string> }>
  /** TCP connections by `address:port`. */
  readonly connections: Map<string, { asked: number; outcome: 'open' | 'refused' | undefined }>
  readonly nfs: NfsStory
  /** By fault: how often, and the first of what it did. */
  readonly faults: Map<string, { hits: number; readonly first: string; readonly time: Instant; readonly effect: string }>
}

export function emptyStory(node: string): Story {
  return {
    node,
    events: [],
    sent: 0,
    heard: 0,
    dhcp: { discovers: 0, requests: 0, declines: 0, archs: [], vendor: '', offer: undefined, offers: 0, ack: undefined, nak: undefined, faulty: undefined },
    transfers: [],
    questions: new Map(),
    neighbours: new Map(),
    connections: new Map(),
    nfs: { mounted: false, refused: undefined, mismatch: undefined, denied: undefined, stale: undefined },
    faults: new Map(),
  }
}

/** Entries of each table; a guest that floods is not explained by its thousandth question. */
const most = 256
/** Kept of the beginning and of the end. */
const mostEvents = 2000

/** The table's entry for `key`, made when there is room; else undefined. */
export function entry<Value>(table: Map<string, Value>, key: string, make: () => Value): Value | undefined {
  const found = table.get(key)
  if (found !== undefined || table.size >= most) return found
  const made = make()
  table.set(key, made)
  return made
}

/** Puts an event at the end. The first half of what is kept stays for good; of the second the oldest goes. */
export function tell(story: Story, time: Instant, topic: string, text: string): void {
  if (story.events.length >= mostEvents) story.events.splice(mostEvents >> 1, mostEvents >> 2)
  story.events.push({ time, topic, text })
}
