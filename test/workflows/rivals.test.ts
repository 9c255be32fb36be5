import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RestoreJob, RestoreRequest } from '../../shared/jobs/job.ts'
import { RestoreRunningError } from '../../shared/jobs/lease-errors.ts'
import type { Item } from '../../shared/tables/item.ts'
import type { Contents } from '../contents.ts'
import { lasting } from '../contents.ts'
import { nth, resourceIn } from './catalogue.ts'
import { fill, smallWorld, worldWith } from './small-world.ts'
import { StagedWorkflows } from './staged.ts'

const MODELS = ['city', 'country', 'memo']
let staged: StagedWorkflows
let archive: Buffer
let before: Contents
beforeAll(async () => {
  staged = await StagedWorkflows.start()
  await fill(staged.outside, smallWorld(staged.services.models))
  before = await staged.contents()
  archive = (await staged.export(MODELS)).archive
  await staged.wipe()
})
afterAll(() => staged.stop())
afterEach(async () => {
  await staged.settle()
  await staged.wipe()
})

/** Another writer creates a complete city with an id of the archive. */
const createCity = (id: string): Promise<void> =>
  fill(staged.outside, worldWith(staged.services.models, { model: 'city', id, payloads: [{ name: 'theirs' }] }))
const itemsOf = (contents: Contents, id: string): [string, Item][] =>
  lasting(contents).items.filter(([, item]) => item['resource_id']?.S === id)
const isCity = ([, item]: [string, Item]): boolean => item['pk']?.S?.startsWith('city#') === true

/** Restores an archive, and calls `interfere` before a stage. */
const restoreWhile = (
  stage: string,
  interfere: (jobId: string) => Promise<unknown>,
  request: Partial<RestoreRequest> = {},
): Promise<RestoreJob> => {
  staged.before(stage, async (jobId) => {
    await interfere(jobId)
  })
  return staged.restore(archive, request)
}

const leaseOf = async (model: string): Promise<unknown> => {
  try {
    await (await staged.services.leases.take(model, 'another job')).free()
    return 'free'
  } catch (error) {
    return error instanceof RestoreRunningError ? error : Promise.reject(error instanceof Error ? error : new Error())
  }
}

describe('a resource that another writer creates after preflight', () => {
  it.each([
    ['complete', () => createCity('c')],
    [
      'with its revisions first',
      async () => {
        await createCity('c')
        await staged.removeItems(resourceIn(await staged.contents(), 'city', 'c').metadata)
      },
    ],
    [
      'with its metadata first',
      async () => {
        await createCity('c')
        await staged.removeItems(...resourceIn(await staged.contents(), 'city', 'c').revisions)
      },
    ],
  ])(
    'is skipped under skip if it is created %s, and no item of the archived resource remains',
    async (_how, create) => {
      let theirs: [string, Item][] = []
      const job = await restoreWhile(
        'apply-records',
        async () => {
          await create()
          theirs = itemsOf(await staged.contents(), 'c')
        },
        { on_duplicate: 'skip' },
      )
      expect(job).toMatchObject({
        status: 'succeeded',
        result: { models: { city: { loaded: 5, skipped: 1, total: 6 } }, verification: { passed: true } },
      })
      const after = await staged.contents()
      expect(itemsOf(after, 'c')).toEqual(theirs)
      expect(itemsOf(after, 'a')).toEqual(itemsOf(before, 'a'))
    },
  )

  it('is a conflict under raise_error: the restore is rolled back, and the resource stays', async () => {
    let theirs: [string, Item][] = []
    const job = await restoreWhile(
      'apply-records',
      async () => {
        await createCity('c')
        theirs = lasting(await staged.contents()).items
      },
      { on_duplicate: 'raise_error' },
    )
    expect(job).toMatchObject({ status: 'failed', error: { type: 'conflict', status: 409, id: 'c' } })
    const { items, objects } = lasting(await staged.contents())
    expect(items).toEqual(theirs)
    // Blobs are not rolled back. Without resources that refer to them they have no effect.
    expect(objects.every(([key]) => before.objects.has(key))).toBe(true)
  })

  it('makes workers that outlive their map lose the lease before the rollback begins', async () => {
    const epochs: (number | undefined)[] = []
    const recordEpoch = async (jobId: string): Promise<void> => {
      const lease = staged.services.leases.held(['city'], jobId)
      await lease.check()
      epochs.push(lease.epoch('city'))
    }
    staged.before('rollback', recordEpoch)
    const job = await restoreWhile(
      'apply-records',
      async (jobId) => {
        await recordEpoch(jobId)
        await createCity('c')
      },
      { on_duplicate: 'raise_error' },
    )
    expect(job).toMatchObject({ error: { type: 'conflict' } })
    const [applying = 0, rollingBack = 0] = epochs
    expect(rollingBack).toBeGreaterThan(applying)
  })

  it('is replaced under overwrite, and its additional revisions are removed', async () => {
    const job = await restoreWhile('apply-records', async () => {
      await fill(
        staged.outside,
        worldWith(staged.services.models, {
          model: 'city',
          id: 'b',
          payloads: [{ name: '1' }, { name: '2' }, { name: '3' }],
        }),
      )
    })
    expect(job).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
    expect(itemsOf(await staged.contents(), 'b')).toEqual(itemsOf(before, 'b'))
  })
})

