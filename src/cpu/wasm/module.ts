/** A wasm module: types, imports, functions, exports. WebAssembly core specification 2.0 §5.5; shared memory by the threads proposal. */
import { ByteWriter } from './bytes.ts'
import { Func, constant, typeCode } from './func.ts'
import { assert } from '../../base/errors.ts'
import type { FuncRef, Term, Type } from '../term.ts'

export interface MemoryImport {
  /** Pages of 64 KiB, both minimum and maximum. */
  readonly pages: number
}

/** A table of functions, imported as `env.table`. */
export interface TableImport {
  /** Entries, both minimum and maximum. */
  readonly size: number
}

export class Module {
  readonly #types: string[] = []
  readonly #imports: { name: string; type: number }[] = []
  readonly #functions: { func: Func; type: number }[] = []
  readonly #exports: { name: string; index: number }[] = []
  readonly #globals: { type: Type; value: bigint | number }[] = []
  readonly #memory: MemoryImport
  readonly #table: TableImport | undefined

  /** The memory is imported as `env.memory`, shared. */
  constructor(memory: MemoryImport, table?: TableImport) {
    this.#memory = memory
    this.#table = table
  }

  /** All imports come before the first function. Imported from module `env`. */
  import(name: string, params: readonly Type[], results: readonly Type[]): FuncRef {
    assert(this.#functions.length === 0, `import ${name} after a function`)
    this.#imports.push({ name, type: this.#type(params, results) })
    return { name, index: this.#imports.length - 1, params, results }
  }

  /** A function to be filled; it can be called before its body stands. */
  func(name: string, params: readonly Type[], results: readonly Type[], body?: (func: Func) => void): Func {
    const func = new Func(name, this.#imports.length + this.#functions.length, params, results)
    this.#functions.push({ func, type: this.#type(params, results) })
    body?.(func)
    return func
  }

  /** A mutable global. */
  global(type: Type, value: bigint | number): Term & { readonly index: number } {
    this.#globals.push({ type, value })
    return { kind: 'global', type, index: this.#globals.length - 1 }
  }

  /** The index of a function type, for `Func.callTable`. */
  signature(params: readonly Type[], results: readonly Type[]): number {
    return this.#type(params, results)
  }

  export(name: string, func: FuncRef): void {
    this.#exports.push({ name, index: func.index })
  }

  encode(): Uint8Array {
    const out = new ByteWriter()
    out.bytes([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00])
    this.#section(out, 1, this.#types.length, (section) => {
      for (const type of this.#types) section.bytes(Uint8Array.from(type, (char) => char.charCodeAt(0)))
    })
    this.#section(out, 2, this.#imports.length + 1 + (this.#table === undefined ? 0 : 1), (section) => {
      section.name('env')
      section.name('memory')
      section.bytes([0x02, 0x03])
      section.u32(this.#memory.pages)
      section.u32(this.#memory.pages)
      if (this.#table !== undefined) {
        section.name('env')
        section.name('table')
        section.bytes([0x01, 0x70, 0x01])
        section.u32(this.#table.size)
        section.u32(this.#table.size)
      }
      for (const { name, type } of this.#imports) {
        section.name('env')
        section.name(name)
        section.byte(0x00)
        section.u32(type)
      }
    })
    this.#section(out, 3, this.#functions.length, (section) => {
      for (const { type } of this.#functions) section.u32(type)
    })
    this.#section(out, 6, this.#globals.length, (section) => {
      for (const { type, value } of this.#globals) {
        section.bytes([typeCode(type), 0x01])
        constant(section, type, value)
        section.byte(0x0b)
      }
    })
    this.#section(out, 7, this.#exports.length, (section) => {
      for (const { name, index } of this.#exports) {
        section.name(name)
        section.byte(0x00)
        section.u32(index)
      }
    })
    this.#section(out, 10, this.#functions.length, (section) => {
      for (const { func } of this.#functions) func.encode(section)
    })
    return out.take()
  }

  /** A function type is kept as its own encoding, one character a byte, which makes equality a string comparison. */
  #type(params: readonly Type[], results: readonly Type[]): number {
    const key = String.fromCharCode(0x60, params.length, ...params.map(typeCode), results.length, ...results.map(typeCode))
    const known = this.#types.indexOf(key)
    if (known >= 0) return known
    this.#types.push(key)
    return this.#types.length - 1
  }

  #section(out: ByteWriter, id: number, count: number, fill: (section: ByteWriter) => void): void {
    if (count === 0) return
    out.byte(id)
    out.sized((section) => {
      section.u32(count)
      fill(section)
    })
  }
}
