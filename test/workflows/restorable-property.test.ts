import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import type { Manifest } from '../../shared/archive/manifest.ts'
import { openArchive } from '../../shared/archive/open.ts'
import type { ExportJob } from '../../shared/jobs/job.ts'
import { STRATEGIES, type Strategy } from '../../shared/jobs/job-request.ts'
import { type Item, sortKeyOf } from '../../shared/tables/item.ts'
import { must } from '../../shared/values/must.ts'
import type { Problem } from '../../shared/problems/problem.ts'
import { memorySource } from '../archive/memory.ts'
import { SEED, tally } from '../faults/seeded.ts'
import { type Damage, damaged, storeDamage } from './restorable/damage.ts'
import { type DrawnBlob, drawnBlobs, keyOfBlob } from './restorable/drawn-blob.ts'
import { buildDrawn, MODELS, resourcePlan, type ResourcePlan } from './restorable/drawn-resource.ts'
import { comparableItems, type Expected, expectedOf } from './restorable/expected.ts'
import { Figures, parameters, startPropertyRunner, STORES } from './restorable/property-runner.ts'
import { blobProperties, writeDrawn } from './restorable/store-writer.ts'
import { JobFailedError, type WorkflowRunner } from './workflow-runner.ts'

let runner: WorkflowRunner
let stop: () => Promise<void>
beforeAll(async () => {
  const started = await startPropertyRunner()
  runner = started.runner
  stop = started.stop
})
afterAll(() => stop())

const figures = new Figures()

/** A resource of the store, and what the store contains of it when the archive is restored over it. */
interface DamagedPlan {
  readonly plan: ResourcePlan
  readonly damage: readonly Damage[]
  /** Undefined if the store no longer contains the resource then. */
  readonly later: readonly Damage[] | undefined
  readonly [fc.toStringMethod]: () => string
}

const damagedPlans: fc.Arbitrary<readonly DamagedPlan[]> = fc.uniqueArray(
  fc
    .record({ plan: resourcePlan, damage: storeDamage, later: fc.option(storeDamage, { nil: undefined }) })
    .map((drawn): DamagedPlan => ({ ...drawn, [fc.toStringMethod]: () => describePlan(drawn) })),
  { maxLength: 9, selector: ({ plan }) => `${plan.model} ${plan.id}` },
)

const describePlan = ({ plan, damage, later }: Pick<DamagedPlan, 'plan' | 'damage' | 'later'>): string => {
  const kinds = (list: readonly Damage[]): string => list.map(({ kind, n }) => `${kind} (${n})`).join(', ')
  const { model, id, revisions } = plan
  const storage = revisions.map(({ storage, isMsgpack }) => `${storage}${isMsgpack ? ' msgpack' : ''}`)
  const then = later === undefined ? 'later absent' : `later ${kinds(later)}`
  return `${model} ${id.slice(0, 8)} [${storage.join(', ')}]: ${kinds(damage)}; ${then}`
}

const strategy = fc.constantFrom(...STRATEGIES)

/** Runs an export. Returns its archive, or the problem with which it failed. */
const exported = async (strict: boolean): Promise<{ job: ExportJob; archive: Buffer } | { error: Problem }> => {
  try {
    return await runner.export(MODELS, {}, strict)
  } catch (error) {
    if (error instanceof JobFailedError && error.error !== undefined) return { error: error.error }
    throw error
  }
}

const manifestOf = async (archive: Buffer): Promise<Manifest> => (await openArchive(memorySource(archive))).manifest

const byKey = <T extends { readonly key: { readonly pk: string; readonly sk: string } }>(list: readonly T[]): T[] =>
  list.toSorted((a, b) => (`${a.key.pk} ${a.key.sk}` < `${b.key.pk} ${b.key.sk}` ? -1 : 1))

