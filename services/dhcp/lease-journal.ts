/** Leases on disk: what a line of the journal says of one. */
import type { EntryForm } from '../journal.ts'
import type { Lease } from './lease-table.ts'

export const leaseForm: EntryForm<Lease> = {
  write: ({ address, client, mac, name }) => ({ address, client, mac, name }),
  read: ({ address, client, mac, name }) => {
    if (typeof client !== 'string' || typeof mac !== 'string' || typeof name !== 'string') return undefined
    return typeof address === 'number' && Number.isInteger(address) && address >= 0 && address <= 0xffff_ffff ? { address, client, mac, name } : undefined
  },
}
