/** Bindings on disk: what a line of the journal says of one. */
import type { EntryForm } from '../journal.ts'
import type { Binding } from './bindings.ts'

export const bindingForm: EntryForm<Binding> = {
  write: ({ what, owner }) => ({ what, owner }),
  read: ({ what, owner }) => (typeof what === 'string' && typeof owner === 'string' ? { what, owner } : undefined),
}
