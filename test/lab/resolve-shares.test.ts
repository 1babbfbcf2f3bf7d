import { describe, expect, it } from 'vitest'
import { read, refusal } from './dictionary.ts'

const lab = (share: string, more = ''): string => `name: t\n${more}nodes:\n  node1: { kernel: linux, share: ${share} }\n`
const of = (share: string): unknown => read(lab(share)).machines[0].shares
const usual = { path: './folder', image: undefined, write: false, limitBytes: 2 ** 29 }

describe('shares', () => {
  it('are a folder, a folder with settings, or several of either', () => {
    expect(of('./folder')).toEqual([{ tag: 'share0', source: usual }])
    expect(of('{ host: ./folder, tag: /dev/root, write: true }')).toEqual([{ tag: '/dev/root', source: { ...usual, write: true } }])
    expect(of('[{ host: ./folder, write: overlay, size: 1M }, ./folder]')).toEqual([{ tag: 'share0', source: { ...usual, write: 'overlay', limitBytes: 2 ** 20 } }, { tag: 'share1', source: usual }])
  })

  it('of an image are written to memory', () => expect(of('{ image: initramfs, write: true }')).toEqual([{ tag: 'share0', source: { path: undefined, image: 'initramfs', write: 'overlay', limitBytes: 2 ** 29 } }]))

  it('come from a node’s kind as well', () => expect(read('name: t\ndefaults: { share: ./folder }\nnodes: { node1: { kernel: linux } }\n').machines[0].shares).toEqual([{ tag: 'share0', source: usual }]))

  it.each([
    ['{ tag: x }', 'lab.yaml:3:34: nodes.node1.share: needs either host: or image: | share: { host: ./folder }'],
    ['{ host: ./a, image: linux }', 'lab.yaml:3:34: nodes.node1.share: needs either host: or image: | share: { host: ./folder }'],
    ['{ image: linus }', 'lab.yaml:3:43: nodes.node1.share.image: there is no image "linus" | did you mean "linux"?'],
    ['[./a, { host: ./b, tag: share0 }]', 'lab.yaml:3:40: nodes.node1.share[1]: two shares with the tag share0 | tag: another'],
    ['[./a, ./b, ./c, ./d, ./e, ./f, ./g, ./h]', 'lab.yaml:3:3: nodes.node1: 0 interfaces, 0 disks and 8 shares; a machine has room for 7 in all'],
    ['{ host: ./a, tag: "a b" }', 'lab.yaml:3:52: nodes.node1.share.tag: found "a b", a mount tag is up to 64 letters, digits and signs, without blanks and commas'],
    ['{ host: ./a, write: yes }', 'lab.yaml:3:54: nodes.node1.share.write: found "yes", expected true, false or overlay'],
    ['{ folder: ./a }', 'lab.yaml:3:36: unknown key "folder" in nodes.node1.share | expected host, image, size, tag or write'],
    ['7', 'lab.yaml:3:34: nodes.node1.share: found 7, expected ./folder, { host, image, tag, write, size }, or a list of them'],
  ])('%s is refused with its place', (share, message) => expect(refusal(lab(share))).toBe(message))

  it('are not for a node of kind service', () => {
    const text = 'name: t\nnetworks: { lan: { subnet: 10.0.0.0/24 } }\nnodes:\n  box: { kind: service, share: ./a, networks: { lan: { address: 10.0.0.2 } } }\n'
    expect(refusal(text)).toBe('lab.yaml:4:25: nodes.box.share: a node of kind service has no such thing')
  })
})
