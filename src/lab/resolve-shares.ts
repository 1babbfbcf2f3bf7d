/** `share:` of a node: folders of the host, or images, that its guest mounts. */
import type { Path } from '../stack/service.ts'
import type { Reading } from './reading.ts'
import type { NodeText } from './schema.ts'
import type { SharePlan } from './topology.ts'

const usualBytes = 512 * 2 ** 20

/** @throws {ConfigError} */
export function resolveShares(reading: Reading, path: Path, { share = [] }: NodeText): SharePlan[] {
  const written = Array.isArray(share) ? share : [share]
  const plans: SharePlan[] = []
  for (const [index, one] of written.entries()) {
    const at: Path = Array.isArray(share) ? [...path, 'share', index] : [...path, 'share']
    const { host, image, tag = `share${index}`, write = false, size = usualBytes } = typeof one === 'string' ? { host: one } : one
    if ((host === undefined) === (image === undefined)) reading.fail(at, 'needs either host: or image:', 'share: { host: ./folder }')
    if (plans.some((plan) => plan.tag === tag)) reading.fail(at, `two shares with the tag ${tag}`, 'tag: another')
    if (image !== undefined) reading.image([...at, 'image'], image)
    // An image can't be written to: what is written to it goes to memory.
    plans.push({ tag, source: { path: host, image, write: write === true && image !== undefined ? 'overlay' : write, limitBytes: size } })
  }
  return plans
}
