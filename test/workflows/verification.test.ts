import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import type { Item } from '../../shared/resources/item.ts'
import { type Check, CHECKS } from '../../shared/restore/findings.ts'
import type { Report } from '../../shared/restore/report.ts'
import { nth, resourceIn } from './catalogue.ts'
import { fill, smallWorld } from './small-world.ts'
import { StagedWorkflows } from './staged.ts'

let staged: StagedWorkflows
let archive: Buffer
beforeAll(async () => {
  staged = await StagedWorkflows.start()
  await fill(staged.outside, smallWorld(staged.services.models))
  archive = (await staged.export(['city', 'country', 'memo'])).archive
  await staged.wipe()
})
afterAll(() => staged.stop())
afterEach(async () => {
  await staged.settle()
  await staged.wipe()
})

/** Restores into the empty store; what is damaged is damaged when all is written, before it is read back. */
const restoreThen = async (damage: () => Promise<unknown>): Promise<{ job: RestoreJob; report: Report }> => {
  staged.before('plan-verify', async () => {
    await damage()
  })
  const job = await staged.restore(archive)
  const { bucket = '', key = '' } = job.result?.report ?? {}
  const report = await staged.services.objects.getJson<Report>(bucket, key)
  if (report === undefined) throw new Error(`job ${job.job_id} has no report: ${JSON.stringify(job.error)}`)
  return { job, report }
}

const resource = async (model: string, id: string): Promise<{ metadata: Item; revisions: readonly Item[] }> =>
  resourceIn(await staged.contents(), model, id)
const revision = async (id: string, n: number): Promise<Item> => nth((await resource('city', id)).revisions, n - 1)
const metadata = async (id: string): Promise<Item> => (await resource('city', id)).metadata

const object = (Key: string): { Bucket: string; Key: string } => ({ Bucket: staged.outside.config.buckets.blobs, Key })
const replaceObject = (key: string): Promise<unknown> =>
  staged.outside.s3.send(new PutObjectCommand({ ...object(key), Body: 'other bytes' }))
const removeObject = (key: string): Promise<unknown> => staged.outside.s3.send(new DeleteObjectCommand(object(key)))
const payloadKey = async (): Promise<string> => `payloads/${(await revision('e', 1))['data_sha256']?.S ?? ''}`

