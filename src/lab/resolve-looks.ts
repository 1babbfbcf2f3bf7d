/** Tests of a guest's memory and registers, as they are written → what is looked at. */
import { putU64le, unhex, utf8 } from '../base/bytes.ts'
import { ramBase } from '../board/memory-map.ts'
import { integerNames } from '../cpu/isa/registers.ts'
import type { Path } from '../stack/service.ts'
import type { Reading } from './reading.ts'
import type { TestText } from './schema.ts'
import type { MemoryLook, RegisterLook } from './tests/guest-tests.ts'
import type { MachinePlan } from './topology.ts'

type Text<Word extends 'memory' | 'register'> = NonNullable<TestText[Word]>

/** Those of a hart's dump beside x and f registers. */
const others = ['pc', 'mstatus', 'mepc', 'mcause', 'mtval', 'mtvec', 'mie', 'mip', 'medeleg', 'mideleg', 'sepc', 'scause', 'stval', 'stvec', 'satp']

/** @throws {ConfigError} */
export function memoryLook(reading: Reading, path: Path, text: Text<'memory'>, { memoryBytes }: Pick<MachinePlan, 'memoryBytes'>): MemoryLook {
  const at = Number(text.at)
  const said = (['equals', 'text', 'bytes'] as const).filter((word) => text[word] !== undefined)
  if (said.length !== 1) reading.fail(path, said.length === 0 ? 'wants nothing' : `${said.join(' and ')} at once`, 'e.g. { at: 0x80200000, equals: 0x2a, width: 4 }, { at: …, text: "hello" } or { at: …, bytes: "de ad" }', 'key')
  if (text.width !== undefined && text.equals === undefined) reading.fail([...path, 'width'], 'goes with equals only', undefined, 'key')
  const width = text.width ?? 4
  const wanted = text.text !== undefined ? utf8(text.text) : text.bytes !== undefined ? unhex(text.bytes.replace(/\s/g, '')) : little(text.equals as number | string, width)
  if (text.equals !== undefined && BigInt.asUintN(8 * width, BigInt(text.equals)) !== BigInt.asUintN(64, BigInt(text.equals)) && BigInt(text.equals) >= 0n) reading.fail([...path, 'equals'], `does not fit ${width} bytes`, 'width: 8')
  if (at < ramBase || at + wanted.length > ramBase + memoryBytes) reading.fail([...path, 'at'], `0x${at.toString(16)} is not in its memory`, `that is from 0x${ramBase.toString(16)} to 0x${(ramBase + memoryBytes - 1).toString(16)}`)
  return { at, wanted, as: text.text !== undefined ? 'text' : text.bytes !== undefined ? 'bytes' : 'number' }
}

/** @throws {ConfigError} */
export function registerLook(reading: Reading, path: Path, text: Text<'register'>, { cpus }: Pick<MachinePlan, 'cpus'>): RegisterLook {
  const hart = text.hart ?? 0
  if (hart >= cpus) reading.fail([...path, 'hart'], `it has ${cpus} hart${cpus === 1 ? '' : 's'}, counted from 0`)
  const floats = Array.from({ length: 32 }, (_, number) => `f${number}`)
  reading.known([...path, 'name'], text.name, [...integerNames, ...others, ...floats], 'register')
  return { name: text.name, hart, wanted: BigInt.asUintN(64, BigInt(text.equals)) }
}

function little(value: number | string, width: number): Uint8Array {
  const bytes = new Uint8Array(8)
  putU64le(bytes, 0, BigInt.asUintN(64, BigInt(value)))
  return bytes.subarray(0, width)
}
