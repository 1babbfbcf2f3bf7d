/** Address decoding: which model answers where. One table look-up an access, by 4 KiB page. */
import { assert } from '../base/errors.ts'
import type { MmioDevice, Width } from './bus.ts'

interface Place {
  readonly address: number
  readonly device: MmioDevice
}

const pageShift = 12

export class BusMap {
  readonly #places: readonly Place[]
  /** Page number → index into `#places` plus one; 0 is nobody. Devices don't share a page. */
  readonly #pages: Uint8Array

  constructor(places: readonly Place[]) {
    assert(places.length < 255, `${places.length} devices on one bus`)
    this.#places = places
    const top = Math.max(0, ...places.map(({ address, device }) => address + device.span))
    this.#pages = new Uint8Array(Math.ceil(top / 4096))
    places.forEach(({ address, device }, index) => {
      assert(address % 4096 === 0, `${device.name} at 0x${address.toString(16)} does not start on a page`)
      for (let page = address >>> pageShift; page < (address + device.span) / 4096; page++) {
        assert(this.#pages[page] === 0, `${device.name} overlaps another device at 0x${(page * 4096).toString(16)}`)
        this.#pages[page] = index + 1
      }
    })
  }

  /** @returns undefined where nobody answers: unmapped, past a device's span, or not aligned to the access. */
  read(address: number, width: Width): number | undefined {
    const place = this.#place(address, width)
    return place?.device.read(address - place.address, width)
  }

  /** @returns false where nobody answers. */
  write(address: number, width: Width, value: number): boolean {
    const place = this.#place(address, width)
    if (place === undefined) return false
    place.device.write(address - place.address, width, width === 4 ? value >>> 0 : value & ((1 << (8 * width)) - 1))
    return true
  }

  #place(address: number, width: Width): Place | undefined {
    // The table ends far below 2^32, so an address whose page number would wrap must not reach the shift.
    if (!(address >= 0 && address < this.#pages.length * 4096) || (address & (width - 1)) !== 0) return undefined
    const index = this.#pages[address >>> pageShift]
    if (index === 0) return undefined
    const place = this.#places[index - 1]
    return address - place.address + width <= place.device.span ? place : undefined
  }
}
