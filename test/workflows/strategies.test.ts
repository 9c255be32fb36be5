import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import type { Limits } from '../../shared/jobs/limits.ts'
import type { Item } from '../../shared/tables/item.ts'
import { type StoreContents, stableContents } from '../contents.ts'
import { madeResource } from '../resources/made-resources.ts'
import { Catalogue, type CatalogueModel, COUNTS, resourceIds, nth, findResource } from './catalogue.ts'

/** Resources of the target that are not in the archive. */
const TARGET_ONLY = ['a guild of someone else', 'zz']

/** The selected items by key, without derived attributes. */
const itemsOf = (contents: StoreContents, of: (item: Item) => boolean): [string, Item][] =>
  stableContents(contents).items.filter(([, item]) => of(item))
const isTargetOnly = (item: Item): boolean => TARGET_ONLY.includes(item['resource_id']?.S ?? '')

/** The changes of a model since the export: the id of one resource for each kind of change. */
interface Changes {
  readonly edited: string
  readonly surplus: string
  readonly ahead: string
  readonly pruned: string
  readonly absent: string
}

/** Passes of a few milliseconds contain one resource each. The smallest model has enough resources for many passes. */
describe.each<[string, string, readonly CatalogueModel[], Partial<Limits>]>([
  ['in one pass for each map item', '_backup', ['character', 'guild', 'item'], {}],
  ['in passes of a few milliseconds', 'guild', ['guild'], { passMs: 3, rangeBytes: 20_000, blobsPerRange: 10 }],
])('a restore into a store that has changed, %s', (_name, scope, models, limits) => {
  const total = models.reduce((sum, model) => sum + COUNTS[model], 0)
  let test: Catalogue
  let before: StoreContents
  let changed: StoreContents
  const changes = new Map<string, Changes>()

  beforeAll(async () => {
    const opened = await Catalogue.open({ scope, limits })
    test = opened.test
    before = opened.before
    for (const model of models) await change(model)
    changed = await test.contents()
  })
  afterAll(() => test.stop())
  beforeEach(() => test.reset(changed))

  const change = async (model: string): Promise<void> => {
    const ids = resourceIds(before, model, 2)
    const [edited, surplus, ahead, pruned, absent] = [0, 1, 2, 3, -1].map((n) => nth(ids, n))
    if (!edited || !surplus || !ahead || !pruned || !absent) throw new Error(`${model} has too few resources`)
    changes.set(model, { edited, surplus, ahead, pruned, absent })
    const { metadata, revisions } = findResource(before, model, edited)
    await test.putItems([
      {
        ...metadata,
        is_deleted: { BOOL: !(metadata['is_deleted']?.BOOL ?? false) },
        indexed_data: { S: '{}' },
        note: { S: 'x' },
      },
      { ...nth(revisions, 0), status: { S: 'revised' }, data: { S: '{"name":"someone else"}' } },
    ])
    await test.putItems([
      revised(before, model, surplus, 91).revision,
      { ...revised(before, model, surplus, 92).revision, schema_version: { S: '2' } },
      { ...nth(findResource(before, model, surplus).revisions, 0), sk: { S: migrated(before, model, surplus) } },
    ])
    const newer = revised(before, model, ahead, 93)
    await test.putItems([newer.revision, newer.metadata])
    await test.removeItems([nth(findResource(before, model, pruned).revisions, 0)])
    const gone = findResource(before, model, absent)
    await test.removeItems([gone.metadata, ...gone.revisions])
    for (const id of TARGET_ONLY) {
      const { metadata: own, revisions: history } = madeResource(model, 16, { id, revisions: 2 })
      await test.putItems([own, ...history])
    }
  }

  it('makes each resource exactly the archived one under overwrite, and keeps resources that are not in the archive', async () => {
    const { status, body } = await test.restore(scope, 'on_duplicate=overwrite')
    expect(status).toBe(200)
    expect(body).toMatchObject({ status: 'succeeded', verification: { passed: true } })
    expect(sums(body)).toEqual({ loaded: total, skipped: 0, total })
    const after = await test.contents()
    expect(itemsOf(after, (item) => !isTargetOnly(item))).toEqual(stableContents(before).items)
    expect([...after.items].filter(([, item]) => isTargetOnly(item))).toEqual(
      [...changed.items].filter(([, item]) => isTargetOnly(item)),
    )
    expect(stableContents(after).objects).toEqual(stableContents(before).objects)
  })

  it('changes no existing resource under skip, and creates the absent ones', async () => {
    const { status, body } = await test.restore(scope, 'on_duplicate=skip')
    expect(status).toBe(200)
    expect(body).toMatchObject({ status: 'succeeded', verification: { passed: true } })
    expect(sums(body)).toEqual({ loaded: models.length, skipped: total - models.length, total })
    const after = await test.contents()
    const absent = new Set([...changes.values()].map((own) => own.absent))
    const isAbsent = (item: Item): boolean => absent.has(item['resource_id']?.S ?? '')
    expect(itemsOf(after, isAbsent)).toEqual(itemsOf(before, isAbsent))
    // Including the derived attributes, which a restore would have written anew.
    for (const [key, item] of changed.items) expect(after.items.get(key)).toEqual(item)
    expect(after.items.size).toBe(changed.items.size + itemsOf(before, isAbsent).length)
  })

  it.runIf(models.length > 1)('writes nothing under raise_error, and lists the duplicates', async () => {
    const kept = await test.keptObjects()
    const { status, body } = await test.restore(scope, 'on_duplicate=raise_error')
    expect(status).toBe(409)
    expect(body).toMatchObject({ type: 'duplicates', status: 409, duplicates: { count: total - models.length } })
    const { duplicates } = body as { duplicates: { ids: string[] } }
    expect(duplicates.ids).toHaveLength(Math.min(100, total - models.length))
    const existing = models.flatMap((model) => resourceIds(before, model))
    expect(existing).toEqual(expect.arrayContaining(duplicates.ids))
    for (const { absent } of changes.values()) expect(duplicates.ids).not.toContain(absent)
    expect(await test.contents()).toEqual(changed)
    expect(await test.keptObjects()).toEqual(kept)
  })

  it.runIf(models.length > 1)(
    'lists every duplicate of one model under raise_error, and creates all resources if there is none',
    async () => {
      const rejected = await test.restore('guild', 'on_duplicate=raise_error')
      expect(rejected.status).toBe(409)
      const { duplicates } = rejected.body as { duplicates: { count: number; ids: string[] } }
      const existing = resourceIds(changed, 'guild').filter((id) => !TARGET_ONLY.includes(id))
      expect([...duplicates.ids].sort()).toEqual([...existing].sort())
      expect(duplicates.count).toBe(existing.length)
      expect(await test.contents()).toEqual(changed)

      const ofGuild = (item: Item): boolean => item['pk']?.S?.startsWith('guild#') === true && !isTargetOnly(item)
      await test.removeItems([...changed.items.values()].filter(ofGuild))
      const created = await test.restore('guild', 'on_duplicate=raise_error')
      expect(created).toMatchObject({
        status: 200,
        body: { status: 'succeeded', loaded: COUNTS.guild, skipped: 0, total: COUNTS.guild },
      })
      const after = await test.contents()
      expect(itemsOf(after, ofGuild)).toEqual(itemsOf(before, ofGuild))
      const others = ({ items }: StoreContents): unknown[] => [...items].filter(([, item]) => !ofGuild(item))
      expect(others(after)).toEqual(others(changed))
    },
  )

  it.runIf(models.length > 1)('restores only one model through its own route', async () => {
    const { body } = await test.restore('guild', 'on_duplicate=overwrite')
    expect(body).toMatchObject({ loaded: COUNTS.guild, skipped: 0, total: COUNTS.guild })
    const others = ({ items }: StoreContents): unknown[] =>
      [...items].filter(([, item]) => item['pk']?.S?.startsWith('guild#') === false)
    expect(others(await test.contents())).toEqual(others(changed))
  })
})

