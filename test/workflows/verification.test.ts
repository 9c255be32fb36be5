import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { hash } from 'node:crypto'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import type { Item } from '../../shared/tables/item.ts'
import { CHECK_NAMES, type CheckName } from '../../shared/restore/checks/checks.ts'
import type { Report } from '../../shared/restore/report/make-report.ts'
import { nth, findResource } from './catalogue.ts'
import { startRunnerWithSample } from './start-runner.ts'

let archive: Buffer
const runner = await startRunnerWithSample()
beforeAll(async () => {
  archive = (await runner.export(['city', 'country', 'memo'])).archive
  await runner.wipe()
})
afterEach(async () => {
  await runner.freeLeases()
  await runner.wipe()
})

/** Restores into the empty store, and damages it between the last write and the verification. */
const restoreThen = async (damage: () => Promise<unknown>): Promise<{ job: RestoreJob; report: Report }> => {
  runner.beforeStage('plan-verify', async () => {
    await damage()
  })
  const job = await runner.restore(archive)
  const report = await runner.readReport(job)
  if (report === undefined) throw new Error(`job ${job.job_id} has no report: ${JSON.stringify(job.error)}`)
  return { job, report }
}

const resource = async (model: string, id: string): Promise<{ metadata: Item; revisions: readonly Item[] }> =>
  findResource(await runner.contents(), model, id)
const revision = async (id: string, n: number): Promise<Item> => nth((await resource('city', id)).revisions, n - 1)
const metadata = async (id: string): Promise<Item> => (await resource('city', id)).metadata

const object = (Key: string): { Bucket: string; Key: string } => ({ Bucket: runner.clients.config.buckets.blobs, Key })
const replaceObject = (key: string, Body: string): Promise<unknown> =>
  runner.clients.s3.send(new PutObjectCommand({ ...object(key), Body }))
const removeObject = (key: string): Promise<unknown> => runner.clients.s3.send(new DeleteObjectCommand(object(key)))
const payloadKey = async (): Promise<string> => `payloads/${(await revision('e', 1))['data_sha256']?.S ?? ''}`

describe('verification', () => {
  it('passes a restore that was not disturbed, and reports how many items each check read', async () => {
    const { job, report } = await restoreThen(() => Promise.resolve())
    expect(job).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
    expect(report).toMatchObject({
      job_id: job.job_id,
      passed: true,
      strategy: 'overwrite',
      archive: { size: archive.length },
      models: {
        city: { loaded: 6, skipped: 0, total: 6, changed_since: 0 },
        country: { loaded: 2, skipped: 0, total: 2, changed_since: 0 },
        memo: { loaded: 2, skipped: 0, total: 2, changed_since: 0 },
      },
    })
    expect(Date.parse(report.started_at)).toBeLessThanOrEqual(Date.parse(report.ended_at))
    const checked = Object.fromEntries(CHECK_NAMES.map((check) => [check, report.checks[check].checked]))
    // 10 resources with 17 revisions and 3 blobs. References: the borders of two countries, and the countries of five
    // cities.
    expect(checked).toEqual({ counts: 27, content: 10, references: 7, blobs: 3, revisions: 17, search: 10 })
  })

  it('separately reports references that were already dangling in the archive', async () => {
    const { report } = await restoreThen(() => Promise.resolve())
    expect(report.checks.references).toMatchObject({
      passed: true,
      findings_total: 1,
      findings: [{ model: 'city', resource_id: 'd', expected: 'nowhere', what: /already dangling in the archive/ }].map(
        (finding) => ({ ...finding, what: expect.stringMatching(finding.what) as unknown }),
      ),
    })
  })
})

/** An expected finding. `of` is its resource id. */
interface ExpectedFinding {
  readonly model?: string
  readonly of: string
  readonly what: string
  readonly expected: string | RegExp
  readonly actual: string | RegExp
}

interface Case {
  readonly what: string
  readonly damage: () => Promise<unknown>
  /** The checks that fail, each with its findings. */
  readonly fails: Partial<Record<CheckName, readonly ExpectedFinding[]>>
}

