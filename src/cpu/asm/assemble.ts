/** Assembly source: GNU as's line format for RISC-V, with the directives that programs of ours use. */
import { AssemblyError } from './assembly-error.ts'
import { Assembler, type Program } from './assembler.ts'

/**
 * @param origin address of the first byte
 * @param source text (`label: op operands # comment`, `;` between statements), or a function that gives the statements
 * @throws {AssemblyError} with the line that is wrong
 */
export function assemble(origin: number | bigint, source: string | ((assembler: Assembler) => void)): Program {
  const assembler = new Assembler(origin)
  if (typeof source === 'string') read(assembler, source)
  else source(assembler)
  return assembler.finish()
}

/** Reads more source into an assembler. @throws {AssemblyError} */
export function read(assembler: Assembler, source: string): void {
  for (const [index, line] of source.split('\n').entries()) {
    assembler.line = index + 1
    for (const part of split(line, ';')) statement(assembler, part)
  }
  assembler.line = undefined
}

function statement(assembler: Assembler, text: string): void {
  let rest = text.trim()
  for (let label = /^([\w.$]+)\s*:/.exec(rest); label !== null; label = /^([\w.$]+)\s*:/.exec(rest)) {
    assembler.label(label[1])
    rest = rest.slice(label[0].length).trim()
  }
  const name = /^\S*/.exec(rest)?.[0] ?? ''
  if (name === '') return
  const operands = split(rest.slice(name.length), ',').map((operand) => operand.trim())
  const given = operands.length === 1 && operands[0] === '' ? [] : operands
  if (name.startsWith('.')) directive(assembler, name, given)
  else assembler.op(name, ...given)
}

/** Cuts at a separator outside quotes and stops at a comment. */
function split(text: string, separator: string): readonly string[] {
  const parts = ['']
  for (let at = 0; at < text.length; at++) {
    const quoted = /^(?:"(?:\\.|[^\\"])*"|'(?:\\.|[^\\'])')/.exec(text.slice(at))?.[0]
    if (quoted === undefined && (text[at] === '#' || text.startsWith('//', at))) break
    if (quoted !== undefined) {
      parts[parts.length - 1] += quoted
      at += quoted.length - 1
    } else if (text[at] === separator) parts.push('')
    else parts[parts.length - 1] += text[at]
  }
  return parts
}

const widths: Readonly<Record<string, 1 | 2 | 4 | 8>> = {
  '.byte': 1, '.half': 2, '.2byte': 2, '.short': 2, '.word': 4, '.4byte': 4, '.dword': 8, '.8byte': 8, '.quad': 8,
}

function directive(assembler: Assembler, name: string, operands: readonly string[]): void {
  const width = widths[name]
  if (width !== undefined) return assembler.data(width, ...operands)
  const number = (index: number): number => Number(assembler.value(operands[index] ?? ''))
  switch (name) {
    case '.ascii': return operands.forEach((operand) => assembler.text(unquoted(operand, assembler.line)))
    case '.asciz':
    case '.string': return operands.forEach((operand) => assembler.text(`${unquoted(operand, assembler.line)}\0`))
    case '.space':
    case '.zero': return assembler.space(number(0))
    case '.balign': return assembler.align(number(0))
    // On RISC-V .align counts in powers of two.
    case '.align':
    case '.p2align': return assembler.align(2 ** number(0))
    case '.equ':
    case '.set': return assembler.define(operands[0] ?? '', assembler.value(operands[1] ?? ''))
    case '.option': return option(assembler, operands[0])
  }
  throw new AssemblyError(`no directive is called ${name}`, assembler.line)
}

function option(assembler: Assembler, what: string | undefined): void {
  if (what !== 'rvc' && what !== 'norvc') throw new AssemblyError('.option should be rvc or norvc', assembler.line)
  assembler.compressing = what === 'rvc'
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', 0: '\0' }

function unquoted(text: string, line: number | undefined): string {
  if (!/^".*"$/.test(text)) throw new AssemblyError(`${text}: a string in double quotes is wanted`, line)
  return text.slice(1, -1).replace(/\\x([0-9a-fA-F]{2})|\\(.)/g, (_, hex?: string, letter?: string) =>
    hex === undefined ? (escapes[letter as string] ?? (letter as string)) : String.fromCharCode(Number.parseInt(hex, 16)))
}
