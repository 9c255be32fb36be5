import { setTimeout as sleep } from 'node:timers/promises'
import { ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import type { JobStatus } from '../../shared/jobs/job.ts'
import { PassResult, runPass } from '../../shared/jobs/pass.ts'
import type { Stage } from '../../shared/jobs/stage.ts'
import { JobCancelledError } from '../../shared/jobs/errors.ts'
import { nextPass, plannedItems, type PassOutput } from '../../shared/jobs/messages.ts'
import { LIMITS } from '../../shared/jobs/limits.ts'
import { dynamoDB } from '../../shared/runtime/clients.ts'
import type { Services } from '../../shared/runtime/services.ts'
import { callContext, withCallBudget } from '../../shared/throttling/call-context.ts'
import type { ThrottledAttempts } from '../../shared/throttling/throttled-calls.ts'
import { ThrottledError } from '../../shared/throttling/throttled-error.ts'
import { fakeService, THROTTLED } from '../throttling/fake-service.ts'

/** A job table with one job. It returns the results that passes keep. */
const tableOf = (job: {
  status: JobStatus
  reads: number
  fails?: boolean
  throttled?: ThrottledAttempts[]
}): Pick<Services, 'jobs' | 'limits'> => {
  const jobs = {
    getStatus: () => {
      job.reads += 1
      return job.fails === true && job.reads < 3 ? Promise.reject(new Error('throttled')) : Promise.resolve(job.status)
    },
    getResult: () => Promise.resolve(undefined),
    keepResult: (_job: string, _stage: string, _n: number, _pass: number, result: object) => Promise.resolve(result),
    throttled: {
      add: (_job: string, attempts: readonly ThrottledAttempts[]) => {
        job.throttled?.push(...attempts)
        return Promise.resolve()
      },
    },
  }
  return { jobs: jobs as unknown as Services['jobs'], limits: { ...LIMITS, watchMs: 5 } }
}

const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
const INPUT = { job_id: 'j', n: 0, pass: 0 }
const STAGE: Stage<PassResult> = { name: 'export-records', result: PassResult }

describe('the output of a pass', () => {
  const limits = { mapItems: 100 }
  const input = { job_id: 'j', n: 7, pass: 2, cursor: 'old', count: 208 }

  it('continues with the same map item until the item is done', () => {
    const output = nextPass(input, { done: false, cursor: 'next' }, limits)
    expect(output).toEqual({ job_id: 'j', n: 7, pass: 3, cursor: 'next', count: 208, more: true })
  })

  it('continues with another map item if there are more than a map may have', () => {
    const second = nextPass(input, { done: true }, limits)
    expect(second).toEqual({ job_id: 'j', n: 107, pass: 0, count: 208, more: true })
    const third = nextPass(second, { done: true }, limits)
    expect(third).toEqual({ job_id: 'j', n: 207, pass: 0, count: 208, more: true })
    expect(nextPass(third, { done: true }, limits)).toMatchObject({ n: 207, more: false })
  })

  it.each([[106], [107]])('ends after the last map item of %i', (count) => {
    expect(nextPass({ ...input, count }, { done: true }, limits)).toMatchObject({ n: 7, more: false })
  })

  it('ends if the number of map items is unknown', () => {
    expect(nextPass({ job_id: 'j', n: 7, pass: 0 }, { done: true }, { mapItems: 1 })).toEqual({
      job_id: 'j',
      n: 7,
      pass: 1,
      more: false,
    })
  })

  it('together with the plan reaches every map item once', () => {
    const { items, count } = plannedItems('j', 1_234, limits)
    expect(items).toHaveLength(100)
    const reached = items.flatMap((n) => {
      const chain: number[] = []
      for (let next: PassOutput = { job_id: 'j', n, pass: 0, count, more: true }; next.more;) {
        chain.push(next.n)
        next = nextPass(next, { done: true }, limits)
      }
      return chain
    })
    expect(reached.sort((a, b) => a - b)).toEqual(Array.from({ length: 1_234 }, (_, n) => n))
  })
})

describe('a pass', () => {
  it.each([false, true])(
    'stops at the next border after its job was cancelled (a read of the status failed before: %s)',
    async (fails) => {
      const job = { status: 'running' as JobStatus, reads: 0, fails }
      let borders = 0
      const pass = runPass(STAGE, INPUT, tableOf(job), async ({ timeIsUp }) => {
        for (; !timeIsUp(); borders++) {
          if (borders === 5) job.status = 'cancelled'
          await sleep(2)
        }
        return { done: false, cursor: 'never' }
      })
      await expect(pass).rejects.toThrow(JobCancelledError)
      expect(borders).toBeGreaterThan(5)
      const { reads } = job
      await sleep(30)
      expect(job.reads).toBe(reads)
    },
  )

  it('continues while its job is running', async () => {
    const job = { status: 'running' as JobStatus, reads: 0 }
    const output = await runPass(STAGE, INPUT, tableOf(job), async ({ timeIsUp }) => {
      await sleep(30)
      return { done: !timeIsUp() }
    })
    expect(output).toMatchObject({ more: false, pass: 1 })
    expect(job.reads).toBeGreaterThan(1)
  })

  it('does not wait for a throttled call after its job was cancelled, and stores that it was throttled', async () => {
    const throttled: ThrottledAttempts[] = []
    const client = dynamoDB({ region: 'eu-west-1', endpoint: 'http://localhost:1', credentials })
    fakeService(client, () => THROTTLED.dynamoDb)
    const job = { status: 'running' as JobStatus, reads: 0, throttled }
    const startedAt = performance.now()
    const pass = withCallBudget({ ms: 900_000 }, () =>
      runPass(STAGE, INPUT, tableOf(job), async () => {
        setTimeout(() => {
          job.status = 'cancelled'
        }, 100)
        await client.send(new ListTablesCommand())
        return { done: true }
      }),
    )
    await expect(pass).rejects.toThrow(JobCancelledError)
    expect(performance.now() - startedAt).toBeLessThan(30_000)
    expect(throttled).toMatchObject([{ by: 'DynamoDB', operation: 'ListTables' }])
  })

  it('stores its finished work if a call was throttled until its end, but fails after any other error', async () => {
    const error = new ThrottledError({ service: 'S3', operation: 'GetObject' }, 1_000, new Error('slow down'))
    const work = (thrown: Error) =>
      withCallBudget({ ms: 10, storeMs: 60_000 }, () =>
        runPass(STAGE, INPUT, tableOf({ status: 'running', reads: 0 }), ({ mustHandOver }) => {
          if (!mustHandOver(thrown)) return Promise.reject(thrown)
          expect(callContext().until - performance.now()).toBeGreaterThan(30_000)
          return Promise.resolve({ done: false, cursor: 'next' })
        }),
      )
    expect(await work(error)).toMatchObject({ more: true, cursor: 'next' })
    await expect(work(new Error('other'))).rejects.toThrow('other')
  })
})