const Counts = z.object({ loaded: z.number(), skipped: z.number(), total: z.number() })
const CountsAnswer = z.union([Counts, z.object({ models: z.record(z.string(), Counts) })])

/** The counts of a response, added up over all models. */
const sums = (body: unknown): z.output<typeof Counts> => {
  const answer = CountsAnswer.parse(body)
  const all = 'models' in answer ? Object.values(answer.models) : [answer]
  const sum = (of: keyof z.output<typeof Counts>): number => all.reduce((total, counts) => total + counts[of], 0)
  return { loaded: sum('loaded'), skipped: sum('skipped'), total: sum('total') }
}

/** An additional revision of a resource, and the metadata with this revision as the current one. */
const revised = (contents: StoreContents, model: string, id: string, n: number): { metadata: Item; revision: Item } => {
  const { metadata, revisions } = findResource(contents, model, id)
  const last = nth(revisions, -1)
  const sk = `${metadata['sk']?.S ?? ''}/${n.toString().padStart(10, '0')}/-`
  return {
    metadata: { ...metadata, current_revision_id: { S: `${id}:${n}` }, total_revision_count: { N: `${n}` } },
    revision: { ...last, sk: { S: sk }, revision_id: { S: `${id}:${n}` } },
  }
}

/** The sort key of a resource's first revision under another schema version. */
const migrated = (contents: StoreContents, model: string, id: string): string =>
  (nth(findResource(contents, model, id).revisions, 0)['sk']?.S ?? '').replace(/[^/]*$/, 'v9')
