import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { idHashOf } from '../../shared/resources/keys.ts'
import { type Item, sortKeyOf } from '../../shared/tables/item.ts'
import { craftItems } from '../archive/craft.ts'
import type { StoreContents } from '../contents.ts'
import { SEED, tally } from '../faults/seeded.ts'
import { buildStream } from '../specstar/build-stream.ts'
import { archiveDamage, damaged, type Damage } from './restorable/damage.ts'
import { buildDrawn, itemsIn, MODELS, resourcePlan, type ResourcePlan } from './restorable/drawn-resource.ts'
import { type DrawnStreamResource, streamModel, streamResources } from './restorable/drawn-stream.ts'
import { comparableItems, expectedOf, payloadOf } from './restorable/expected.ts'
import { Figures, parameters, startPropertyRunner, STORES } from './restorable/property-runner.ts'
import type { WorkflowRunner } from './workflow-runner.ts'

let runner: WorkflowRunner
let stop: () => Promise<void>
beforeAll(async () => {
  const started = await startPropertyRunner()
  runner = started.runner
  stop = started.stop
})
afterAll(() => stop())

const figures = new Figures()

/**
 * Restores an archive strictly, with `strict=false`, and with the ids of some resources that can be restored. Checks
 * everything except the content of the store after the restore with `strict=false`, which it returns.
 */
const checkRestores = async (
  archive: Buffer,
  expected: { readonly leftOut: number; readonly kept: Readonly<Record<string, readonly string[]>> },
): Promise<StoreContents> => {
  const unrestorable_resources = { count: expected.leftOut }
  for (const dry_run of [true, false]) {
    if (expected.leftOut === 0) break
    expect(await runner.restore(archive, { dry_run })).toMatchObject({
      status: 'failed',
      error: { type: 'archive-invalid', unrestorable_resources },
    })
    const { items, objects } = await runner.contents()
    expect([items.size, objects.size]).toEqual([0, 0])
  }
  for (const [model, ids] of Object.entries(expected.kept)) {
    if (ids.length === 0) continue
    const chosen = ids.slice(0, 2)
    expect(await runner.restore(archive, { models: [model], filters: { ids: chosen } })).toMatchObject({
      status: 'succeeded',
      result: { models: { [model]: { loaded: chosen.length, total: chosen.length } } },
    })
  }
  await runner.wipe()

  const strict = false
  const left_out = expected.leftOut === 0 ? {} : { left_out: unrestorable_resources }
  const counts = Object.entries(expected.kept).map(([model, { length }]) => [model, length] as const)
  expect(await runner.restore(archive, { strict, dry_run: true })).toMatchObject({
    status: expected.leftOut === 0 ? 'succeeded' : 'partial',
    result: {
      dry_run: { models: Object.fromEntries(counts.map(([model, n]) => [model, { new: n, changed: 0, same: 0 }])) },
      ...left_out,
    },
  })
  const restored = await runner.restore(archive, { strict })
  figures.count(`lenient restore: ${restored.status}`)
  expect(restored).toMatchObject({
    status: expected.leftOut === 0 ? 'succeeded' : 'partial',
    result: {
      models: Object.fromEntries(counts.map(([model, loaded]) => [model, { loaded, skipped: 0 }])),
      ...left_out,
    },
  })
  expect(await runner.readReport(restored)).toMatchObject({ passed: true, ...left_out })
  return runner.contents()
}

const bytesOf = (objects: ReadonlyMap<string, string>): Map<string, { bytes: Buffer }> =>
  new Map([...objects].map(([key, base64]) => [key, { bytes: Buffer.from(base64, 'base64') }]))

interface DamagedPlan {
  readonly plan: ResourcePlan
  readonly damage: readonly Damage[]
  readonly [fc.toStringMethod]: () => string
}

/** Resources of one model. All payloads are in their items and refer to no blobs. */
const damagedPlans: fc.Arbitrary<readonly DamagedPlan[]> = fc
  .tuple(
    fc.constantFrom(...MODELS),
    fc.uniqueArray(fc.tuple(resourcePlan, archiveDamage), { minLength: 1, maxLength: 7, selector: ([{ id }]) => id }),
  )
  .map(([model, drawn]) =>
    drawn.map(([{ id, revisions }, damage]): DamagedPlan => {
      const inline = revisions.map((revision) => ({ ...revision, storage: 'inline' as const, blobs: [] }))
      const text = `${model} ${id.slice(0, 8)}: ${damage.map(({ kind, n }) => `${kind} (${n})`).join(', ')}`
      return { plan: { model, id, revisions: inline }, damage, [fc.toStringMethod]: () => text }
    }),
  )

