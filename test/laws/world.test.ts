/** Laws 3 and 5: nobody below the window asks the world for time or chance, and below services nothing waits. */
import { expect, it } from 'vitest'
import { sources } from './source.ts'

const windowed = ['host', 'cli', 'web']
const synchronous = ['base', 'wire', 'link', 'stack', 'nat', 'disk', 'cpu', 'board']
/** What the compiler can't keep out, because it is part of the language. */
const worldly = /\b(?:Date\b|Math\.random\b|performance\.|process\.|globalThis\b|crypto\.|Atomics\.wait|setTimeout\b|setInterval\b|setImmediate\b|queueMicrotask\b|console\.(?:log|error|warn|info|debug)\b|Buffer\.)/
const waiting = /\b(?:async\b|await\b|Promise\b|\.then\()/

it('the rooms without a window ask the world for nothing', () => {
  const complaints = sources('src', 'services')
    .filter(({ room }) => !windowed.includes(room))
    .flatMap(({ path, code }) => (worldly.exec(code) === null ? [] : [`${path} says "${(worldly.exec(code) as RegExpExecArray)[0]}". Time and chance come through the constructor.`]))
  expect(complaints).toEqual([])
})

it('nothing below services is asynchronous', () => {
  const complaints = sources('src')
    .filter(({ room }) => synchronous.includes(room))
    .flatMap(({ path, code }) => (waiting.exec(code) === null ? [] : [`${path} says "${(waiting.exec(code) as RegExpExecArray)[0]}". Protocols below services/ are state machines.`]))
  expect(complaints).toEqual([])
})
