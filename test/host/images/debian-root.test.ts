import { describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../../../src/base/bytes.ts'
import { debianRecipe } from '../../../src/host/images/debian-root.ts'

const plain = { modules: [], packages: [], files: new Map<string, Uint8Array>() }

describe('the recipe of a Debian root', () => {
  it('has systemd, a login and accounts, and no init of ours', () => {
    const recipe = debianRecipe(plain)
    expect(recipe.packages).toEqual(expect.arrayContaining(['systemd-sysv', 'udev', 'login', 'base-files']))
    expect(fromUtf8(recipe.files.get('/etc/shadow') ?? new Uint8Array())).toMatch(/^root::/)
    expect(recipe.bare).toBe(true)
    expect(recipe.init).toBeUndefined()
  })

  it('takes packages once and lets the lab’s files go over its own', () => {
    const recipe = debianRecipe({ modules: ['ext4'], packages: ['udev', 'curl'], files: new Map([['/etc/hostname', utf8('board\n')]]) })
    expect(recipe.packages.filter((name) => name === 'udev')).toHaveLength(1)
    expect(recipe.packages.at(-1)).toBe('curl')
    expect(recipe.modules).toEqual(['ext4'])
    expect(fromUtf8(recipe.files.get('/etc/hostname') ?? new Uint8Array())).toBe('board\n')
    expect(fromUtf8(debianRecipe(plain).files.get('/etc/hostname') ?? new Uint8Array())).toBe('debian\n')
  })
})
