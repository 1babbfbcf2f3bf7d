/** The words of the command line. Every command's code is loaded when it is called, so that `--help` costs nothing. */
import { Command, CommanderError, Option } from 'commander'
import { diskWords } from './disk-words.ts'
import { exitCodes, fail } from './failure.ts'
import type { ExecOptions, GlobalOptions, ReplayOptions, StackOptions, TestOptions, TraceOptions, UpOptions } from './options.ts'
import { version } from '../host/version.ts'

/** Commander hands over arguments and options untyped; each command below says what it expects. */
type Words = any[]
type Action = (...words: Words) => number | Promise<number>
type Act = (work: Action) => (...words: Words) => Promise<void>

/** @returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  let code: number = exitCodes.ok
  const program = describe((work) => async (...words: Words) => {
    code = await work(...words)
  })
  try {
    await program.parseAsync(words)
    return code
  } catch (error) {
    // Commander has said what it had to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.fileWrong
    return fail(error)
  }
}

function describe(act: Act): Command {
  const program = new Command('netloom')
  program.description('A virtual network lab in one command: deterministic, rootless, and it explains itself.')
  program.version(version(), '-V, --version')
  program.exitOverride().showHelpAfterError('(netloom --help lists the commands)').enablePositionalOptions()
  program.addHelpText('after', '\nExit codes: 0 ok, 1 a test failed, 2 the file or command is wrong, 3 the host refuses.')
  running(program, act)
  looking(program, act)
  driving(program, act)
  forwarding(program, act)
  imaging(program, act)
  for (const command of program.commands) for (const each of [command, ...command.commands]) common(each)
  return program
}

function common(command: Command): void {
  command.exitOverride()
  command.option('--name <lab>', 'the lab’s name')
  command.addOption(new Option('--format <format>', 'how tables are printed').choices(['table', 'json']))
  command.option('-y, --yes', 'overwrite without asking').option('-v, --verbose', 'say more').option('-q, --quiet', 'say less')
}

const fileOption = ['-f, --file <file>', 'the lab file; lab.yaml of this folder when left out'] as const

function running(program: Command, act: Act): void {
  program
    .command('up [file]')
    .alias('deploy')
    .description('start a lab; Ctrl-C stops it')
    .option(...fileOption)
    .option('-d, --detach', 'run it in the background')
    .option('-c, --console <node>', 'this terminal is that node’s console')
    .option('--capture <file>', 'record every port into a pcapng file')
    .option('--logs <folder>', 'write each console into NODE.log there')
    .option('--seed <seed>', 'another seed than the file’s')
    .option('--keep <folder>', 'keep the whole run there, for diff')
    .option('--from <snapshot>', 'go on from a saved lab; restore says the same')
    .option('--save-at <time=file...>', 'save the lab on the way, e.g. 3s=booted.nlsnap')
    .option('--history <size>', 'how much to keep so that the lab can be saved, 256M when left out, 16M with NAT or uplinks; 0 keeps nothing')
    .option('--workers <number>', 'threads that machines may run in, or auto; the file’s sim.workers, or 1, when left out')
    .option('--gdb <node...>', 'NODE[:PORT]: the lab stands in front of the node’s first instruction until a debugger comes')
    .option('--dry-run', 'say what would be started')
    .action(act(async (file: string | undefined, options: UpOptions) => (await import('./commands/up.ts')).up(file, options)))
  program
    .command('down [lab]')
    .alias('destroy')
    .description('stop a running lab')
    .option('--all', 'every lab')
    .action(act(async (lab: string | undefined, options: GlobalOptions) => (await import('./commands/down.ts')).down(lab, options)))
  snapshots(program, act)
  program
    .command('test [file]')
    .description('run a lab, or all labs of a folder, until their tests are decided')
    .option(...fileOption)
    .option('--capture <file>', 'record every port into a pcapng file')
    .option('--logs <folder>', 'write each console into NODE.log there')
    .option('--seed <seed>', 'another seed than the file’s')
    .option('--keep <folder>', 'keep the whole run there, for diff')
    .option('--junit <file>', 'write the verdicts as JUnit XML')
    .option('--tap', 'print the verdicts as TAP')
    .option('--workers <number>', 'threads that machines may run in, or auto; the file’s sim.workers, or 1, when left out')
    .option('--seeds <range>', 'run with every seed of a range like 1..500; the first that fails is shrunk')
    .option('--results <folder>', 'where failed runs leave packets, consoles and explanation; .netloom beside the lab file when left out')
    .action(act(async (file: string | undefined, options: TestOptions) => (await import('./commands/test.ts')).test(file, options)))
  program
    .command('validate [file]')
    .description('check a lab file and say what it would make')
    .option(...fileOption)
    .action(act(async (file: string | undefined, options: GlobalOptions) => (await import('./commands/validate.ts')).validate(file, options)))
  program
    .command('init [example]')
    .description('write a lab file to begin with')
    .option('-f, --file <file>', 'where to; lab.yaml when left out')
    .option('--list', 'say which examples there are')
    .action(act(async (example: string | undefined, options: GlobalOptions) => (await import('./commands/init.ts')).init(example, options)))
}

function snapshots(program: Command, act: Act): void {
  program
    .command('save [file]')
    .description('save a running lab, which goes on; LAB.nlsnap when no file is named')
    .action(act(async (file: string | undefined, options: GlobalOptions) => (await import('./commands/save.ts')).save(file, options)))
  for (const [word, about] of [['restore', 'go on from a saved lab'], ['fork', 'go on from a saved lab as another: with another seed, under another name']] as const) {
    program
      .command(`${word} <snapshot>`)
      .description(about)
      .option('-d, --detach', 'run it in the background')
      .option('-c, --console <node>', 'this terminal is that node’s console')
      .option('--capture <file>', 'record every port into a pcapng file')
      .option('--logs <folder>', 'write each console into NODE.log there')
      .option('--seed <seed>', 'all chance comes from this seed from now on')
      .option('--save-at <time=file...>', 'save the lab on the way, e.g. 3s=booted.nlsnap')
      .option('--history <size>', 'how much to keep so that the lab can be saved, 256M when left out, 16M with NAT or uplinks; 0 keeps nothing')
      .action(act(async (snapshot: string, options: UpOptions) => (await import('./commands/save.ts'))[word](snapshot, options)))
  }
}

function looking(program: Command, act: Act): void {
  program
    .command('ps')
    .description('what is running')
    .action(act(async (options: GlobalOptions) => (await import('./commands/ps.ts')).ps(options)))
  program
    .command('console <node>')
    .description('this terminal on a node’s console; Ctrl-] leaves')
    .action(act(async (node: string, options: GlobalOptions) => (await import('./commands/console.ts')).console(node, options)))
  program
    .command('exec <node> [command...]')
    .description('a command in a node that has magic: netloom exec node1 -- uname -a')
    .option('-i, --input', 'standard input is the command’s')
    .option('-w, --workdir <folder>', 'where it is run; / when left out')
    .passThroughOptions()
    .action(act(async (node: string, command: string[], options: ExecOptions) => (await import('./commands/exec.ts')).exec(node, command, options)))
  program
    .command('cp <from> <to>')
    .description('a file to or from a node that has magic: netloom cp ./x node1:/tmp/; - is standard input or output')
    .action(act(async (from: string, to: string, options: GlobalOptions) => (await import('./commands/cp.ts')).cp(from, to, options)))
  program
    .command('gdb <node>')
    .description('a port for a debugger of a running node (gdb-multiarch); while it stands, the whole lab does')
    .option('-p, --port <port>', 'any free one when left out')
    .action(act(async (node: string, options: GlobalOptions & { port?: string }) => (await import('./commands/gdb.ts')).gdb(node, options)))
  program
    .command('logs [node]')
    .description('what the lab’s parts said, or a node’s console')
    .option('-f, --follow', 'and what they say from now on, until Ctrl-C')
    .action(act(async (node: string | undefined, options: GlobalOptions & { follow?: boolean }) => (await import('./commands/look.ts')).logs(node, options)))
  program
    .command('inspect [table]')
    .description('leases, mac, arp, ports, uplinks, nat, code, or a service’s own table')
    .action(act(async (table: string | undefined, options: GlobalOptions) => (await import('./commands/look.ts')).inspect(table, options)))
  program
    .command('capture [what]')
    .description('frames of a network, a node or NODE:ethN of a running lab, as pcapng')
    .option('-w, --write <file>', 'where to; - is standard output', '-')
    .action(act(async (what: string | undefined, options: GlobalOptions) => (await import('./commands/capture.ts')).capture(what, options)))
  program
    .command('explain [words...]')
    .description('why a node did not boot: explain [FILE] [NODE]; a running lab when no file is named')
    .option(...fileOption)
    .action(act(async (words: string[], options: GlobalOptions) => (await import('./commands/explain.ts')).explain(words, options)))
  program
    .command('events')
    .description('what the parts of a running lab said, as JSON lines')
    .action(act(async (options: GlobalOptions) => (await import('./commands/events.ts')).events(options)))
  links(program, act)
  program
    .command('replay <run>')
    .description('a run kept with --keep once more, from its inputs alone')
    .option('-f, --file <file>', 'the lab file, when it has moved')
    .option('--keep <folder>', 'keep the replayed run there, for diff')
    .option('--to <moment>', 'only so far: frame:412, 3.2s or console:"Kernel panic"; shows registers, code and network rings')
    .option('--gdb <node>', 'NODE[:PORT]: then a debugger takes over, which can go back in time')
    .action(act(async (folder: string, options: ReplayOptions) => (await import('./commands/replay.ts')).replay(folder, options)))
  program
    .command('diff <first> <second>')
    .description('where two runs kept with --keep part')
    .action(act(async (first: string, second: string, options: GlobalOptions) => (await import('./commands/diff.ts')).diff(first, second, options)))
  program
    .command('trace [file]')
    .description('every instruction of a node in a window of virtual time, disassembled')
    .option(...fileOption)
    .requiredOption('--from <time>', 'where the window begins, like 1.2s')
    .requiredOption('--to <time>', 'where it ends')
    .option('--node <node>', 'which one, when there are several')
    .option('--symbols <file...>', 'an ELF file or System.map with the names of addresses; FILE@0x200000 moves them')
    .option('--seed <seed>', 'instead of the file’s')
    .option('--limit <lines>', 'at most so many lines', '100000')
    .option('-o, --output <file>', 'where to; standard output when left out')
    .action(act(async (file: string | undefined, options: TraceOptions) => (await import('./commands/trace.ts')).trace(file, options)))
  program
    .command('graph [file]')
    .description('draw a lab file')
    .option(...fileOption)
    .addOption(new Option('--as <form>', 'the drawing’s language').choices(['mermaid', 'dot']).default('mermaid'))
    .action(act(async (file: string | undefined, options: GlobalOptions) => (await import('./commands/look.ts')).graph(file, options)))
  program
    .command('schema')
    .description('the JSON Schema of a lab file, for editors')
    .action(act(async () => (await import('./commands/look.ts')).schema()))
}

function driving(program: Command, act: Act): void {
  program
    .command('stack')
    .description('our TCP/IP stack by itself on virtual time, driven by JSON lines (docs/stack-port.md)')
    .option('--listen <socket>', 'a unix socket to listen on; standard input and output when left out')
    .action(act(async (options: StackOptions) => (await import('./commands/stack.ts')).stack(options)))
}

function forwarding(program: Command, act: Act): void {
  const forward = program.command('forward').description('ports of this computer that are guests’, while a lab runs')
  forward
    .command('ls', { isDefault: true })
    .description('which there are')
    .action(act(async (options: GlobalOptions) => (await import('./commands/forward.ts')).list(options)))
  forward
    .command('add <node> <ports>')
    .description('e.g. add node1 2222:22; [ADDRESS:]PORT:GUESTPORT[/udp] or PATH:GUESTPORT')
    .action(act(async (node: string, ports: string, options: GlobalOptions) => (await import('./commands/forward.ts')).add(node, ports, options)))
  forward
    .command('rm <port>')
    .description('[ADDRESS:]PORT[/udp] or PATH')
    .action(act(async (at: string, options: GlobalOptions) => (await import('./commands/forward.ts')).remove(at, options)))
}

function links(program: Command, act: Act): void {
  const link = program.command('link').description('faults of a running lab’s links: NODE:ethN, a node or a network')
  link
    .command('set <where> <words...>')
    .description('e.g. link set node1:eth0 delay 10ms loss 1%')
    .action(act(async (where: string, words: string[], options: GlobalOptions) => (await import('./commands/link.ts')).linkSet(where, words, options)))
  link
    .command('show [where]', { isDefault: true })
    .description('what befalls each port')
    .action(act(async (where: string | undefined, options: GlobalOptions) => (await import('./commands/link.ts')).linkShow(where, options)))
  for (const [turn, about] of [['up', 'plug it in again'], ['down', 'pull it'], ['reset', 'take away what was set live']] as const) {
    link
      .command(`${turn} <where>`)
      .description(about)
      .action(act(async (where: string, options: GlobalOptions) => (await import('./commands/link.ts')).linkTurn(where, turn, options)))
  }
}

function imaging(program: Command, act: Act): void {
  const images = program.command('images').description('guest firmware, kernels and initramfs in the cache; disk images')
  images
    .command('ls', { isDefault: true })
    .description('what there is')
    .action(act(async (options: GlobalOptions) => (await import('./commands/images.ts')).list(options)))
  images
    .command('pull [names...]')
    .description('fetch images, or newer versions of them')
    .action(act(async (names: string[], options: GlobalOptions) => (await import('./commands/images.ts')).pull(names, options)))
  images
    .command('rm [names...]')
    .description('remove images from the cache')
    .option('--all', 'everything in the cache')
    .action(act(async (names: string[], options: GlobalOptions) => (await import('./commands/images.ts')).remove(names, options)))
  diskWords(images, act)
}
