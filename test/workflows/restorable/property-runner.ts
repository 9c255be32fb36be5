import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { Limits } from '../../../shared/jobs/limits.ts'
import { SEED } from '../../faults/seeded.ts'
import { WorkflowRunner } from '../workflow-runner.ts'
import { MODELS, REGISTRY } from './drawn-resource.ts'

/** The number of random stores: small in `npm test`, larger in `npm run test:property` and `npm run test:faults`. */
export const STORES = Number(process.env['STORES'] ?? 3)

/** The parameters of `fc.assert`. `SHRINK=1` searches for a smaller counterexample, which takes minutes. */
export const parameters = (numRuns: number): { numRuns: number; seed: number; endOnFailure: boolean } => ({
  numRuns,
  seed: SEED,
  endOnFailure: process.env['SHRINK'] === undefined,
})

/** Starts the workflows with the models of the property tests. `stop` also removes the file of the registry. */
export const startPropertyRunner = async (
  limits: Partial<Limits> = {},
): Promise<{ readonly runner: WorkflowRunner; readonly stop: () => Promise<void> }> => {
  const dir = await mkdtemp(join(tmpdir(), 'specstar-models-'))
  const models_file = join(dir, 'models.json')
  await writeFile(models_file, JSON.stringify(REGISTRY))
  const runner = await WorkflowRunner.start({ models_file, limits })
  // The first export stores the numbers of shards. Later exports do not derive them from damaged keys.
  await runner.export(MODELS)
  const stop = async (): Promise<void> => {
    await runner.stop()
    await rm(dir, { recursive: true, force: true })
  }
  return { runner, stop }
}

/** Counts what a property test has generated, and how the jobs ended. */
export class Figures {
  readonly #counts = new Map<string, number>()

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
  }

  /**
   * Returns the counts by name. Names that begin with one of the prefixes are summed up as the number of their kinds.
   */
  summary(...prefixes: readonly string[]): Record<string, number> {
    const names = [...this.#counts.keys()].sort()
    const kinds = prefixes.map((prefix): [string, number] => [
      `kinds of ${prefix}`,
      names.filter((name) => name.startsWith(`${prefix}: `)).length,
    ])
    const others = names.filter((name) => !prefixes.some((prefix) => name.startsWith(`${prefix}: `)))
    return Object.fromEntries([
      ...kinds,
      ...others.map((name): [string, number] => [name, this.#counts.get(name) ?? 0]),
    ])
  }
}