describe('another writer during an overwrite', () => {
  it('keeps its changes if it writes after the restore; they are counted as changed since', async () => {
    const job = await restoreWhile('plan-verify', async () => {
      await createCity('b')
      await createCity('f')
    })
    expect(job).toMatchObject({ status: 'succeeded', result: { models: { city: { loaded: 6 } } } })
    const { bucket = '', key = '' } = job.result?.report ?? {}
    expect(await staged.services.objects.getJson(bucket, key)).toMatchObject({
      passed: true,
      models: { city: { loaded: 6, changed_since: 2 } },
    })
    const stored = resourceIn(await staged.contents(), 'city', 'b')
    expect(nth(stored.revisions, 0)['data']).toEqual({ S: '{"name":"theirs"}' })
  })

  it('loses its changes if it writes before the restore', async () => {
    const job = await restoreWhile('apply-blobs', () => createCity('b'))
    expect(job.status).toBe('succeeded')
    expect(lasting(await staged.contents()).items.filter(isCity)).toEqual(lasting(before).items.filter(isCity))
  })
})

describe('two restores at once', () => {
  it('of one model: the second fails and names the running job, and the first succeeds', async () => {
    let second: RestoreJob | undefined
    let firstId = ''
    const first = await restoreWhile('preflight', async (jobId) => {
      firstId = jobId
      second = await staged.restore(archive, { models: ['city'] })
    })
    expect(second).toMatchObject({
      status: 'failed',
      error: { type: 'restore-running', status: 409, model: 'city', job_id: firstId },
    })
    expect(Date.parse(String(second?.error?.['until']))).toBeGreaterThan(Date.now())
    expect(first).toMatchObject({ status: 'succeeded' })
    expect(lasting(await staged.contents())).toEqual(lasting(before))
  })

  it('of different models both succeed', async () => {
    let second: RestoreJob | undefined
    staged.before('preflight', async () => {
      second = await staged.restore(archive, { models: ['memo'] })
    })
    const first = await staged.restore(archive, { models: ['city'] })
    expect([first.status, second?.status]).toEqual(['succeeded', 'succeeded'])
  })

  it('both succeed if one is a dry run', async () => {
    let second: RestoreJob | undefined
    const first = await restoreWhile('preflight', async () => {
      second = await staged.restore(archive, { dry_run: true })
    })
    expect([first.status, second?.status]).toEqual(['succeeded', 'succeeded'])
  })
})

describe('the leases of a restore', () => {
  it('are free after a success and after a failure before the first write', async () => {
    expect(await staged.restore(archive)).toMatchObject({ status: 'succeeded' })
    for (const model of MODELS) expect(await leaseOf(model)).toBe('free')
    expect(await staged.restore(archive, { on_duplicate: 'raise_error' })).toMatchObject({
      status: 'failed',
      error: { type: 'duplicates' },
    })
    for (const model of MODELS) expect(await leaseOf(model)).toBe('free')
  })

  it('drain after a failure that follows the first write', async () => {
    let jobId = ''
    const job = await restoreWhile('plan-verify', async (id) => {
      jobId = id
      await staged.removeItems(resourceIn(await staged.contents(), 'city', 'b').metadata)
    })
    expect(job).toMatchObject({ status: 'failed', error: { type: 'verification-failed' } })
    for (const model of MODELS) expect(await leaseOf(model)).toMatchObject({ job_id: jobId })
    expect(await staged.restore(archive)).toMatchObject({ error: { type: 'restore-running', job_id: jobId } })
    await staged.services.leases.held(MODELS, jobId).free()
    expect(await staged.restore(archive)).toMatchObject({ status: 'succeeded' })
  })
})
