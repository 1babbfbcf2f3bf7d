/** Goes to a moment of a kept run: an instant, a frame, what a console says. */
import { ConfigError } from '../../base/errors.ts'
import { formatTime, type Instant } from '../../base/time.ts'
import { type Moment, parseMoment } from '../../lab/debug/moment.ts'
import { TextWatch } from '../../lab/transcript.ts'
import { Trace } from '../../link/trace.ts'
import { linkTypes } from '../../wire/pcapng-blocks.ts'
import type { Capture } from '../../wire/pcapng.ts'
import { lineOf } from '../../wire/dissect.ts'
import type { TimeMachine } from './time-machine.ts'

export interface Reached {
  /** What there is to see, a line of text. */
  readonly text: string
  /** Whose it is, if one machine's. */
  readonly node: string | undefined
}

const forever = 2 ** 52

/** @param frames of the kept run. @throws {ConfigError} when the run has no such moment. */
export async function reachMoment(time: TimeMachine, moment: Moment, frames: Capture): Promise<Reached> {
  switch (moment.kind) {
    case 'time': {
      if ((await time.reachInstant(moment.time)) === 'end') throw new ConfigError(`the run ended before ${formatTime(moment.time)}, at ${formatTime(time.lab.now)}`)
      return { text: `everything up to ${formatTime(moment.time)} has happened\n`, node: undefined }
    }
    case 'frame':
      return reachFrame(time, moment.number, frames)
    case 'console':
      return reachConsole(time, moment.text)
  }
}

/** A debugger's `goto`, from one machine to a moment. @returns a line of text. @throws {ConfigError} */
export async function gotoWords(time: TimeMachine, words: string, frames: Capture): Promise<string> {
  const { text } = await reachMoment(time, parseMoment(words.trim()), frames)
  return `${text}${time.node} stands at ${formatTime(time.core.now)}\n`
}

async function reachFrame(time: TimeMachine, number: number, { packets, interfaces }: Capture): Promise<Reached> {
  const packet = packets[number - 1]
  if (packet === undefined) throw new ConfigError(`the run has no frame ${number}`, undefined, packets.length === 0 ? 'it has none at all' : `it has 1 to ${packets.length}`)
  const { name, linkType } = interfaces[packet.interface]
  const layers = new Trace().layers(packet.bytes, linkType === linkTypes.raw ? 'ip' : 'ethernet')
  await time.reachInstant(packet.time)
  const node = name.split(':')[0]
  return { text: `frame ${number}, ${formatTime(packet.time as Instant)} at ${name}: ${lineOf(layers)}\n`, node: time.lab.machines.has(node) ? node : undefined }
}

async function reachConsole(time: TimeMachine, text: string): Promise<Reached> {
  let said: string | undefined
  const stops = [...time.lab.machines].map(([node, { transcript, machine }]) => {
    const watch = new TextWatch(text)
    return transcript.listen((bytes) => {
      if (said !== undefined || !watch.feed(bytes)) return
      said = node
      // In the middle of its run, at the instruction that said it.
      machine.yieldNow()
    })
  })
  await time.forward({ limit: forever, heed: () => said !== undefined })
  for (const stop of stops) stop()
  if (said === undefined) throw new ConfigError(`no console says ${JSON.stringify(text)} from there on`, undefined, 'netloom logs NODE, or consoles/ of the kept run, has what was said')
  return { text: `${said} has just said ${JSON.stringify(text)}\n`, node: said }
}