describe('an archive of another program with random faults', { timeout: 7_200_000 }, () => {
  it('restores exactly the resources without faults with strict=false', async ({ task }) => {
    await fc.assert(
      fc.asyncProperty(damagedPlans, async (plans) => {
        await runner.wipe()
        const { models } = runner.services
        const resources = plans
          .map(({ plan, damage }) => ({ ...damaged(buildDrawn(models, plan), damage), payloads: new Map() }))
          .filter((resource) => itemsIn(resource).length > 0)
        const [model = ''] = resources.map((resource) => resource.model)
        if (model === '') return
        for (const { kind } of plans.flatMap(({ damage }) => damage)) figures.count(`damage: ${kind}`)
        const { kept, leftOut } = expectedOf(resources, models, 'archive')
        const ids = kept.map(({ metadata }) => metadata['resource_id']?.S ?? '')
        const after = await checkRestores(craftItems(model, resources.map(itemsIn)), {
          leftOut: leftOut.length,
          kept: { [model]: ids },
        })
        expect(comparableItems(after.items.values(), bytesOf(after.objects))).toEqual(
          comparableItems(
            kept.flatMap(({ metadata, revisions }) => [metadata, ...revisions]),
            new Map(),
          ),
        )
      }),
      parameters(STORES),
    )
    const summary = { 'random archives': STORES, ...figures.summary('damage', 'fault') }
    console.info(`seed ${SEED}, no disagreement:`, summary)
    tally(task, summary)
  })
})

const revisionItems = ({ items }: StoreContents, id: string, model: string): Item[] =>
  [...items.values()].filter(
    (item) => item['pk']?.S?.startsWith(`${model}#r#`) === true && sortKeyOf(item).startsWith(`${idHashOf(id)}/${id}/`),
  )

/** Checks that the store contains exactly these resources of a stream, with their payloads. */
const checkStreamContents = (
  contents: StoreContents,
  sound: Readonly<Record<string, readonly DrawnStreamResource[]>>,
): void => {
  let items = 0
  for (const [model, resources] of Object.entries(sound))
    for (const { id, records } of resources) {
      const revisions = records[0]?.revisions ?? {}
      const stored = revisionItems(contents, id, model).map((item) => [
        item['revision_id']?.S,
        Buffer.from(payloadOf(item, bytesOf(contents.objects)) ?? '').toString('base64'),
      ])
      expect(Object.fromEntries(stored)).toEqual(
        Object.fromEntries(
          Object.entries(revisions).map(([name, payload]) => [name, Buffer.from(payload).toString('base64')]),
        ),
      )
      items += 1 + stored.length
    }
  expect(contents.items.size).toBe(items)
}

describe('a stream of SpecStar with random faults', { timeout: 7_200_000 }, () => {
  it('restores exactly the resources without faults with strict=false', async ({ task }) => {
    await fc.assert(
      fc.asyncProperty(streamResources, streamResources, fc.boolean(), async (albums, artists, metadataFirst) => {
        await runner.wipe()
        const drawn = { album: albums, artist: artists }
        for (const { fault } of [...albums, ...artists]) if (fault !== undefined) figures.count(`fault: ${fault}`)
        const stream = buildStream({
          album: streamModel(albums, metadataFirst),
          artist: streamModel(artists, metadataFirst),
        })
        const sound = Object.fromEntries(
          Object.entries(drawn).map(([model, list]) => [model, list.filter(({ fault }) => fault === undefined)]),
        )
        const after = await checkRestores(stream, {
          leftOut: [...albums, ...artists].filter(({ fault }) => fault !== undefined).length,
          kept: Object.fromEntries(Object.entries(sound).map(([model, list]) => [model, list.map(({ id }) => id)])),
        })
        checkStreamContents(after, sound)
      }),
      parameters(STORES),
    )
    const summary = { 'random streams': STORES, ...figures.summary('damage', 'fault') }
    console.info(`seed ${SEED}, no disagreement:`, summary)
    tally(task, summary)
  })
})
