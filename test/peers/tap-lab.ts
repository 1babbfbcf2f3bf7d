/** A lab whose services are met through a TAP, in a namespace of a test's own. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Netns, type Started } from './netns.ts'

export class TapLab {
  readonly netns = new Netns()
  #up: Started | undefined

  /** A path in the test's folder, where the lab file is. */
  at(...parts: readonly string[]): string {
    return join(this.netns.folder, ...parts)
  }

  /**
   * Starts it; its TAP is nl0, its services are on 10.0.0.1.
   * @param network what else stands under the network `lan`, as YAML in flow style. @param rest what else the lab file has. @param address of nl0, with its prefix; none when undefined.
   */
  async start(network: string, rest = '', address: string | undefined = '10.0.0.2/24'): Promise<void> {
    const ours = address === undefined ? '' : `, host_address: ${address}`
    writeFileSync(this.at('lab.yaml'), `name: out\nnetworks: { lan: { subnet: 10.0.0.0/${address?.split('/')[1] ?? '24'}, gateway: 10.0.0.1, ${network} } }\n${rest}\nuplinks: { home: { network: lan, type: tap, ifname: nl0${ours} } }\n`)
    this.#up = this.netns.lab('up', this.at('lab.yaml'))
    await this.#up.until('the lab is not up', () => existsSync(this.at('run', 'out.sock')) && /^\d+: nl0/.test(this.netns.attempt('ip', 'link', 'show', 'up', 'dev', 'nl0').text))
  }

  /** @returns what `inspect` has to tell, parsed. */
  inspect(what: string): unknown {
    return JSON.parse(this.netns.run('node', '--import', 'tsx', 'src/cli/main.ts', 'inspect', what, '--format', 'json'))
  }

  /** The address that nl0 has. */
  address(): string | undefined {
    return /inet (\d+\.\d+\.\d+\.\d+)/.exec(this.netns.run('ip', '-4', 'addr', 'show', 'dev', 'nl0'))?.[1]
  }

  close(): Promise<void> {
    return this.netns.close()
  }
}
