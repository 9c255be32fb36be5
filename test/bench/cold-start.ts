import { execFile } from 'node:child_process'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { COMMON_BUNDLE_BYTES, REASON_OF_LARGE_BUNDLES } from '../infra/bundle-sizes.ts'
import { bundlesOf, synthesize } from '../infra/deployed/template.ts'
import { Figures, tableText } from './figures.ts'
import type { BenchOptions } from './options.ts'

const run = promisify(execFile)
const MIB = 1024 * 1024

interface ColdStartBench {
  /** Milliseconds from the start of the import to the loaded handler, by function. */
  readonly ms: Figures
  readonly mebibytes: ReadonlyMap<string, number>
}

/** Imports every synthesized bundle, each time in a new Node process. Prints a table. */
export const benchColdStart = async ({ rounds }: Pick<BenchOptions, 'rounds'>): Promise<void> => {
  const { ms, mebibytes } = await measureColdStart(rounds)
  console.log(`\ntime to import each bundle in a new process; medians of ${rounds} rounds`)
  console.log(
    tableText(
      ['function', 'MiB', 'ms', 'range'],
      ms.names.map((name) => [
        name,
        (mebibytes.get(name) ?? 0).toFixed(2),
        ms.median(name).toFixed(0),
        ms.spread(name),
      ]),
    ),
  )
  const large = ms.names.filter((name) => (mebibytes.get(name) ?? 0) * MIB > COMMON_BUNDLE_BYTES)
  console.log(`${large.length} bundles have more than 1 MiB: ${REASON_OF_LARGE_BUNDLES}`)
}

const measureColdStart = async (rounds: number): Promise<ColdStartBench> => {
  const synthesized = await synthesize({ bundles: true })
  try {
    const ms = new Figures()
    const mebibytes = new Map<string, number>()
    for (const { name, file } of bundlesOf(synthesized)) {
      const path = join(synthesized.outdir, file)
      mebibytes.set(name, (await stat(path)).size / MIB)
      for (let round = 0; round < rounds; round++) ms.add(name, await importTime(path, name))
    }
    return { ms, mebibytes }
  } finally {
    await rm(synthesized.outdir, { recursive: true, force: true })
  }
}

const importTime = async (path: string, name: string): Promise<number> => {
  const code = `const began = performance.now(); const { handler } = await import(${JSON.stringify(path)});
    if (typeof handler !== 'function') throw new Error('no handler'); console.log(performance.now() - began)`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], {
    env: { AWS_LAMBDA_FUNCTION_NAME: name, AWS_REGION: 'us-east-1' },
  })
  return Number(stdout)
}
