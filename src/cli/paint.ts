/** Colours on a terminal, and none where NO_COLOR (no-color.org) says so or where nobody looks. */

type Colour = 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'bold' | 'dim'
const codes: Readonly<Record<Colour, number>> = { red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36, bold: 1, dim: 2 }
const nodeColours: readonly Colour[] = ['cyan', 'yellow', 'green', 'magenta', 'blue', 'red']

/** Whether `stream` shows colours. */
export function coloured(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '' && FORCE_COLOR !== '0') return true
  return stream.isTTY === true && TERM !== 'dumb'
}

export function paint(stream: NodeJS.WriteStream, colour: Colour, text: string): string {
  return coloured(stream) ? `\x1b[${codes[colour]}m${text}\x1b[0m` : text
}

/** The colour in which the `index`th node speaks. */
export function nodeColour(index: number): Colour {
  return nodeColours[index % nodeColours.length]
}
