/** From a question to its answer, out of our own zones. RFC 1034 §4.3.2, RFC 2308, RFC 6891, RFC 8482. */
import type { Message, Question, Record } from '../../src/wire/dns.ts'
import type { Zones } from './zones.ts'
import { types } from '../../src/wire/dns-data.ts'
import { classes, opcodes, rcodes } from '../../src/wire/dns.ts'
import { fold } from '../../src/wire/dns-name.ts'

/** Payload that we take and send by UDP: what passes any path unfragmented (DNS flag day 2020). */
export const ourUdpBytes = 1232
/** Aliases followed for one question. */
const longestChain = 8

/** `elsewhere`: the question, or what an alias led to, is not ours to answer. */
export interface Answer {
  readonly message: Message
  readonly elsewhere: Question | undefined
}

/** An answer without records: what both the errors and the real ones are made from. */
export function blank(query: Message, rcode: number, recursive = false): Message {
  return {
    ...query,
    response: true,
    authoritative: false,
    truncated: false,
    recursionAvailable: recursive,
    authenticData: false,
    rcode,
    answers: [],
    authorities: [],
    additionals: [],
    edns: query.edns === undefined ? undefined : { udpBytes: ourUdpBytes, version: 0, dnssecOk: query.edns.dnssecOk, options: new Uint8Array(0) },
  }
}

/** The code that refuses a query before anything is looked up; undefined: it may be answered. */
export function refusal(query: Message): number | undefined {
  if (query.opcode !== opcodes.query) return rcodes.notImplemented
  if (query.questions.length !== 1 || query.truncated) return rcodes.formatError
  if ((query.edns?.version ?? 0) > 0) return rcodes.badVersion
  const [{ type, class: kind }] = query.questions
  if (kind !== classes.internet && kind !== classes.any) return rcodes.refused
  // Zone transfers (251 is IXFR): a lab's names are its own.
  return type === types.axfr || type === 251 || type === types.opt ? rcodes.refused : undefined
}

/** @param query one that `refusal` has let pass. */
export function answer(query: Message, zones: Zones, recursive: boolean): Answer {
  const [question] = query.questions
  const answers: Record[] = []
  const done = (rcode: number, authorities: readonly Record[] = [], elsewhere?: Question): Answer => ({
    message: { ...blank(query, rcode, recursive), authoritative: answers.length > 0 || authorities.length > 0, answers, authorities, additionals: glue(answers, zones) },
    elsewhere,
  })
  let name = question.name
  for (let step = 0; ; step++) {
    const zone = zones.of(fold(name))
    if (zone === undefined) return done(step === 0 ? rcodes.refused : rcodes.ok, [], { ...question, name })
    const records = zone.look(fold(name))
    if (records === undefined) return done(rcodes.noSuchName, [zone.soa])
    const fitting = choose(records, question.type)
    // The name goes back in the letters it was asked in.
    answers.push(...fitting.map((record) => ({ ...record, name })))
    const alias = fitting.length === 0 ? records.find((record) => record.type === types.cname) : undefined
    if (alias?.data.kind !== 'name') return done(rcodes.ok, fitting.length === 0 ? [zone.soa] : [])
    if (step === longestChain || answers.some((each) => fold(each.name) === fold((alias.data as { name: string }).name))) return done(rcodes.serverFailure)
    answers.push({ ...alias, name })
    name = alias.data.name
  }
}

/** ANY gets one of the sets that are there (RFC 8482 §4.1), not all. */
function choose(records: readonly Record[], type: number): readonly Record[] {
  const wanted = type === types.any ? records.find((each) => each.type !== types.soa)?.type ?? types.soa : type
  return records.filter((each) => each.type === wanted)
}

/** Addresses of the hosts that the answers name, so that nobody need ask twice (RFC 1035 §3.3.9, RFC 2782). */
function glue(answers: readonly Record[], zones: Zones): readonly Record[] {
  return answers.flatMap(({ type, data }) => {
    const host = data.kind === 'mx' ? data.exchange : data.kind === 'srv' ? data.target : type === types.ns && data.kind === 'name' ? data.name : undefined
    const found = host === undefined ? undefined : zones.of(fold(host))?.look(fold(host))
    return (found ?? []).filter((each) => each.type === types.a || each.type === types.aaaa)
  })
}