const SHA256 = /^[0-9a-f]{64}$/
const sha256 = (text: string | Buffer): string => hash('sha256', text)
const differs = (of: string): readonly ExpectedFinding[] => [
  { of, what: 'resource differs', expected: SHA256, actual: SHA256 },
  MODEL_DIFFERS,
]
const MODEL_DIFFERS: ExpectedFinding = { of: '', what: 'digest of the model', expected: SHA256, actual: SHA256 }
const PRESENT = { expected: 'present', actual: 'absent' }
const ABSENT = { expected: 'absent', actual: 'present' }
const OTHER = 'other bytes'
const LONG = sha256(JSON.stringify({ name: 'E', country: 'north', long: 'long '.repeat(80_000) }))

/** Changes one attribute of a city's metadata, so that a filter does not find the city any more. */
const notFoundBy = (name: string, value: Item[string], filter: string, expected: string | RegExp): Case => ({
  what: `metadata with a changed ${name}`,
  damage: async () => runner.putItems({ ...(await metadata('c')), [name]: value }),
  fails: {
    content: differs('c'),
    search: [{ of: 'c', what: `not found by ${filter}`, expected, actual: 'not found' }],
  },
})

const CASES: readonly Case[] = [
  {
    what: 'a payload that does not match its checksum',
    damage: async () => runner.putItems({ ...(await revision('c', 1)), data: { S: '{"name":"X"}' } }),
    fails: {
      content: [
        {
          of: 'c',
          what: 'payload of revision c:1',
          expected: `sha256 ${sha256('{"name":"C","country":"north"}')}`,
          actual: `sha256 ${sha256('{"name":"X"}')}`,
        },
      ],
    },
  },
  {
    what: 'a missing payload',
    damage: async () => {
      const { data, ...rest } = await revision('c', 1)
      expect(data).toBeDefined()
      await runner.putItems(rest)
    },
    fails: {
      content: [
        {
          of: 'c',
          what: 'payload of revision c:1',
          expected: `sha256 ${sha256('{"name":"C","country":"north"}')}`,
          actual: 'no payload',
        },
      ],
    },
  },
  {
    what: 'a payload that was replaced together with its checksum',
    damage: async () =>
      runner.putItems({
        ...(await revision('c', 1)),
        data: { S: '{}' },
        data_sha256: { S: sha256('{}') },
        data_size: { N: '2' },
      }),
    fails: { content: differs('c') },
  },
  {
    what: 'a changed attribute of a revision',
    damage: async () => runner.putItems({ ...(await revision('c', 2)), status: { S: 'draft' } }),
    fails: { content: differs('c') },
  },
  {
    what: 'an additional attribute',
    damage: async () => runner.putItems({ ...(await metadata('c')), note: { S: 'mine' } }),
    fails: { content: differs('c') },
  },
  notFoundBy('resource_id', { S: 'C' }, 'ids', 'c'),
  notFoundBy(
    'created_time',
    { S: '2025-01-01T00:00:00Z' },
    'created_time_start, created_time_end',
    /2026-01-05T08:30:00/,
  ),
  notFoundBy(
    'updated_time',
    { S: '2027-01-01T00:00:00Z' },
    'updated_time_start, updated_time_end',
    /2026-01-05T08:32:00/,
  ),
  notFoundBy('created_by', { S: 'nobody' }, 'created_bys', 'alice'),
  notFoundBy('updated_by', { S: 'nobody' }, 'updated_bys', 'bob'),
  notFoundBy('is_deleted', { BOOL: true }, 'is_deleted', 'false'),
  {
    what: 'indexed values that do not match the payload',
    damage: async () => runner.putItems({ ...(await metadata('c')), indexed_data: { S: '{"name":"C9"}' } }),
    fails: {
      content: differs('c'),
      search: [
        { of: 'c', what: 'indexed name', expected: '"C3"', actual: '"C9"' },
        { of: 'c', what: 'indexed country', expected: '"south"', actual: 'absent' },
        { of: 'c', what: 'indexed lat', expected: 'null', actual: 'absent' },
        { of: 'c', what: 'indexed lng', expected: 'null', actual: 'absent' },
      ],
    },
  },
  {
    what: 'a missing earlier revision',
    damage: async () => runner.removeItems(await revision('c', 1)),
    fails: {
      counts: [{ of: 'c', what: 'revision c:1 is missing', ...PRESENT }],
      revisions: [{ of: 'c', what: 'revision c:1 is missing', ...PRESENT }],
      content: differs('c'),
    },
  },
  {
    what: 'a missing current revision',
    damage: async () => runner.removeItems(await revision('c', 3)),
    fails: {
      counts: [{ of: 'c', what: 'revision c:3 is missing', ...PRESENT }],
      revisions: [{ of: 'c', what: 'current revision is missing', expected: 'c:3', actual: 'absent' }],
      content: [MODEL_DIFFERS],
    },
  },
  {
    what: 'a missing resource',
    damage: async () => runner.removeItems(await metadata('b'), await revision('b', 1)),
    fails: { counts: [{ of: 'b', what: 'resource is missing', ...PRESENT }], content: [MODEL_DIFFERS] },
  },
  {
    what: 'revisions without metadata',
    damage: async () => runner.removeItems(await metadata('c')),
    fails: { counts: [{ of: 'c', what: 'resource is missing', ...PRESENT }], content: [MODEL_DIFFERS] },
  },
  {
    what: 'an additional revision',
    damage: async () => {
      const one = await revision('b', 1)
      await runner.putItems({
        ...one,
        revision_id: { S: 'b:9' },
        sk: { S: (one['sk']?.S ?? '').replace('0000000001', '0000000009') },
      })
    },
    fails: { revisions: [{ of: 'b', what: 'revision b:9 is not in the archive', ...ABSENT }], content: differs('b') },
  },
  {
    what: 'a revision with a different parent',
    damage: async () => runner.putItems({ ...(await revision('c', 3)), parent_revision_id: { S: 'c:1' } }),
    fails: {
      revisions: [{ of: 'c', what: 'parent of revision c:3', expected: 'c:2', actual: 'c:1' }],
      content: differs('c'),
    },
  },
  {
    what: 'a revision without its parent',
    damage: async () => runner.putItems({ ...(await revision('c', 2)), parent_revision_id: { NULL: true } }),
    fails: {
      revisions: [{ of: 'c', what: 'parent of revision c:2', expected: 'c:1', actual: 'none' }],
      content: differs('c'),
    },
  },
  {
    what: 'a missing resource to which others refer',
    damage: async () => {
      const south = await resource('country', 'south')
      await runner.removeItems(south.metadata, ...south.revisions)
    },
    fails: {
      counts: [{ model: 'country', of: 'south', what: 'resource is missing', ...PRESENT }],
      content: [{ model: 'country', ...MODEL_DIFFERS }],
      references: [
        { of: 'f', what: 'reference country to country', expected: 'south', actual: 'absent' },
        { of: 'c', what: 'reference country to country', expected: 'south', actual: 'absent' },
        { of: 'b', what: 'reference country to country', expected: 'south', actual: 'absent' },
        { model: 'country', of: 'north', what: 'reference borders to country', expected: 'south', actual: 'absent' },
      ],
    },
  },
  {
    what: 'a blob with different content of the same size',
    damage: () => replaceObject('blobs/arms-d', 'A lion'),
    fails: {
      blobs: [
        {
          of: '',
          what: 'blob arms-d has other bytes',
          expected: `6 bytes, sha256 ${sha256('a lion')}`,
          actual: `6 bytes, sha256 ${sha256('A lion')}`,
        },
      ],
    },
  },
  {
    what: 'a truncated blob',
    damage: () => replaceObject('blobs/arms-d', 'a li'),
    fails: {
      blobs: [
        {
          of: '',
          what: 'blob arms-d has other bytes',
          expected: `6 bytes, sha256 ${sha256('a lion')}`,
          actual: `4 bytes, sha256 ${sha256('a li')}`,
        },
      ],
    },
  },
  {
    what: 'a missing blob of two models',
    damage: () => removeObject('blobs/flag-n'),
    fails: {
      blobs: [
        {
          model: 'city, country',
          of: '',
          what: 'blob flag-n is missing',
          expected: `5 bytes, sha256 ${sha256('north')}`,
          actual: 'absent',
        },
      ],
    },
  },
  {
    what: 'a spilled payload with different content',
    damage: async () => replaceObject(await payloadKey(), OTHER),
    fails: {
      content: [
        ...[1, 2].map((n) => ({
          of: 'e',
          what: `payload of revision e:${n}`,
          expected: `sha256 ${LONG}`,
          actual: `sha256 ${sha256(OTHER)}`,
        })),
        {
          of: '',
          what: `payload ${LONG} has other bytes`,
          expected: `400040 bytes, sha256 ${LONG}`,
          actual: `11 bytes, sha256 ${sha256(OTHER)}`,
        },
      ],
    },
  },
  {
    what: 'a missing spilled payload',
    damage: async () => removeObject(await payloadKey()),
    fails: {
      content: [
        ...[1, 2].map((n) => ({
          of: 'e',
          what: `payload of revision e:${n}`,
          expected: `sha256 ${LONG}`,
          actual: 'no payload',
        })),
        {
          of: '',
          what: `payload ${LONG} is missing`,
          expected: `400040 bytes, sha256 ${LONG}`,
          actual: 'absent',
        },
      ],
    },
  },
]

