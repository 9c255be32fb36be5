import { expect } from 'vitest'
import { STRATEGIES, type Strategy } from '../../../shared/jobs/job-request.ts'
import type { RestoreJob } from '../../../shared/jobs/job.ts'
import type { ModelRegistry } from '../../../shared/resources/models.ts'
import { type Item, sortKeyOf } from '../../../shared/tables/item.ts'
import { craftItems } from '../../archive/craft.ts'
import { stableContents } from '../../contents.ts'
import { buildResource } from '../sample-store.ts'
import type { WorkflowRunner } from '../workflow-runner.ts'
import { jobText, NONE } from './outcome.ts'

interface City {
  readonly metadata: Item
  readonly first: Item
  readonly second: Item
}

/** What the target of a restore contains. */
interface BrokenTarget {
  readonly what: string
  readonly items: (archived: City) => readonly Item[]
}

const item = (pk: string, sk: string): Item => ({ pk: { S: pk }, sk: { S: sk } })
const misplaced = (each: Item): Item => ({ ...each, sk: { S: `${'0'.repeat(16)}${sortKeyOf(each).slice(16)}` } })
const other = { updated_by: { S: 'another user' } }

export const BROKEN_TARGETS: readonly BrokenTarget[] = [
  { what: 'the same resource', items: ({ metadata, first, second }) => [metadata, first, second] },
  {
    what: 'the resource with other metadata',
    items: ({ metadata, first, second }) => [{ ...metadata, ...other }, first, second],
  },
  { what: 'the metadata without revisions', items: ({ metadata }) => [metadata] },
  { what: 'the metadata without the current revision', items: ({ metadata, first }) => [metadata, first] },
  {
    what: 'faulty metadata',
    items: ({ metadata, first, second }) => [{ ...metadata, updated_by: { N: '1' } }, first, second],
  },
  { what: 'all revisions without metadata', items: ({ first, second }) => [first, second] },
  { what: 'one of the revisions without metadata', items: ({ first }) => [first] },
  { what: 'a revision with other content without metadata', items: ({ first }) => [{ ...first, ...other }] },
  {
    what: 'a revision that the archive lacks, without metadata',
    items: ({ first }) => [
      { ...first, revision_id: { S: 'bad:9' }, sk: { S: sortKeyOf(first).replace('0000000001', '0000000009') } },
    ],
  },
  { what: 'the metadata under a wrong id hash', items: ({ metadata }) => [misplaced(metadata)] },
  { what: 'a revision under a wrong id hash', items: ({ first }) => [misplaced(first)] },
  { what: 'an item of an unregistered model', items: () => [item('other#m#0', 'x')] },
  { what: 'an item of an unregistered shard', items: () => [item('city#m#16', 'x')] },
]

/** The outcomes for one target, as cells of a table. */
export interface TargetOutcomes extends Readonly<Record<Strategy, string>> {
  readonly dryRun: string
}

const counted = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .filter(([name, count]) => count > 0 && name !== 'total')
    .map(([name, count]) => `${count} ${name.replace('_', ' ')}`)
    .join(', ')

const outcomeOf = (job: RestoreJob): string => {
  const { city } = job.result?.dry_run?.models ?? job.result?.models ?? {}
  return city === undefined ? jobText(job) : `${jobText(job)}, ${counted({ ...city })}`
}

/**
 * Restores an archive of one resource into the target with each strategy. Expects that each dry run fails if and only
 * if the restore fails, that no verification fails, and that the items of the target that are not those of the archived
 * resource do not change.
 */
export const observeTarget = async (runner: WorkflowRunner, { items }: BrokenTarget): Promise<TargetOutcomes> => {
  const { models } = runner.services
  const archived = archivedCity(models)
  const archive = craftItems('city', [Object.values(archived)])
  const outcomes = { dryRun: NONE, overwrite: NONE, skip: NONE, raise_error: NONE }
  for (const on_duplicate of STRATEGIES) {
    await runner.putItems(...items(archived))
    const before = stableContents(await runner.contents())
    const dryRun = await runner.restore(archive, { on_duplicate, dry_run: true })
    expect(stableContents(await runner.contents())).toEqual(before)
    const restored = await runner.restore(archive, { on_duplicate })
    expect(dryRun.error?.type).toBe(restored.error?.type)
    expect(restored.result?.verification?.passed).not.toBe(false)
    const after = stableContents(await runner.contents()).items
    if (restored.error !== undefined) expect(after).toEqual(before.items)
    const own = Object.values(archived).map(sortKeyOf)
    const isOther = ([key]: readonly [string, Item]): boolean => !own.some((sk) => key.endsWith(` ${sk}`))
    if (on_duplicate !== 'overwrite') expect(after).toEqual(expect.arrayContaining(before.items.filter(isOther)))
    if (on_duplicate === 'overwrite') outcomes.dryRun = outcomeOf(dryRun)
    outcomes[on_duplicate] = outcomeOf(restored)
    await runner.freeLeases()
    await runner.wipe()
  }
  return outcomes
}

const archivedCity = (models: ModelRegistry): City => {
  const payloads = [{ name: 'Bad' }, { name: 'Worse' }]
  const [metadata = {}, first = {}, second = {}] = buildResource(models, { model: 'city', id: 'bad', payloads }).items
  return { metadata, first, second }
}
