import { buildSync } from 'esbuild'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SIZES } from '../../../functions/function-spec.ts'
import { EXPORT_STAGES, RESTORE_STAGES } from '../../../functions/stages.ts'
import { WORKERS } from '../../../infra/functions.ts'
import { bundleFunctions } from '../../../infra/build/source-bundles.ts'

/** The stages that read and write data, or that run map items. Only these run in processes of their own. */
export const WORKER_STAGES = [...EXPORT_STAGES, ...RESTORE_STAGES].filter(
  ({ name, size }) => size === SIZES.worker || WORKERS.includes(name),
)

/** The path of the compiled `worker.ts` in the folder of the bundles. */
export const workerEntry = (folder: string): string => join(folder, 'worker.mjs')

/** The path of the bundle of a stage. */
export const stageBundle = (folder: string, file: string): string => join(folder, file, 'index.mjs')

/** Writes the bundles of the worker stages, as they are deployed, and the program that runs one of them. */
export const writeWorkerBundles = (folder: string): void => {
  for (const [file, contents] of Object.entries(bundleFunctions(WORKER_STAGES).bundles)) {
    mkdirSync(join(folder, file), { recursive: true })
    for (const [name, text] of Object.entries(contents)) writeFileSync(join(folder, file, name), text)
  }
  buildSync({
    entryPoints: [fileURLToPath(new URL('worker.ts', import.meta.url))],
    outfile: workerEntry(folder),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    logLevel: 'warning',
  })
}