const matching = (text: string | RegExp): unknown => (typeof text === 'string' ? text : expect.stringMatching(text))

describe.each(CASES)('$what', ({ damage, fails }) => {
  it('makes only the affected checks fail; each finding contains the resource, the expected value and the actual value', async () => {
    const { job, report } = await restoreThen(damage)
    const failed = CHECK_NAMES.filter((check) => fails[check] !== undefined)
    expect(CHECK_NAMES.filter((check) => !report.checks[check].passed)).toEqual(failed)
    for (const check of failed) {
      // Findings that already apply to the archive are not failures.
      const found = report.checks[check].findings.filter(({ what }) => !what.includes('already dangling'))
      const expected = (fails[check] ?? []).map(({ model = 'city', of, what, expected, actual }) => ({
        model,
        resource_id: of,
        what,
        expected: matching(expected),
        actual: matching(actual),
      }))
      expect(found).toHaveLength(expected.length)
      expect(found).toEqual(expect.arrayContaining(expected))
    }
    expect(report.passed).toBe(false)
    expect(job).toMatchObject({
      status: 'failed',
      error: { type: 'verification-failed', status: 409, checks: failed },
      result: { verification: { passed: false } },
    })
  })
})

describe('a change by another writer after the restore', () => {
  const byAnotherWriter = (item: Item): Item =>
    Object.fromEntries(Object.entries(item).filter(([name]) => name !== 'applied_by'))

  it.each<[string, () => Promise<unknown>]>([
    [
      'an edit',
      async () => runner.putItems(byAnotherWriter({ ...(await metadata('c')), updated_by: { S: 'someone else' } })),
    ],
    [
      'a new revision',
      async () => {
        const one = await revision('c', 3)
        const sk = { S: (one['sk']?.S ?? '').replace('0000000003', '0000000004') }
        await runner.putItems(
          byAnotherWriter({ ...one, revision_id: { S: 'c:4' }, sk }),
          byAnotherWriter({
            ...(await metadata('c')),
            current_revision_id: { S: 'c:4' },
            total_revision_count: { N: '4' },
          }),
        )
      },
    ],
    [
      'a new revision whose item does not exist yet',
      async () => runner.putItems(byAnotherWriter({ ...(await metadata('c')), current_revision_id: { S: 'c:4' } })),
    ],
    [
      'a modified revision',
      async () => runner.putItems(byAnotherWriter({ ...(await revision('c', 3)), status: { S: 'draft' } })),
    ],
  ])('is counted as changed since, and is not a failure: %s', async (_what, write) => {
    const { job, report } = await restoreThen(write)
    expect(report.checks.content.findings).toEqual([])
    expect(report).toMatchObject({ passed: true, models: { city: { loaded: 6, changed_since: 1 } } })
    expect(job.status).toBe('succeeded')
  })
})
