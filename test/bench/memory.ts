import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { SIZES } from '../../functions/function-spec.ts'
import { nodeSettings } from '../../infra/functions.ts'
import { commit, machine, versions } from './machine.ts'
import { measureSize } from './memory/measure-size.ts'
import { MemoryResult, memoryText, stagesAboveLimit } from './memory/result.ts'
import { MEMORY_SIZES } from './memory/sizes.ts'
import type { BenchOptions } from './options.ts'
import { writeWorkerBundles } from './ours/worker-bundles.ts'
import { startServices, stopOnInterrupt } from './services.ts'

const OUTPUT = '.local/bench/memory.json'

/**
 * Measures the peak memory of each worker stage at the selected sizes. Writes the JSON file after each size, and keeps
 * the other sizes in the file, so that a run can be split. Sets the exit code to 1 if a worker has used too much.
 */
export const benchMemory = async ({
  sizes,
  output = OUTPUT,
}: Pick<BenchOptions, 'sizes' | 'output'>): Promise<void> => {
  const services = await startServices(process.env)
  stopOnInterrupt(services)
  try {
    const bundles = join(services.folder, 'bundles')
    writeWorkerBundles(bundles)
    for (const [name, size] of Object.entries(MEMORY_SIZES)) {
      if (!sizes.includes(name)) continue
      const measured = await measureSize(services, bundles, size, (line) => {
        process.stderr.write(`${name}: ${line}\n`)
      })
      const revision = await commit()
      await addResult(output, name, {
        ...measured,
        measured_at: new Date().toISOString(),
        ...(revision === undefined ? {} : { commit: revision }),
        machine: machine(),
        versions: await versions(),
        node_settings: nodeSettings(SIZES.worker.memory),
      })
    }
  } finally {
    await services.stop()
  }
  const result = await readResult(output)
  console.log(memoryText(result))
  console.log(`The results are in ${output}`)
  const above = stagesAboveLimit(result)
  for (const line of above) console.error(line)
  if (above.length > 0) process.exitCode = 1
}

const addResult = async (file: string, name: string, size: MemoryResult['sizes'][string]): Promise<void> => {
  const { sizes } = await readResult(file)
  const all = { ...sizes, [name]: size }
  const ordered = Object.fromEntries(Object.keys(MEMORY_SIZES).flatMap((key) => (all[key] ? [[key, all[key]]] : [])))
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${JSON.stringify({ sizes: ordered }, null, 2)}\n`)
}

/** Returns a result without sizes if no file exists. */
const readResult = async (file: string): Promise<MemoryResult> =>
  existsSync(file) ? MemoryResult.parse(JSON.parse(await readFile(file, 'utf8'))) : { sizes: {} }
