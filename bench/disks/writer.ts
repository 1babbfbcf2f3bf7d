/** The one who is killed: writes records into an image, and says of each batch that it was flushed. Arguments: image, format, seed. */
import { writeSync } from 'node:fs'
import { SeededRandom } from '../../src/base/random.ts'
import type { FormatName } from '../../src/disk/format.ts'
import { openDiskImage } from '../../src/host/disks.ts'

const [path, format, seed] = process.argv.slice(2)
const image = openDiskImage(path, { readOnly: false, format: format as FormatName })
const random = new SeededRandom(seed)
for (let batch = 0; ; batch++) {
  const sectors: number[] = []
  for (let at = 0; at < 8; at++) {
    // Sector n belongs to batch n modulo the batches there are, so that no later batch overwrites an earlier one's.
    const sector = batch * 8 + at
    if ((sector + 1) * 7 * 512 > image.size) process.exit(0)
    image.write(sector * 7 * 512, new Uint8Array(512).fill(1 + (sector % 250)))
    sectors.push(sector)
    if (random.below(4) === 0) image.write(image.size - 512 * (1 + random.below(64)), new Uint8Array(512).fill(0xee))
  }
  image.flush()
  writeSync(1, `${batch}\n`)
}
