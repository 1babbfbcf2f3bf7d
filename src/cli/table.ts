/** Rows for people (`table`) or for programs (`json`, a stable contract). */
import { printable } from './failure.ts'

export type Format = 'table' | 'json'
export type TableRow = Readonly<Record<string, string | number | boolean | undefined>>

/** @param empty said instead of a table without rows. */
export function show(rows: readonly TableRow[], format: Format, empty: string): void {
  if (format === 'json') process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`)
  else process.stdout.write(rows.length === 0 ? `${empty}\n` : table(rows))
}

/** Columns padded to their widest cell; numbers to the right. */
export function table(rows: readonly TableRow[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const cells = rows.map((row) => columns.map((column) => printable(String(row[column] ?? ''))))
  const widths = columns.map((column, at) => Math.max(column.length, ...cells.map((row) => row[at].length)))
  const right = columns.map((column) => rows.every((row) => row[column] === undefined || typeof row[column] === 'number'))
  const line = (words: readonly string[]): string => words.map((word, at) => (right[at] ? word.padStart(widths[at]) : word.padEnd(widths[at]))).join('  ').trimEnd()
  return [line(columns.map((column) => heading(column))), ...cells.map(line)].join('\n') + '\n'
}

/** `sentFrames` → `SENTFRAMES`: as narrow as its column. */
function heading(column: string): string {
  return column.toUpperCase()
}
