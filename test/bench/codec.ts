import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import { Figures } from './figures.ts'

const run = promisify(execFile)
const SIDE = fileURLToPath(new URL('codec/side.ts', import.meta.url))
const Said = z.object({ seconds: z.number(), memory: z.number() })

export interface CodecBench {
  /** Unpacked bytes of all lines, in MB. */
  readonly megabytes: number
  readonly seconds: Figures
  /** MiB over what the process held before; absent for programs that are not Node. */
  readonly memory: Figures
  /** Stored bytes in MB. */
  readonly stored: Figures
}

/** Writes and reads the same records as an archive, as a plain tar of packed lines, and by `tar` and `zstd` where they are. */
export const benchCodec = async (resources: number, rounds: number): Promise<CodecBench> => {
  const folder = await mkdtemp(join(tmpdir(), 'specstar-codec-'))
  const [seconds, memory, stored] = [new Figures(), new Figures(), new Figures()]
  const at = (name: string): string => join(folder, name)
  const side = async (name: string, file: string): Promise<void> => {
    const { stdout } = await run(process.execPath, [SIDE, name, at(file), String(resources)])
    const said = Said.parse(JSON.parse(stdout))
    seconds.add(name, said.seconds)
    memory.add(name, said.memory / 2 ** 20)
  }
  const shell = async (name: string, command: string): Promise<void> => {
    const began = performance.now()
    await run('sh', ['-c', command], { cwd: folder })
    seconds.add(name, (performance.now() - began) / 1000)
  }
  try {
    await run(process.execPath, [SIDE, 'files', at('lines'), String(resources)])
    const files = await readdir(at('lines'))
    const sizes = await Promise.all(files.map(async (name) => (await stat(join(at('lines'), name))).size))
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
    stored.add('ours-write', (await stat(at('ours.acbak'))).size / 1e6)
    stored.add('plain-write', (await stat(at('plain.tar'))).size / 1e6)
    if (programs) stored.add('tar | zstd -1', (await stat(at('lines.tar.zst'))).size / 1e6)
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
