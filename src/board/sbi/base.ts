/** Base extension: who answers here, and what is there. SBI 2.0, chapter 4. */
import { type Extension, notSupported, succeed } from './answer.ts'

/** 2.0. */
const version = 0x0200_0000
/** Not one of the registered implementations: "NL". */
const implementation = 0x4e4c

/** @param known whether there is an extension of that number. */
export function baseExtension(known: (id: number) => boolean): Extension {
  return {
    id: 0x10,
    answer: ({ function: which, args }) => {
      switch (which) {
        case 0:
          return succeed(version)
        case 1:
          return succeed(implementation)
        case 2:
          return succeed(1)
        case 3:
          return succeed(Number(args[0] < 2n ** 32n && known(Number(args[0]))))
        // mvendorid, marchid and mimpid say nothing.
        case 4:
        case 5:
        case 6:
          return succeed()
        default:
          return notSupported()
      }
    },
  }
}