const countsOf = ({ kept }: Expected): Record<string, { resources: number; revisions: number }> =>
  Object.fromEntries(
    MODELS.map((model) => {
      const own = kept.filter((resource) => resource.model === model)
      return [
        model,
        { resources: own.length, revisions: own.reduce((sum, { revisions }) => sum + revisions.length, 0) },
      ]
    }),
  )

const keptItems = ({ kept }: Expected): Item[] => kept.flatMap(({ metadata, revisions }) => [metadata, ...revisions])

const keyText = (item: Item): string => `${item['pk']?.S ?? ''} ${sortKeyOf(item)}`

const bytesOf = (objects: ReadonlyMap<string, string>): Map<string, { bytes: Buffer }> =>
  new Map([...objects].map(([key, base64]) => [key, { bytes: Buffer.from(base64, 'base64') }]))

describe('a store with random content and damage', { timeout: 7_200_000 }, () => {
  it('exports only what can be restored into an empty store with every check passed', async ({ task }) => {
    await fc.assert(
      fc.asyncProperty(
        damagedPlans,
        drawnBlobs,
        drawnBlobs,
        strategy,
        async (plans, blobs, laterBlobs, on_duplicate) => {
          const { models } = runner.services
          await runner.wipe()
          const resources = plans.map(({ plan, damage }) => damaged(buildDrawn(models, plan), damage))
          for (const { kind } of plans.flatMap(({ damage }) => damage)) figures.count(`damage: ${kind}`)
          for (const { kind } of blobs) figures.count(`blob: ${kind}`)
          await writeDrawn(runner, resources, blobs)
          const archive = await checkExports(expectedOf(resources, models), blobs)
          await runner.wipe()
          const later = plans.flatMap(({ plan, later }) =>
            later === undefined ? [] : [damaged(buildDrawn(models, plan), later)],
          )
          await writeDrawn(runner, later, laterBlobs)
          await checkAgreement(archive, on_duplicate)
        },
      ),
      parameters(STORES),
    )
    const summary = { 'random stores': STORES, ...figures.summary('damage', 'blob') }
    console.info(`seed ${SEED}, no disagreement:`, summary)
    tally(task, summary)
  })
})

const checkExports = async (expected: Expected, blobs: readonly DrawnBlob[]): Promise<Buffer> => {
  const readable = blobs.filter(({ id, isReadable }) => isReadable && expected.fileIds.has(id)).map(({ id }) => id)
  const missing = [...expected.fileIds].filter((id) => !readable.includes(id)).sort()
  const isComplete = expected.leftOut.length === 0 && missing.length === 0
  const before = await runner.contents()
  const properties = await blobProperties(runner, readable)

  const strict = await exported(true)
  figures.count(`strict export: ${'error' in strict ? strict.error.type : strict.job.status}`)
  if (isComplete) expect(strict).toMatchObject({ job: { status: 'succeeded', result: { complete: true } } })
  else
    expect(strict).toMatchObject({
      error: { type: expect.stringMatching(/^(unrestorable-resources|torn-resources|blobs-missing)$/) as unknown },
    })

  const lenient = await exported(false)
  if ('error' in lenient) throw new Error(`the export with strict=false failed: ${JSON.stringify(lenient.error)}`)
  figures.count(`lenient export: ${lenient.job.status}`)
  const manifest = await manifestOf(lenient.archive)
  expect(lenient.job).toMatchObject({
    status: isComplete ? 'succeeded' : 'partial',
    result: { complete: isComplete, models: countsOf(expected), missing_blobs: { count: missing.length } },
  })
  expect([...manifest.missing_blobs].sort()).toEqual(missing)
  const leftOut = manifest.left_out?.resources.map(({ model, resource_id, key }) => ({ model, resource_id, key })) ?? []
  expect(byKey(leftOut)).toEqual(byKey(expected.leftOut))

  await runner.wipe()
  await checkRestore(lenient.archive, expected, isComplete)
  const after = await runner.contents()
  const objects = bytesOf(before.objects)
  expect(comparableItems(after.items.values(), bytesOf(after.objects))).toEqual(
    comparableItems(
      keptItems(expected).map((item) => must(before.items.get(keyText(item)))),
      objects,
    ),
  )
  const blobKeys = [...after.objects.keys()].filter((key) => key.startsWith('blobs/'))
  expect(blobKeys.sort()).toEqual(readable.map(keyOfBlob).sort())
  for (const key of blobKeys) expect(after.objects.get(key)).toBe(before.objects.get(key))
  expect(await blobProperties(runner, readable)).toEqual(properties)
  return lenient.archive
}

