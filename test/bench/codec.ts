import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as z from 'zod'
import { Figures, tableText } from './figures.ts'
import type { BenchOptions } from './options.ts'

const run = promisify(execFile)
const SIDE = fileURLToPath(new URL('codec/side.ts', import.meta.url))
const Measured = z.object({ seconds: z.number(), memory: z.number() })

interface CodecBench {
  /** Uncompressed size of all lines, in MB. */
  readonly megabytes: number
  readonly seconds: Figures
  /** Peak memory above the memory before the work, in MiB. Measured only for Node processes. */
  readonly memory: Figures
  /** Size of the stored file, in MB. */
  readonly stored: Figures
}

const RESOURCES = { quick: 4_000, full: 48_000 }

/**
 * Writes and reads the same records as an archive, as a simple tar of compressed lines, and with the programs `tar` and
 * `zstd` if they are installed. Prints a table.
 */
export const benchCodec = async ({ mode, rounds }: Pick<BenchOptions, 'mode' | 'rounds'>): Promise<void> => {
  const { megabytes, seconds, memory, stored } = await measureCodec(RESOURCES[mode], rounds)
  console.log(`\n${megabytes.toFixed(0)} MB of record lines; medians of ${rounds} rounds`)
  console.log(
    tableText(
      ['codec', 'seconds', 'range', 'MB/s', 'memory, MiB', 'stored, MB'],
      seconds.names.map((name) => [
        name,
        seconds.median(name).toFixed(2),
        seconds.spread(name),
        (megabytes / seconds.median(name)).toFixed(0),
        memory.has(name) ? memory.median(name).toFixed(0) : '',
        stored.has(name) ? stored.median(name).toFixed(1) : '',
      ]),
    ),
  )
}

const measureCodec = async (resources: number, rounds: number): Promise<CodecBench> => {
  const folder = await mkdtemp(join(tmpdir(), 'specstar-codec-'))
  const [seconds, memory, stored] = [new Figures(), new Figures(), new Figures()]
  const pathOf = (name: string): string => join(folder, name)
  const side = async (name: string, file: string): Promise<void> => {
    const { stdout } = await run(process.execPath, [SIDE, name, pathOf(file), String(resources)])
    const measured = Measured.parse(JSON.parse(stdout))
    seconds.add(name, measured.seconds)
    memory.add(name, measured.memory / 2 ** 20)
  }
  const shell = async (name: string, command: string): Promise<void> => {
    const start = performance.now()
    await run('sh', ['-c', command], { cwd: folder })
    seconds.add(name, (performance.now() - start) / 1000)
  }
  try {
    await run(process.execPath, [SIDE, 'files', pathOf('lines'), String(resources)])
    const files = await readdir(pathOf('lines'))
    const sizes = await Promise.all(files.map(async (name) => (await stat(join(pathOf('lines'), name))).size))
    const programs = await hasPrograms()
    for (let round = 0; round < rounds; round++) {
      await side('ours-write', 'ours.acbak')
      await side('plain-write', 'plain.tar')
      await side('ours-read', 'ours.acbak')
      await side('plain-read', 'plain.tar')
      if (!programs) continue
      await shell('tar | zstd -1', 'tar -cf - lines | zstd -q -1 -T1 -f -o lines.tar.zst')
      await shell('zstd -dc | tar -x', 'zstd -q -dc lines.tar.zst | tar -xOf - > /dev/null')
    }
    stored.add('ours-write', (await stat(pathOf('ours.acbak'))).size / 1e6)
    stored.add('plain-write', (await stat(pathOf('plain.tar'))).size / 1e6)
    if (programs) stored.add('tar | zstd -1', (await stat(pathOf('lines.tar.zst'))).size / 1e6)
    return { megabytes: sizes.reduce((sum, size) => sum + size, 0) / 1e6, seconds, memory, stored }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const hasPrograms = (): Promise<boolean> =>
  run('sh', ['-c', 'command -v tar && command -v zstd']).then(
    () => true,
    () => false,
  )
