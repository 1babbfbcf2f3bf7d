/** The words under `netloom images` that are about disk images. */
import type { Command } from 'commander'
import type { DiskOptions } from './commands/disk-images.ts'

type Act = (work: (...words: any[]) => number | Promise<number>) => (...words: any[]) => Promise<void>

const code = (): Promise<typeof import('./commands/disk-images.ts')> => import('./commands/disk-images.ts')

const from = (command: Command): Command => command.option('--from <format>', 'the image’s format; by its name and content when left out').option('--uses <path...>', 'files and folders elsewhere that the image may name')
const making = (command: Command): Command =>
  command.option('--to <format>', 'the new image’s format; by its name when left out').option('--variant <name>', 'a kind of it, like streamOptimized or fixed').option('--cluster <size>', 'how large a cluster or block is')

export function diskWords(images: Command, act: Act): void {
  from(images.command('info <file>').description('say what a disk image is')).action(act(async (file: string, options: DiskOptions) => (await code()).info(file, options)))
  from(images.command('check <file>').description('look through a disk image’s tables'))
    .option('--repair', 'mend what can be mended')
    .action(act(async (file: string, options: DiskOptions) => (await code()).check(file, options)))
  from(making(images.command('create <file> [size]').description('make an empty disk image, or one over another')))
    .option('--base <file>', 'show this image where the new one holds nothing')
    .option('--base-format <format>', 'its format')
    .action(act(async (file: string, size: string | undefined, options: DiskOptions) => (await code()).create(file, size, options)))
  from(making(images.command('convert <from> <to>').description('copy a disk into another format')))
    .option('-c, --compress', 'with compressed clusters')
    .action(act(async (source: string, target: string, options: DiskOptions) => (await code()).convert(source, target, options)))
  from(images.command('snapshot <file>').description('list the snapshots inside an image, or change them'))
    .option('--create <name>', 'take one')
    .option('--apply <name>', 'make the disk what it was then')
    .option('--remove <name>', 'forget one')
    .action(act(async (file: string, options: DiskOptions) => (await code()).snapshot(file, options)))
  images
    .command('mkiso <folder> <file>')
    .description('make a CD image of a folder, with Rock Ridge and Joliet')
    .option('--volume <name>', 'what the CD is called; cidata for cloud-init')
    .option('--efi <file>', 'what EFI boots from: a FAT image in the folder, by its path there')
    .action(act(async (folder: string, file: string, options: DiskOptions) => (await code()).mkiso(folder, file, options)))
  from(images.command('serve <file>').description('offer a disk image to NBD clients; Ctrl-C ends it'))
    .option('--unix <path>', 'on a unix socket')
    .option('--port <number>', 'on a TCP port of this computer; 10809 when left out')
    .option('--read-only', 'nobody may write')
    .action(act(async (file: string, options: DiskOptions) => (await code()).serve(file, options)))
}
