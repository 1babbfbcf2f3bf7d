/** The capture of a net boot, read by tshark: DORA, the transfers, and nothing that it complains about. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'netloom-capture-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'netboot.pcapng')

const tshark = (filter: string, ...fields: readonly string[]): readonly string[] =>
  execFileSync('tshark', ['-r', file, '-Y', filter, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 28 }).split('\n').filter((line) => line !== '')

describe('the capture of netboot.yaml', () => {
  it('has DORA and the transfers, and nothing malformed', { timeout: 300_000 }, () => {
    execFileSync('node', ['dist/src/cli/main.js', 'test', 'topologies/netboot.yaml', '--capture', file], { stdio: 'ignore' })
    // Every frame of the node is recorded at both ends of its cable.
    expect(new Set(tshark('dhcp', 'dhcp.option.dhcp'))).toEqual(new Set(['1', '2', '3', '5']))
    expect(new Set(tshark('tftp.source_file', 'tftp.source_file'))).toEqual(new Set(['boot.scr.uimg', 'vmlinuz', 'initrd.img']))
    expect(tshark('_ws.malformed || _ws.expert.severity == error', 'frame.number')).toEqual([])
  })
})
