import process from 'node:process'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { wipe } from '../contents.ts'
import {
  counts,
  Delete,
  Export,
  MODELS,
  PutBlob,
  Restore,
  type Step,
  type HistoryState,
  Wipe,
  Write,
} from './history-steps.ts'
import { PlainStore } from './plain-store.ts'
import { SEED, tally } from './seeded.ts'
import { FaultHarness } from './fault-harness.ts'

/** The number of histories: small in `npm test`, larger in `npm run test:faults`. */
const RUNS = Number(process.env['HISTORIES'] ?? 3)

const IDS = ['a', 'b:1', 'ü 3', 'd']
const BLOBS = ['red', 'blue', 'büro plan 1.pdf']

const model = fc.constantFrom(...MODELS)
const id = fc.constantFrom(...IDS)
const filter = fc.record(
  { ids: fc.uniqueArray(id, { minLength: 1, maxLength: 2 }), is_deleted: fc.boolean() },
  { requiredKeys: [] },
)
const write = fc
  .tuple(model, id, fc.subarray(BLOBS), fc.boolean(), fc.constantFrom(null, '2'))
  .map(([model, id, blobs, large, schema]) => new Write(model, id, blobs, large, schema))
const remove = fc.tuple(model, id, fc.boolean()).map(([model, id, hard]) => new Delete(model, id, hard))
const putBlob = fc
  .tuple(fc.constantFrom(...BLOBS), fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined, freq: 8 }))
  .map(([id, bytes]) => new PutBlob(id, bytes === undefined ? undefined : Buffer.from(bytes)))
const exporting = fc
  .tuple(
    fc.oneof(fc.constant({}), filter),
    fc.option(fc.subarray(MODELS, { minLength: 1 }), { nil: undefined }),
    fc.boolean(),
  )
  .map(([filter, models, strict]) => new Export({ ...filter, ...(models === undefined ? {} : { models }) }, strict))
const restoring = fc
  .tuple(fc.nat(20), fc.constantFrom('overwrite', 'skip', 'raise_error'), fc.oneof(fc.constant({}), filter))
  .map(([which, strategy, filter]) => new Restore(which, strategy, filter))
/** A step that is listed several times is drawn more often. */
const STEPS = [write, write, write, putBlob, remove, exporting, restoring, restoring, fc.constant(new Wipe())]

/** The first steps of every history: they fill the store and export it. */
const FIRST_STEPS: readonly Step[] = [
  ...BLOBS.map((id) => new PutBlob(id, Buffer.from(id))),
  ...IDS.map((id, k) => new Write(MODELS[k % 2] ?? '', id, BLOBS.slice(k % 3), k === 3, null)),
  new Export({}, true),
]

describe('a random history of writes, exports and restores', { timeout: 7_200_000 }, () => {
  let harness: FaultHarness
  beforeAll(async () => {
    harness = await FaultHarness.start()
  })
  afterAll(() => harness.stop())

  it('leaves the store with the same contents as an in-memory model of it', async ({ task }) => {
    await fc.assert(
      fc.asyncProperty(fc.commands(STEPS, { maxCommands: 40, size: 'max' }), async (steps) => {
        await wipe(harness.clients)
        const state: HistoryState = { plain: new PlainStore(), archives: [], minutes: 0 }
        for (const step of FIRST_STEPS) await step.run(state, { harness })
        await fc.asyncModelRun(() => ({ model: state, real: { harness } }), steps)
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: process.env['SHRINK'] === undefined },
    )
    console.info(`${RUNS} histories, seed ${SEED}:`, Object.fromEntries(counts))
    tally(task, { histories: RUNS, ...Object.fromEntries(counts) })
    for (const ended of ['succeeded', 'duplicates', ...(RUNS < 20 ? [] : ['partial'])])
      expect(counts.get(`restores that ended ${ended}`)).toBeGreaterThan(0)
  })
})
