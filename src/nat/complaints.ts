/** A host's error code, as the ICMP message that a guest is told it by. RFC 792, RFC 1812 §5.2.7.1. */
import type { Complaint } from '../stack/ip.ts'
import type { OutsideComplaint } from './outside.ts'
import { timeExceeded, unreachable } from '../wire/icmp.ts'

const codes: Readonly<Record<string, number>> = {
  ECONNREFUSED: unreachable.port,
  ENETUNREACH: unreachable.network,
  EHOSTUNREACH: unreachable.host,
  EHOSTDOWN: unreachable.host,
  EMSGSIZE: unreachable.fragmentationNeeded,
  EPROTO: unreachable.protocol,
  EADDRNOTAVAIL: unreachable.host,
  EACCES: unreachable.prohibited,
  EPERM: unreachable.prohibited,
  EPROHIBITED: unreachable.prohibited,
  ENOTALLOWED: unreachable.prohibited,
  ENORESOLVER: unreachable.port,
}

/** Undefined: nothing is said, as nothing was heard (ETIMEDOUT), or for want of means of our own (EMFILE). */
export function complaintOf({ code, mtu }: Pick<OutsideComplaint, 'code' | 'mtu'>): Complaint | undefined {
  if (code === 'ETTL') return { kind: 'time exceeded', code: timeExceeded.transit, mtu: 0 }
  const number = codes[code]
  return number === undefined ? undefined : { kind: 'unreachable', code: number, mtu }
}

export const prohibited: Complaint = { kind: 'unreachable', code: unreachable.prohibited, mtu: 0 }
