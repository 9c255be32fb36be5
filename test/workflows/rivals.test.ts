import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RestoreJob, RestoreRequest } from '../../shared/jobs/job.ts'
import { RestoreRunningError } from '../../shared/jobs/lease-errors.ts'
import type { Item } from '../../shared/tables/item.ts'
import type { Contents } from '../contents.ts'
import { lasting } from '../contents.ts'
import { nth, resourceIn } from './catalogue.ts'
import { fill, smallWorld, tell } from './small-world.ts'
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

/** A city that someone else creates, complete, under an id of the archive. */
const rival = (id: string): Promise<void> =>
  fill(staged.outside, tell(staged.services.models, { model: 'city', id, payloads: [{ name: 'theirs' }] }))
const itemsOf = (contents: Contents, id: string): [string, Item][] =>
  lasting(contents).items.filter(([, item]) => item['resource_id']?.S === id)
const isCity = ([, item]: [string, Item]): boolean => item['pk']?.S?.startsWith('city#') === true

/** Restores while something happens before one of the stages. */
const restoreWhile = (
  stage: string,
  happening: (jobId: string) => Promise<unknown>,
  request: Partial<RestoreRequest> = {},
): Promise<RestoreJob> => {
  staged.before(stage, async (jobId) => {
    await happening(jobId)
  })
  return staged.restore(archive, request)
}

const leaseOf = async (model: string): Promise<unknown> => {
  try {
    await (await staged.services.leases.take(model, 'someone who asks')).free()
    return 'free'
  } catch (error) {
    return error instanceof RestoreRunningError ? error : Promise.reject(error instanceof Error ? error : new Error())
  }
}

describe('a resource that someone else creates between preflight and write', () => {
  it.each([
    ['whole', () => rival('c')],
    [
      'with its revisions only, so far',
      async () => {
        await rival('c')
        await staged.removeItems(resourceIn(await staged.contents(), 'city', 'c').metadata)
      },
    ],
    [
      'with its metadata first',
      async () => {
        await rival('c')
        await staged.removeItems(...resourceIn(await staged.contents(), 'city', 'c').revisions)
      },
    ],
  ])('is skipped under skip, %s, and nothing of the archived one is left beside it', async (_how, create) => {
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
  })

  it('is a conflict under raise_error: what was written is taken back, and theirs stays', async () => {
    let theirs: [string, Item][] = []
    const job = await restoreWhile(
      'apply-records',
      async () => {
        await rival('c')
        theirs = lasting(await staged.contents()).items
      },
      { on_duplicate: 'raise_error' },
    )
    expect(job).toMatchObject({ status: 'failed', error: { type: 'conflict', status: 409, id: 'c' } })
    const { items, objects } = lasting(await staged.contents())
    expect(items).toEqual(theirs)
    // Blobs are content: they may stay, and hurt nobody.
    expect(objects.every(([key]) => before.objects.has(key))).toBe(true)
  })

  it('ends the hold of workers on their lease before anything is taken back: they outlive their map', async () => {
    const epochs: (number | undefined)[] = []
    const noteEpoch = async (jobId: string): Promise<void> => {
      const lease = staged.services.leases.held(['city'], jobId)
      await lease.check()
      epochs.push(lease.epoch('city'))
    }
    staged.before('rollback', noteEpoch)
    const job = await restoreWhile(
      'apply-records',
      async (jobId) => {
        await noteEpoch(jobId)
        await rival('c')
      },
      { on_duplicate: 'raise_error' },
    )
    expect(job).toMatchObject({ error: { type: 'conflict' } })
    const [working = 0, takingBack = 0] = epochs
    expect(takingBack).toBeGreaterThan(working)
  })

  it('is replaced under overwrite, with every revision that only it had', async () => {
    const job = await restoreWhile('apply-records', async () => {
      await fill(
        staged.outside,
        tell(staged.services.models, {
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

describe('a writer during an overwrite', () => {
  it('is counted as changed since where it came after us, and its work stays', async () => {
    const job = await restoreWhile('plan-verify', async () => {
      await rival('b')
      await rival('f')
    })
    expect(job).toMatchObject({ status: 'succeeded', result: { models: { city: { loaded: 6 } } } })
    const { bucket = '', key = '' } = job.result?.report ?? {}
    expect(await staged.services.objects.getJson(bucket, key)).toMatchObject({
      passed: true,
      models: { city: { loaded: 6, changed_since: 2 } },
    })
    const standing = resourceIn(await staged.contents(), 'city', 'b')
    expect(nth(standing.revisions, 0)['data']).toEqual({ S: '{"name":"theirs"}' })
  })

  it('loses what it wrote before us', async () => {
    const job = await restoreWhile('apply-blobs', () => rival('b'))
    expect(job.status).toBe('succeeded')
    expect(lasting(await staged.contents()).items.filter(isCity)).toEqual(lasting(before).items.filter(isCity))
  })
})

describe('two restores at once', () => {
  it('of one model: the second is refused and told which job runs, the first goes on', async () => {
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

  it('of different models do not disturb each other', async () => {
    let second: RestoreJob | undefined
    staged.before('preflight', async () => {
      second = await staged.restore(archive, { models: ['memo'] })
    })
    const first = await staged.restore(archive, { models: ['city'] })
    expect([first.status, second?.status]).toEqual(['succeeded', 'succeeded'])
  })

  it('do not meet where one is a dry run', async () => {
    let second: RestoreJob | undefined
    const first = await restoreWhile('preflight', async () => {
      second = await staged.restore(archive, { dry_run: true })
    })
    expect([first.status, second?.status]).toEqual(['succeeded', 'succeeded'])
  })
})

describe('the leases', () => {
  it('are free after success, and after a failure before the first write', async () => {
    expect(await staged.restore(archive)).toMatchObject({ status: 'succeeded' })
    for (const model of MODELS) expect(await leaseOf(model)).toBe('free')
    expect(await staged.restore(archive, { on_duplicate: 'raise_error' })).toMatchObject({
      status: 'failed',
      error: { type: 'duplicates' },
    })
    for (const model of MODELS) expect(await leaseOf(model)).toBe('free')
  })

  it('drain after a failure past the first write', async () => {
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
