/** `netloom images ls|pull|rm`: what guests boot from, in the user's cache. */
import { HostError } from '../../host/host-error.ts'
import { ImageStore, type ImageRow } from '../../host/images/image-store.ts'
import { formatSize } from '../../lab/units.ts'
import { exitCodes } from '../failure.ts'
import type { GlobalOptions } from '../options.ts'
import { ProgressBar } from '../progress-bar.ts'
import { stopOnSignals } from '../signals.ts'
import { show } from '../table.ts'

export function list(options: GlobalOptions): number {
  print(new ImageStore().list(), options)
  return exitCodes.ok
}

/** Without names: every image there is. */
export async function pull(names: readonly string[], options: GlobalOptions): Promise<number> {
  return withStore(options, async (store) => {
    print(await store.pull(names.length > 0 ? names : store.list().map((row) => row.name)), options)
  })
}

export async function remove(names: readonly string[], options: GlobalOptions & { readonly all?: boolean }): Promise<number> {
  if (names.length === 0 && options.all !== true) throw new HostError('EINVAL', 'no image is named', 'netloom images rm NAME, or all of them: netloom images rm --all')
  return withStore(options, async (store) => {
    const bytes = await (options.all === true ? store.removeAll() : store.remove(names))
    if (options.quiet !== true) process.stdout.write(`${mebibytes(bytes)} freed\n`)
  })
}

async function withStore(options: GlobalOptions, work: (store: ImageStore) => Promise<void>): Promise<number> {
  const aborter = new AbortController()
  const signals = stopOnSignals(() => aborter.abort())
  const bar = new ProgressBar(options.quiet === true)
  const store = new ImageStore({ hear: bar.hear, signal: aborter.signal })
  try {
    await work(store).finally(() => bar.done())
    return exitCodes.ok
  } finally {
    store.close()
    signals.release()
  }
}

function print(rows: readonly ImageRow[], options: GlobalOptions): void {
  if (options.format === 'json') process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`)
  else show(rows.map(({ name, package: from, version, sizeBytes, cached, about }) => ({ name, cached: cached ? 'yes' : 'no', size: sizeBytes === undefined ? '' : mebibytes(sizeBytes), package: from, version: version ?? '', about })), 'table', 'there are no images')
}

function mebibytes(bytes: number): string {
  return bytes < 2 ** 20 ? formatSize(bytes) : `${(bytes / 2 ** 20).toFixed(1)}M`
}
