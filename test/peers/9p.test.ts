/** Shares and a 9P client that we did not write: Linux' v9fs in a Debian guest, on a folder of this computer. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Instant } from '../../src/base/time.ts'
import { openLab } from '../../src/host/open-lab.ts'
import { HostVolume } from '../../src/host/volume/host-volume.ts'

const shipped = fileURLToPath(new URL('../../topologies/', import.meta.url))
let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'netloom-9p-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a Debian guest', () => {
  it('passes our cases on a folder of this computer, which keeps owners, modes and devices beside it', { timeout: 600_000 }, async () => {
    mkdirSync(join(folder, 'rw'))
    cpSync(join(shipped, 'hostfs'), join(folder, 'hostfs'), { recursive: true })
    const more = 'busybox mkdir /rw && mount -t 9p -o trans=virtio,version=9p2000.L rw /rw && bash /mnt/cases.sh /rw && cp /usr/bin/env /rw && chown 7:8 /rw/env && chmod 4755 /rw/env && sync'
    const text = readFileSync(join(shipped, 'hostfs.yaml'), 'utf8').replace('tag: cases }', 'tag: cases }\n      - { host: ./rw, tag: rw, write: true }').replace('busybox mkdir /cases && bash /mnt/cases.sh /cases', more)
    expect(text).toContain('busybox mkdir /rw')
    writeFileSync(join(folder, 'lab.yaml'), text)
    const { lab } = await openLab({ file: join(folder, 'lab.yaml') })
    lab.endWithTests = true
    lab.run(2 ** 52 as Instant, () => true)
    lab.close('done')
    expect(lab.verdicts.all.filter(({ outcome }) => outcome !== 'passed').map(({ message }) => message)).toEqual([])
    // Nothing is given away or made set-id on the host.
    const env = statSync(join(folder, 'rw', 'env'))
    expect([env.uid, env.mode & 0o7777]).toEqual([process.getuid?.(), 0o755])
    const again = new HostVolume({ root: join(folder, 'rw'), write: false, clock: () => 0n })
    const attributes = (name: string): unknown => again.attributes(again.lookup(again.root, name))
    expect([attributes('env'), attributes('null')]).toMatchObject([{ uid: 7, gid: 8, mode: 0o4755 }, { kind: 'character', major: 1, minor: 3 }])
    again.close()
  })
})
