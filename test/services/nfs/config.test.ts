import { describe, expect, it } from 'vitest'
import { ServiceConfigError } from '../../../src/stack/service.ts'
import { nfs } from '../../../services/nfs/nfs.ts'
import { parseConfig } from '../../../services/nfs/config.ts'

const refusal = (config: unknown): string => {
  try {
    parseConfig(config)
    return 'accepted'
  } catch (error) {
    if (!(error instanceof ServiceConfigError)) throw error
    return `${error.path.join('.')}: ${error.message}${error.hint === undefined ? '' : ` | ${error.hint}`}`
  }
}

describe('an export', () => {
  it('may be a path alone: read-only, root squashed', () => {
    expect(parseConfig({ exports: { '/srv//root/': './rootfs' } }).exports).toEqual([
      { name: '/srv/root', source: { path: './rootfs', image: undefined, write: false, limitBytes: 512 * 2 ** 20 }, squash: 'root', uid: 65_534, gid: 65_534, clients: [], secure: false },
    ])
  })

  it('may say everything', () => {
    const { exports } = parseConfig({ exports: { '/': { image: 'rootfs', write: true, squash: 'all', uid: 1000, gid: 100, clients: ['10.0.0.0/24', '10.1.2.3'], secure: true, size: '64M' } } })
    expect(exports).toEqual([
      {
        name: '/',
        // An image is never written to: what guests write stays in memory.
        source: { path: undefined, image: 'rootfs', write: 'overlay', limitBytes: 64 * 2 ** 20 },
        squash: 'all',
        uid: 1000,
        gid: 100,
        clients: [{ network: 0x0a000000, prefix: 24 }, { network: 0x0a010203, prefix: 32 }],
        secure: true,
      },
    ])
  })

  it('names its image for the lab to fetch', () => {
    expect(nfs.images?.(parseConfig({ exports: { '/a': './a', '/b': { image: 'rootfs' } } }))).toEqual([{ path: ['exports', '/b', 'image'], image: 'rootfs' }])
  })
})

it.each([
  [null, 'exports: nfs has nothing to export | for example exports: { /srv/root: { path: ./rootfs } }'],
  [{ export: {} }, 'export: there is no key "export" here | did you mean "exports"?'],
  [{ exports: { srv: './x' } }, 'exports.srv: found "srv", expected a path such as /srv/root'],
  [{ exports: { '/srv/../etc': './x' } }, 'exports./srv/../etc: found "/srv/../etc", expected a path such as /srv/root'],
  [{ exports: { '/a': {} } }, 'exports./a: /a needs either path: or image: | for example { path: ./rootfs }'],
  [{ exports: { '/a': { path: './a', image: 'b' } } }, 'exports./a: /a needs either path: or image: | for example { path: ./rootfs }'],
  [{ exports: { '/a': { path: './a', write: 'yes' } } }, 'exports./a.write: found "yes", expected true, false or overlay'],
  [{ exports: { '/a': { path: './a', squash: 'nobody' } } }, 'exports./a.squash: found "nobody", expected root, all or none'],
  [{ exports: { '/a': { path: './a', clients: ['10.0.0.1/24'] } } }, 'exports./a.clients: found "10.0.0.1/24", expected a network such as 10.0.0.0/24'],
  [{ exports: { '/a': { path: './a', size: 5 } } }, 'exports./a.size: found 5, expected a size such as 64M'],
])('%j is refused: %s', (config, message) => expect(refusal(config)).toBe(message))