describe('verification', () => {
  it('passes a restore that nobody disturbed, and says how much it checked', async () => {
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
    const checked = Object.fromEntries(CHECKS.map((check) => [check, report.checks[check].checked]))
    // 10 resources with 17 revisions and 3 blobs; borders of two countries, countries of five cities.
    expect(checked).toEqual({ counts: 27, content: 10, references: 7, blobs: 3, revisions: 17, search: 10 })
  })

  it('tells what was dangling in the archive already apart', async () => {
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

interface Case {
  readonly what: string
  readonly damage: () => Promise<unknown>
  /** The checks that fail, each with what it must say of which resource. */
  readonly fails: Partial<Record<Check, readonly [resource: string, what: RegExp]>>
}

const CASES: readonly Case[] = [
  {
    what: 'a payload that is not what its checksum says',
    damage: async () => staged.putItems({ ...(await revision('c', 1)), data: { S: '{"name":"X"}' } }),
    fails: { content: ['c', /^payload of revision c:1$/] },
  },
  {
    what: 'an attribute of a revision',
    damage: async () => staged.putItems({ ...(await revision('c', 2)), status: { S: 'draft' } }),
    fails: { content: ['c', /differs/] },
  },
  {
    what: 'metadata that filters no longer find',
    damage: async () => staged.putItems({ ...(await metadata('c')), updated_by: { S: 'nobody' } }),
    fails: { content: ['c', /differs/], search: ['c', /^not found by updated_bys$/] },
  },
  {
    what: 'an index that is not what the payload gives',
    damage: async () => staged.putItems({ ...(await metadata('c')), indexed_data: { S: '{"name":"C9"}' } }),
    fails: { content: ['c', /differs/], search: ['c', /^indexed name$/] },
  },
  {
    what: 'an earlier revision that is gone',
    damage: async () => staged.removeItems(await revision('c', 1)),
    fails: {
      counts: ['c', /^revision c:1 is missing$/],
      revisions: ['c', /^revision c:1 is missing$/],
      content: ['c', /differs/],
    },
  },
  {
    what: 'the current revision, gone',
    damage: async () => staged.removeItems(await revision('c', 3)),
    fails: {
      counts: ['c', /^revision c:3 is missing$/],
      revisions: ['c', /^current revision is missing$/],
      content: ['', /^digest of the model$/],
    },
  },
  {
    what: 'a resource that is gone',
    damage: async () => staged.removeItems(await metadata('b'), await revision('b', 1)),
    fails: { counts: ['b', /^resource is missing$/], content: ['', /^digest of the model$/] },
  },
  {
    what: 'a revision too many',
    damage: async () => {
      const one = await revision('b', 1)
      await staged.putItems({
        ...one,
        revision_id: { S: 'b:9' },
        sk: { S: (one['sk']?.S ?? '').replace('0000000001', '0000000009') },
      })
    },
    fails: { revisions: ['b', /^revision b:9 is not in the archive$/], content: ['b', /differs/] },
  },
  {
    what: 'a revision with another parent',
    damage: async () => staged.putItems({ ...(await revision('c', 3)), parent_revision_id: { S: 'c:1' } }),
    fails: { revisions: ['c', /^parent of revision c:3$/], content: ['c', /differs/] },
  },
  {
    what: 'a resource that others refer to, gone',
    damage: async () => {
      const south = await resource('country', 'south')
      await staged.removeItems(south.metadata, ...south.revisions)
    },
    fails: {
      counts: ['south', /^resource is missing$/],
      content: ['', /^digest of the model$/],
      references: ['f', /^reference country to country$/],
    },
  },
  {
    what: 'a blob with other bytes',
    damage: () => replaceObject('blobs/arms-d'),
    fails: { blobs: ['', /^blob arms-d has other bytes$/] },
  },
  {
    what: 'a blob that is gone',
    damage: () => removeObject('blobs/flag-n'),
    fails: { blobs: ['', /^blob flag-n is missing$/] },
  },
  {
    what: 'a spilled payload with other bytes',
    damage: async () => replaceObject(await payloadKey()),
    fails: { content: ['e', /^payload of revision e:1$/] },
  },
  {
    what: 'a spilled payload that is gone',
    damage: async () => removeObject(await payloadKey()),
    fails: { content: ['e', /^payload of revision e:2$/] },
  },
]

describe.each(CASES)('$what', ({ damage, fails }) => {
  it('fails the checks that it concerns, and no other', async () => {
    const { job, report } = await restoreThen(damage)
    const failed = CHECKS.filter((check) => fails[check] !== undefined)
    expect(CHECKS.filter((check) => !report.checks[check].passed)).toEqual(failed)
    for (const [check, [resource_id, what]] of Object.entries(fails)) {
      const { findings } = report.checks[CHECKS.find((one) => one === check) ?? 'counts']
      expect(findings).toContainEqual(
        expect.objectContaining({ resource_id, what: expect.stringMatching(what) as unknown }),
      )
    }
    expect(report.passed).toBe(false)
    expect(job).toMatchObject({
      status: 'failed',
      error: { type: 'verification-failed', status: 409, checks: failed },
      result: { verification: { passed: false } },
    })
  })
})

describe('what someone else wrote after the restore', () => {
  const byOthers = (item: Item): Item =>
    Object.fromEntries(Object.entries(item).filter(([name]) => name !== 'applied_by'))

  it.each<[string, () => Promise<unknown>]>([
    ['an edit', async () => staged.putItems(byOthers({ ...(await metadata('c')), updated_by: { S: 'someone else' } }))],
    [
      'a new revision',
      async () => {
        const one = await revision('c', 3)
        const sk = { S: (one['sk']?.S ?? '').replace('0000000003', '0000000004') }
        await staged.putItems(
          byOthers({ ...one, revision_id: { S: 'c:4' }, sk }),
          byOthers({
            ...(await metadata('c')),
            current_revision_id: { S: 'c:4' },
            total_revision_count: { N: '4' },
          }),
        )
      },
    ],
    [
      'a new revision whose item is not there yet',
      async () => staged.putItems(byOthers({ ...(await metadata('c')), current_revision_id: { S: 'c:4' } })),
    ],
    [
      'a revision modified',
      async () => staged.putItems(byOthers({ ...(await revision('c', 3)), status: { S: 'draft' } })),
    ],
  ])('is counted as changed since and no failure: %s', async (_what, write) => {
    const { job, report } = await restoreThen(write)
    expect(report.checks.content.findings).toEqual([])
    expect(report).toMatchObject({ passed: true, models: { city: { loaded: 6, changed_since: 1 } } })
    expect(job.status).toBe('succeeded')
  })
})