/** Makes a dry run and a restore into a store with other content, and expects that both have the same result. */
const checkAgreement = async (archive: Buffer, on_duplicate: Strategy): Promise<void> => {
  const before = await runner.contents()
  const dryRun = await runner.restore(archive, { on_duplicate, dry_run: true })
  expect(await runner.contents()).toEqual(before)
  const restored = await runner.restore(archive, { on_duplicate })
  const outcome = `${on_duplicate}: ${restored.error?.type ?? restored.status}`
  figures.count(`restore over other content, ${outcome}`)
  expect({ restore: restored.error }).toEqual({ restore: dryRun.error })
  if (restored.error !== undefined) {
    // A failed comparison of maps would print all bytes of the store.
    expect(isDeepStrictEqual(await runner.contents(), before)).toBe(true)
    return
  }
  const leftOutOf = ({ result }: RestoreJob): object => ({ ...result?.left_out, list: result?.left_out?.list?.bucket })
  expect(leftOutOf(restored)).toEqual(leftOutOf(dryRun))
  expect((await runner.readReport(restored))?.passed).toBe(true)
  const predicted = Object.entries(dryRun.result?.dry_run?.models ?? {}).map(([model, counts]) => {
    const existing = counts.changed + counts.same
    return on_duplicate === 'skip'
      ? [model, { loaded: counts.new, skipped: existing, total: counts.new + existing }]
      : [model, { loaded: counts.new + existing, skipped: 0, total: counts.new + existing }]
  })
  expect(restored.result?.models).toEqual(Object.fromEntries(predicted))
  if (on_duplicate === 'skip') return
  const repeated = await runner.restore(archive, { dry_run: true })
  for (const counts of Object.values(repeated.result?.dry_run?.models ?? {}))
    expect(counts).toMatchObject({ new: 0, changed: 0 })
  expect(repeated.result?.dry_run?.blobs).toMatchObject({ new: 0, changed: 0 })
}

/** Makes a dry run and a restore into the empty store. */
const checkRestore = async (archive: Buffer, expected: Expected, isComplete: boolean): Promise<void> => {
  const counts = countsOf(expected)
  const leftOut = expected.leftOut.length === 0 ? {} : { left_out: { count: expected.leftOut.length } }
  const dryRun = await runner.restore(archive, { dry_run: true })
  expect((await runner.contents()).items.size).toBe(0)
  expect(dryRun).toMatchObject({
    status: isComplete ? 'succeeded' : 'partial',
    result: {
      dry_run: {
        models: Object.fromEntries(
          Object.entries(counts).map(([model, { resources }]) => [model, { new: resources, changed: 0, same: 0 }]),
        ),
      },
      ...leftOut,
    },
  })
  const restored = await runner.restore(archive)
  expect(restored).toMatchObject({
    status: isComplete ? 'succeeded' : 'partial',
    result: {
      models: Object.fromEntries(
        Object.entries(counts).map(([model, { resources }]) => [model, { loaded: resources, skipped: 0 }]),
      ),
      ...leftOut,
    },
  })
  const report = await runner.readReport(restored)
  expect(report).toMatchObject({ passed: true, ...leftOut })
  expect(Object.values(report?.checks ?? {}).map(({ passed }) => passed)).not.toContain(false)
}
