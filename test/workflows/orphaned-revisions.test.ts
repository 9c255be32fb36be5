import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import type { Strategy } from '../../shared/jobs/job-request.ts'
import { type Item, keyOf, sortKeyOf } from '../../shared/tables/item.ts'
import { must } from '../../shared/values/must.ts'
import { stableContents } from '../contents.ts'
import { findResource } from './catalogue.ts'
import { changed } from './kinds/unrestorable-records.ts'
import { buildResource } from './sample-store.ts'
import { startRunner } from './start-runner.ts'

let archive: Buffer
/** The archived resource `b`, and a resource that the archive does not contain. */
let metadata: Item
let first: Item
let second: Item
let other: readonly Item[]
const runner = await startRunner()
beforeAll(async () => {
  const { models } = runner.services
  const { items } = buildResource(models, { model: 'city', id: 'b', payloads: [{ name: 'A' }, { name: 'B' }] })
  metadata = must(items[0])
  first = must(items[1])
  second = must(items[2])
  other = buildResource(models, { model: 'city', id: 'x', payloads: [{ name: 'X' }] }).items
  await runner.putItems(...items)
  archive = (await runner.export(['city'])).archive
})
beforeEach(() => runner.wipe())

/** Returns the attribute `sk` of the second revision with another ending, so that it is the key of a different item. */
const keyEnd = (end: string): Item => ({ sk: { S: sortKeyOf(second).replace(/[^/]*\/-$/, end) } })

/** Revisions without metadata that differ from the revisions in the archive. */
const DIFFERENT: readonly (readonly [what: string, stored: () => Item[]])[] = [
  ['with another attribute', () => [{ ...first, created_by: { S: 'somebody' } }]],
  [
    'with an attribute that an earlier restore wrote',
    () => [{ ...first, created_by: { S: 'somebody' }, applied_by: { S: 'earlier' } }],
  ],
  ['with a payload that is not its data_sha256', () => [{ ...first, data: { S: '{"name":"rotten"}' } }]],
  ['with a spilled payload that is missing', () => [changed(first, { data: undefined, data_spilled: { BOOL: true } })]],
  ['of which one is not in the archive', () => [first, second, { ...second, ...keyEnd('0000000003/-') }]],
  ['with a key that belongs to no revision', () => [{ ...second, ...keyEnd('x') }]],
  ['without any attribute', () => [{ pk: must(first['pk']), sk: must(first['sk']) }]],
]

/** Revisions without metadata that are equal to revisions in the archive. */
const EQUAL: readonly (readonly [what: string, stored: () => Item[]])[] = [
  ['all of them', () => [first, second]],
  ['one of them', () => [second]],
  ['those that an earlier restore wrote', () => [{ ...first, applied_by: { S: 'earlier' } }]],
]

const FILTERS = [{}, { ids: ['b'] }]

const dryRun = (on_duplicate: Strategy, filters: object): Promise<RestoreJob> =>
  runner.restore(archive, { on_duplicate, dry_run: true, filters })

describe('revisions without metadata that differ from the archive', () => {
  it.each(DIFFERENT)('make their resource a duplicate: %s', async (_, stored) => {
    await runner.putItems(...stored(), ...other)
    const before = stableContents(await runner.contents())
    for (const filters of FILTERS) {
      for (const dry_run of [true, false])
        expect(await runner.restore(archive, { on_duplicate: 'raise_error', dry_run, filters })).toMatchObject({
          error: { type: 'duplicates', duplicates: { ids: ['b'] } },
        })
      const predicted = await dryRun('skip', filters)
      expect(predicted).toMatchObject({
        result: {
          dry_run: {
            models: { city: { new: 0, changed: 1, same: 0 } },
            findings: [{ resource_id: 'b', what: 'the metadata is missing, and the revisions differ' }],
          },
        },
      })
      expect(await runner.restore(archive, { on_duplicate: 'skip', filters })).toMatchObject({
        status: 'succeeded',
        result: { models: { city: { loaded: 0, skipped: 1 } }, verification: { passed: true } },
      })
    }
    expect(stableContents(await runner.contents())).toEqual(before)
  })

  it.each(DIFFERENT)('are replaced under overwrite, and are changed for a dry run: %s', async (_, stored) => {
    await runner.putItems(...stored(), ...other)
    expect(await dryRun('overwrite', {})).toMatchObject({
      result: { dry_run: { models: { city: { new: 0, changed: 1, same: 0, target_only: 1 } } } },
    })
    expect(await runner.restore(archive)).toMatchObject({
      status: 'succeeded',
      result: { models: { city: { loaded: 1 } }, verification: { passed: true } },
    })
    const { revisions } = findResource(await runner.contents(), 'city', 'b')
    expect(revisions.map(keyOf)).toEqual([keyOf(first), keyOf(second)])
    expect(await dryRun('overwrite', {})).toMatchObject({
      result: { dry_run: { models: { city: { new: 0, changed: 0, same: 1 } } } },
    })
  })
})

describe('revisions without metadata that are equal to those of the archive', () => {
  it.each(EQUAL)('are kept, and their resource is completed under every strategy: %s', async (_, stored) => {
    for (const on_duplicate of ['skip', 'raise_error', 'overwrite'] as const)
      for (const filters of FILTERS) {
        await runner.wipe()
        await runner.putItems(...stored(), ...other)
        expect(await dryRun(on_duplicate, filters)).toMatchObject({
          status: 'succeeded',
          result: { dry_run: { models: { city: { new: 1, changed: 0, same: 0 } }, findings: [] } },
        })
        expect(await runner.restore(archive, { on_duplicate, filters })).toMatchObject({
          status: 'succeeded',
          result: { models: { city: { loaded: 1, skipped: 0 } }, verification: { passed: true } },
        })
        const restored = findResource(await runner.contents(), 'city', 'b')
        expect(keyOf(restored.metadata)).toEqual(keyOf(metadata))
        expect(restored.revisions.map(keyOf)).toEqual([keyOf(first), keyOf(second)])
      }
  })
})
