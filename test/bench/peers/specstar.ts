import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { MODEL } from '../content/sample.ts'
import type { BenchContext, Runner } from '../measure.ts'
import { PeerError, type PythonProgram, runPython } from './python.ts'

/** `specstar_bench.py` calls the package. It is in the folder of the script that Python runs. */
export const SPECSTAR: PythonProgram = { package: 'specstar==0.12.3', main: 'specstar_bench:main' }

const Output = z.object({
  load: z.number(),
  dump: z.number(),
  loaded: z.record(z.string(), z.number()),
  /** Whether SpecStar loads its own dump and dumps the same bytes again. */
  stable: z.boolean(),
})
const ExportResult = z.object({ archive: z.object({ bucket: z.string(), key: z.string() }) })

/** Measures `dump` from the memory of SpecStar. There is no database, so the time is only for orientation. */
export const specstarDump = (context: BenchContext): Promise<Runner> => runnerOf(context, 'dump')

/** Measures `load` of a stream, which the product has exported, into the memory of SpecStar. */
export const specstarLoad = (context: BenchContext): Promise<Runner> => runnerOf(context, 'load')

const runnerOf = async (context: BenchContext, direction: 'dump' | 'load'): Promise<Runner> => {
  const path = await exportStream(context)
  return {
    pids: {},
    run: async () => {
      const { stdout, usage } = await runPython(SPECSTAR, [path, MODEL], {})
      const output = Output.parse(JSON.parse(stdout))
      if (output.loaded[MODEL] !== context.size.resources)
        throw new PeerError(`SpecStar loaded ${output.loaded[MODEL] ?? 0} of ${context.size.resources} resources`)
      if (!output.stable) throw new PeerError('SpecStar does not dump the same bytes after loading its own dump')
      return { seconds: output[direction], processes: { specstar: usage } }
    },
    stop: () => Promise.resolve(),
  }
}

const exportStream = async ({ program, services }: BenchContext): Promise<string> => {
  const { result } = await program.job(`/${MODEL}/export`, { wait: 0, format: 'specstar' })
  const { archive } = ExportResult.parse(result)
  const folder = await mkdtemp(join(services.folder, 'specstar-'))
  const path = join(folder, 'stream.acbak')
  const stream = await services.stores.objects.open(archive.bucket, archive.key)
  if (stream === undefined) throw new Error(`s3://${archive.bucket}/${archive.key} does not exist`)
  await writeFile(path, stream.body)
  return path
}
