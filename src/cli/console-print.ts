/** Consoles of several nodes on one output: whole lines, each with its node's name in front. */
import { nodeColour, paint } from './paint.ts'

/** A guest that never ends its line gets it cut here, in characters. */
const longestLine = 4096

export class ConsolePrint {
  readonly #names: readonly string[]
  readonly #partial = new Map<string, string>()
  readonly #write: (text: string) => void
  readonly #decoders = new Map<string, InstanceType<typeof TextDecoder>>()

  /** @param names of all nodes, in the order of the file. */
  constructor(names: readonly string[], write: (text: string) => void) {
    this.#names = names
    this.#write = write
  }

  hear(node: string, bytes: Uint8Array): void {
    let decoder = this.#decoders.get(node)
    if (decoder === undefined) this.#decoders.set(node, (decoder = new TextDecoder()))
    const text = (this.#partial.get(node) ?? '') + decoder.decode(bytes, { stream: true })
    const lines = text.split('\n')
    let rest = lines.pop() as string
    for (const line of lines) this.#line(node, line)
    while (rest.length > longestLine) {
      this.#line(node, rest.slice(0, longestLine))
      rest = rest.slice(longestLine)
    }
    this.#partial.set(node, rest)
  }

  /** Prints what has no line end yet. */
  flush(): void {
    for (const [node, rest] of this.#partial) if (rest !== '') this.#line(node, rest)
    this.#partial.clear()
  }

  #line(node: string, line: string): void {
    const width = Math.max(...this.#names.map((name) => name.length))
    const front = paint(process.stdout, nodeColour(this.#names.indexOf(node)), `${node.padEnd(width)} |`)
    this.#write(`${front} ${plainText(line)}\n`)
  }
}

/** Without escape sequences (ECMA-48) and control characters: a prefixed line must not move the cursor. */
export function plainText(line: string): string {
  // eslint-disable-next-line no-control-regex
  return line.replace(/\x1b(?:\[[0-?]*[ -/]*[@-~]|[()][A-Z0-9]|[@-Z\\-_=>78])/g, '').replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '')
}
