/** How much of everything NAT keeps, and how long. Times by RFC 5382 (TCP), RFC 4787 (UDP) and RFC 5508 (ICMP). */
import { seconds } from '../base/time.ts'

/** Connections at once; a SYN beyond them gets no answer, as from a network that is full. */
export const mostStreams = 16_384
/** Dials under way at once: fewer than TCP holds for us (stack/tcp/forward.ts), so that none is forgotten. */
export const mostDials = 2048
/** UDP mappings at once: each costs the host a socket. The one idle for longest makes room. */
export const mostDatagrams = 4096
/** Echo mappings at once, likewise. */
export const mostEchoes = 256
/** Others that one UDP mapping may hear from; the oldest is forgotten. */
export const mostPeers = 256
/** Echoes of one mapping whose errors are still matched. */
export const mostEchoesKept = 64
/** What came from outside and waits for the lab, in bytes of datagrams; what comes beyond is dropped, as a full interface would. */
export const mostWaiting = 16 << 20
/** While all connections of the stack hold more than this share of what they may, none is given more to carry. */
export const tightShare = 0.5

/** "it MUST NOT be less than 2 hours 4 minutes" (RFC 5382 REQ-5). */
export const openIdle = seconds(7440)
/** "The value of the 'transitory connection idle-timeout' MUST NOT be less than 4 minutes" (RFC 5382 REQ-5). */
export const closingIdle = seconds(240)
/** "A default value of five minutes or more … is RECOMMENDED" (RFC 4787 REQ-5). */
export const datagramIdle = seconds(300)
/** A mapping that was for questions to a name server alone (RFC 4787 REQ-5 a: well-known ports may have less). */
export const questionIdle = seconds(20)
/** "An ICMP Query session timer MUST NOT expire in less than 60 seconds" (RFC 5508 REQ-2). */
export const echoIdle = seconds(60)
/** So often idle flows are looked for. */
export const sweepEvery = seconds(1)
