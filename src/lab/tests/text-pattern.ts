/** What a console is watched for: a text as it stands, or between slashes a regular expression: `"login:"`, `"/^login: $/m"`. */

export interface TextPattern {
  /** As written. */
  readonly text: string
  /** Source and flags; undefined: the text itself is looked for. */
  readonly expression: { readonly source: string; readonly flags: string } | undefined
}

/** @throws {SyntaxError} for a regular expression that is none. */
export function readTextPattern(text: string): TextPattern {
  const match = /^\/(.+)\/([imsu]*)$/s.exec(text)
  if (match === null) return { text, expression: undefined }
  const expression = { source: match[1], flags: match[2] }
  void new RegExp(expression.source, expression.flags)
  return { text, expression }
}

export const showPattern = ({ text, expression }: TextPattern): string => (expression === undefined ? JSON.stringify(text) : text)
