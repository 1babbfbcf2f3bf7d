/** The source of a program is wrong: the message begins with the line, counted from 1, where there is one. */
export class AssemblyError extends Error {
  override readonly name = 'AssemblyError'

  constructor(message: string, line?: number) {
    super(line === undefined ? message : `line ${line}: ${message}`)
  }
}
